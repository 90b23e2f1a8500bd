"""Log groups and buckets of the app are no existing ones, whatever others call theirs."""

import pytest

from stacks.settings.deployment import LOGICAL_IDS
from tests.stacks.conftest import Templates
from tests.stacks.test_deployment import read, refusal

SUFFIX = "0abcdef01234"
OF_OTHERS = ("prod-flow-logs-archive", "prod-flow-logs", "prod-state-backup", "prod-processing-logs-2026")


@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_bucket_of_others_may_be_named_like_a_stack(name: str) -> None:
    settings = {"name": "prod", "existing_buckets": [{"name": name}], "existing_log_groups": [{"name": name}]}
    assert read(settings).existing_buckets[0].name == name


def test_every_log_group_and_bucket_of_the_app_is_refused(templates: Templates) -> None:
    found = set()
    for purpose, stack in {"flow-logs": "FlowLogs", "state": "State", "processing": "Processing"}.items():
        for id_, each in templates[stack]["Resources"].items():
            name, kind = f"flowsentry-{purpose}-{id_}-{SUFFIX}", each["Type"]
            if kind == "AWS::S3::Bucket":
                assert "which this app created" in refusal({"existing_buckets": [{"name": name.lower()}]})
            elif kind == "AWS::Logs::LogGroup":
                assert "which this app created" in refusal({"existing_log_groups": [{"name": name}]})
            else:
                continue
            found |= {begins for _, begins in LOGICAL_IDS if id_.startswith(begins)}
    assert found == {begins for _, begins in LOGICAL_IDS} - {"EveryVpc"}


def test_a_bucket_whose_name_was_cut_is_refused_too() -> None:
    cut = f"{'a' * 30}-flow-logs-logbuc-{SUFFIX}"
    assert "which this app created" in refusal({"name": "a" * 30, "existing_buckets": [{"name": cut}]})
