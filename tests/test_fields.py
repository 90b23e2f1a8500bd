"""The table of fields: what derives from it agrees with what AWS documents."""

import polars as pl
import pytest

from flowsentry.fields import (
    BY_NAME,
    DEFAULT_LOG_FORMAT,
    DEFAULT_NAMES,
    FIELDS,
    column_of,
    dtype_of,
    names_in_log_format,
    unknown_names,
)


def test_each_name_and_each_column_is_there_once() -> None:
    assert len(BY_NAME) == len(FIELDS) == len({field.column for field in FIELDS})


def test_the_default_format_is_the_fourteen_fields_in_the_order_that_aws_writes() -> None:
    assert " ".join(DEFAULT_NAMES) == (
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol "
        "packets bytes start end action log-status"
    )


def test_a_column_is_the_name_with_underscores() -> None:
    assert column_of("pkt-src-aws-service") == "pkt_src_aws_service"


def test_a_log_format_gives_back_its_names_in_order() -> None:
    assert names_in_log_format(DEFAULT_LOG_FORMAT) == DEFAULT_NAMES
    assert names_in_log_format("${srcport}") == ("srcport",)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "version",
        "${version} ",
        " ${version}",
        "${version}  ${srcport}",
        "${version},${srcport}",
        "${Version}",
        "${}",
        "${version} srcport",
    ],
)
def test_what_is_no_log_format_is_refused_with_its_text(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not") as refusal:
        names_in_log_format(wrong)
    assert repr(wrong) in str(refusal.value)


def test_a_log_format_that_names_a_field_twice_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="names srcport twice"):
        names_in_log_format("${srcport} ${version} ${srcport}")


def test_a_field_of_next_year_is_unknown_and_text() -> None:
    assert unknown_names(["version", "moon-phase", "srcport"]) == ("moon-phase",)
    assert dtype_of("moon-phase") == pl.Categorical()
