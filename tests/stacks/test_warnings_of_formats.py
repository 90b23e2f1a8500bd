"""What synth says of formats that leave out fields."""

import pytest

from flowsentry.records.fields import DEFAULT_LOG_FORMAT, column_of, names_in_log_format
from flowsentry.records.missing_fields import missing_fields
from stacks.settings.flow_logs import missing_fields_of
from stacks.settings.logged.formats import log_format_of
from tests.stacks.test_deployment import SOURCE, VPC, read


@pytest.mark.parametrize("name", ["default", "v3", "v5", "v11"])
def test_a_format_with_a_name_has_what_findings_need(name: str) -> None:
    assert list(missing_fields_of(read({"sources": [{**SOURCE, "log_format": name}]}))) == []
    names = names_in_log_format(log_format_of(name, of_gateway=False))
    meanings = [each.meaning for each in missing_fields([column_of(each) for each in names])]
    assert not any("no findings" in each for each in meanings)


def test_a_format_of_fields_is_named_with_what_replay_says_of_it() -> None:
    fields = [name for name in names_in_log_format(DEFAULT_LOG_FORMAT) if name != "start"]
    form = " ".join(f"${{{name}}}" for name in fields)
    settings = {
        "sources": [{**SOURCE, "log_format": form}],
        "existing_log_groups": [{"name": "/g", "log_formats": [form]}],
    }
    ((of_source, first), (of_group, _)) = missing_fields_of(read(settings))
    assert (of_source, of_group) == (f"source {VPC}", "/g")
    assert first.startswith("missing start: the time is unknown: no traffic metrics, no contacts and no findings; ")
