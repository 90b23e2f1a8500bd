"""Log formats: known, looked up again, or refused; never guessed."""

import pytest

from flowsentry.aws import clients
from flowsentry.aws.log_formats import LogFormats
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.fields import DEFAULT_LOG_FORMAT
from tests.moto_world import LOG_FORMATS_PARAMETER, LOG_GROUP, make_log_formats


def formats() -> LogFormats:
    return LogFormats(LOG_FORMATS_PARAMETER, clients.ssm())


def test_a_group_has_its_format() -> None:
    make_log_formats()
    assert formats().of(LOG_GROUP) == DEFAULT_LOG_FORMAT


def test_a_group_without_a_format_is_poison_that_says_what_to_do() -> None:
    make_log_formats()
    with pytest.raises(PoisonError, match="add it, then redrive") as poison:
        formats().of("/other/group")
    assert poison.value.reason == "unknown-log-group"
    assert "'/other/group'" in str(poison.value)


def test_a_group_added_since_is_found_at_once() -> None:
    make_log_formats({})
    known = formats()
    with pytest.raises(PoisonError):
        known.of(LOG_GROUP)
    make_log_formats()
    assert known.of(LOG_GROUP) == DEFAULT_LOG_FORMAT


@pytest.mark.parametrize("value", [None, "no json"])
def test_a_parameter_that_can_not_be_read_is_to_be_retried(value: str | None) -> None:
    if value:
        clients.ssm().put_parameter(Name=LOG_FORMATS_PARAMETER, Value=value, Type="String")
    with pytest.raises(RetryableError, match="could not read log formats from /flowsentry/log-formats"):
        formats().of(LOG_GROUP)
