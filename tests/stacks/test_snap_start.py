"""SnapStart: off by default; where it is on, everything that invokes the function invokes the alias."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from stacks.settings.deployment import Deployment
from stacks.settings.reading import SettingsError
from tests.stacks.conftest import BUSY_VPC, OTHER_VPC, VPC, Synthesise
from tests.stacks.functions import PropertiesOf

SNAP_STARTED = ["stream_processor", "object_processor", "notifier"]
SOURCES = [
    {"vpc_ids": [VPC], "destination": "cloudwatch", "kinesis": False},
    {"vpc_ids": [BUSY_VPC], "destination": "cloudwatch", "kinesis": True, "group": "busy"},
    {"vpc_ids": [OTHER_VPC], "destination": "s3"},
]


@pytest.fixture(scope="module")
def made(synthesise: Synthesise) -> Mapping[str, Any]:
    template = synthesise({"sources": SOURCES, "snap_start": SNAP_STARTED})["Processing"]
    resources: Mapping[str, Any] = template["Resources"]
    return resources


def of(made: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in made.values() if each["Type"] == kind]


def test_without_the_setting_there_is_no_version_and_no_alias(properties_of: PropertiesOf) -> None:
    assert properties_of("AWS::Lambda::Version") == properties_of("AWS::Lambda::Alias") == {}
    assert all("SnapStart" not in each for each in properties_of("AWS::Lambda::Function").values())


def test_each_function_of_the_setting_has_a_version_with_the_alias_live(made: Mapping[str, Any]) -> None:
    started = [each for each in of(made, "AWS::Lambda::Function") if "SnapStart" in each]
    services = {each["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for each in started}
    assert services == set(SNAP_STARTED)
    assert [each["Name"] for each in of(made, "AWS::Lambda::Alias")] == ["live"] * 3
    assert len(of(made, "AWS::Lambda::Version")) == 3


def test_all_events_go_to_the_alias(made: Mapping[str, Any]) -> None:
    functions = {id_ for id_, each in made.items() if "SnapStart" in each["Properties"]}
    invoking = [
        *of(made, "AWS::Lambda::Permission"),
        *of(made, "AWS::Lambda::EventSourceMapping"),
        *of(made, "AWS::Logs::SubscriptionFilter"),
        *of(made, "AWS::Events::Rule"),
    ]
    named = [json.dumps(each) for each in invoking]
    assert not [each for each in named if any(f'"{id_}"' in each for id_ in functions)]
    assert sum("Live" in each for each in named) >= 8
    [failures] = of(made, "AWS::Lambda::EventInvokeConfig")
    assert failures["Qualifier"] == "live"


def test_another_table_or_bucket_makes_another_version(made: Mapping[str, Any]) -> None:
    for each in of(made, "AWS::Lambda::Version"):
        assert "findingstable" in json.dumps(each["Description"])
        assert "outputbucket" in json.dumps(each["Description"])


@pytest.mark.parametrize("python", ["3.12", "3.14"])
def test_snap_start_needs_python_3_12(python: str) -> None:
    given = {"sources": SOURCES, "snap_start": ["notifier"]}
    assert Deployment.from_context({"flowsentry": {**given, "python": python}}).snap_start == ("notifier",)
    with pytest.raises(SettingsError, match=r"snap_start is given and python is 3\.11; allowed: 3\.12 or newer"):
        Deployment.from_context({"flowsentry": {**given, "python": "3.11"}})
