"""Edits of the sources of a deployed app: what CloudFormation adds, removes and changes, by its own update rules."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint.data.schemas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.settings.deployment import Deployment
from tests.stacks.edits import EDITS, LOGS, S3, Edit, Resources

by_edit = pytest.mark.parametrize("edit", EDITS.values(), ids=[*EDITS])
LISTS = {"~ /flowsentry/log-formats", "~ /flowsentry/flow-log-coverage"}
NAMES = {
    "AWS::Logs::LogGroup": "log group",
    "AWS::IAM::Role": "role",
    "AWS::Kinesis::Stream": "stream",
    "AWS::S3::Bucket": "log bucket",
}


@cache
def immutable(resource_type: str) -> frozenset[str]:
    """Properties whose change replaces a resource of this type, from AWS's schema of it."""
    folder = Path(cfnlint.data.schemas.__file__).parent
    schema = json.loads((folder / "providers" / "us-east-1.json").read_text())[resource_type]
    properties = json.loads((folder / "resources" / f"{schema}.json").read_text()).get("createOnlyProperties", ())
    return frozenset(each.split("/")[2] for each in properties)


def name_of(resource: Mapping[str, Any]) -> str:
    properties = resource["Properties"]
    if resource["Type"] == "AWS::EC2::FlowLog":
        return f"flow log of {properties['ResourceId']}"
    if resource["Type"] == "AWS::SSM::Parameter":
        return {"log-group-names": "log group name", "payload-stream-arn": "stream name"}.get(
            properties["Name"].split("/")[2], properties["Name"]
        )
    return NAMES.get(resource["Type"], resource["Type"])


def effects(before: Resources, after: Resources) -> set[str]:
    """What an update does, except for the parameters that list formats and flow logs, which are changed in place."""
    added = {f"+ {name_of(after[id_])}" for id_ in after.keys() - before.keys()}
    removed = {f"- {name_of(before[id_])}" for id_ in before.keys() - after.keys()}
    changed = {f"~ {name_of(after[id_])}" for id_ in after.keys() & before.keys() if after[id_] != before[id_]}
    return (added | removed | changed) - LISTS


def destination(resource: Mapping[str, Any]) -> tuple[str, str]:
    """What EC2 compares of two flow logs at least: the resource and the destination."""
    properties = resource["Properties"]
    where = properties.get("LogDestination") or properties.get("LogGroupName")
    return properties["ResourceId"], json.dumps(where)


def flow_logs(resources: Resources) -> Resources:
    return {id_: each for id_, each in resources.items() if each["Type"] == "AWS::EC2::FlowLog"}


@by_edit
def test_an_edit_does_what_it_must_and_nothing_else(edit: Edit) -> None:
    assert effects(*edit.resources()) == set(edit.effects)


@by_edit
def test_an_edit_without_effects_leaves_the_template_as_it_is(edit: Edit) -> None:
    before, after = edit.resources()
    assert (before == after) == (not edit.effects)


@by_edit
def test_undoing_an_edit_gives_the_same_template(edit: Edit) -> None:
    before, after = edit.resources()
    opposite = {"+": "-", "-": "+", "~": "~"}
    assert effects(after, before) == {f"{opposite[each[0]]}{each[1:]}" for each in edit.effects}


@by_edit
def test_no_edit_replaces_a_resource_under_its_logical_id(edit: Edit) -> None:
    """What a flow log is stands in its logical id; the rest of it, and of what keeps state, is changed in place."""
    before, after = edit.resources()
    for id_ in before.keys() & after.keys():
        old, new = before[id_]["Properties"], after[id_]["Properties"]
        changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
        assert changed & immutable(before[id_]["Type"]) == set(), id_


@by_edit
def test_no_edit_makes_a_flow_log_that_ec2_refuses(edit: Edit) -> None:
    """CloudFormation creates new flow logs before it deletes old ones: FlowLogAlreadyExists."""
    for before, after in (edit.resources(), edit.resources()[::-1]):
        existing = {destination(each) for each in flow_logs(before).values()}
        new = [destination(each) for id_, each in flow_logs(after).items() if id_ not in before]
        assert len({destination(each) for each in flow_logs(after).values()}) == len(flow_logs(after))
        assert existing.isdisjoint(new)


@by_edit
def test_no_edit_takes_away_what_records_in_transit_need(edit: Edit) -> None:
    """Queue, notifications, and the policies with which the flow log that is being deleted still delivers."""
    before, after = edit.resources()
    for id_, old in before.items():
        match old["Type"]:
            case "AWS::S3::Bucket":
                notices = "NotificationConfiguration"
                assert after[id_]["Properties"][notices] == old["Properties"][notices]
            case "AWS::SQS::Queue" | "AWS::SQS::QueuePolicy" | "AWS::S3::BucketPolicy":
                assert after[id_] == old
            case "AWS::IAM::Role" if id_ in after:
                assert after[id_] == old
            case "AWS::Logs::LogGroup":
                assert (old["DeletionPolicy"], old["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


SETTINGS: Sequence[Mapping[str, Any]] = (
    LOGS,
    S3,
    {**LOGS, "log_format": "default"},
    {**LOGS, "traffic_type": "REJECT"},
    {**S3, "file_format": "parquet"},
    {**S3, "group": "apart", "retention_days": 7},
)
RESOURCES = ([f"vpc-0000000{number}" for number in range(8)], [f"subnet-0000000{number}" for number in range(4)])


@st.composite
def wanted_flow_logs(draw: Callable[..., Any]) -> dict[str, int]:
    """{resource: index of its settings}."""
    resources = draw(st.lists(st.sampled_from([*RESOURCES[0], *RESOURCES[1]]), min_size=1, unique=True))
    return {each: draw(st.integers(0, len(SETTINGS) - 1)) for each in resources}


def sources_of(wanted: Mapping[str, int], chance: random.Random) -> list[dict[str, Any]]:
    """Sources, in any order and of any size, that ask for these flow logs."""
    sources: list[dict[str, Any]] = []
    for resource in chance.sample(sorted(wanted), len(wanted)):
        key = "vpc_ids" if resource.startswith("vpc-") else "subnet_ids"
        alike = [each for each in sources if each["settings"] == wanted[resource]]
        if not alike or chance.random() < 0.5:
            alike = [{"settings": wanted[resource], "vpc_ids": [], "subnet_ids": [], "name": f"s{len(sources)}"}]
            sources += alike
        chance.choice(alike)[key].append(resource)
    return [{**SETTINGS[each.pop("settings")], **each} for each in chance.sample(sources, len(sources))]


@given(wanted=wanted_flow_logs(), first=st.integers(0, 1000), second=st.integers(0, 1000))
def test_the_same_flow_logs_have_the_same_ids_however_sources_state_them(
    wanted: dict[str, int], first: int, second: int
) -> None:
    one, other = (
        Deployment.from_context({"flowsentry": {"sources": sources_of(wanted, random.Random(seed))}})  # noqa: S311
        for seed in (first, second)
    )
    assert [each.id for each in one.flow_logs] == [each.id for each in other.flow_logs]
    assert list(one.handlings.items()) == list(other.handlings.items())
    assert list(one.log_groups.items()) == list(other.log_groups.items())
