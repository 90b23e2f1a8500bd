"""The places to look at, as they stand in the parameter."""

import json

import pytest

from flowsentry.aws import clients
from flowsentry.aws.inventory.targets import RegionTarget
from flowsentry.aws.inventory.targets_parameter import parameter_text, targets_in
from flowsentry.settings import SettingsError

ROLE = "arn:aws:iam::210987654321:role/flowsentry-inventory"
NOTHING: dict[str, list[object]] = {"regions": [], "roles": [], "clusters": []}


def test_the_own_account_and_region_come_first_and_once() -> None:
    text = json.dumps({**NOTHING, "regions": ["eu-west-1", "eu-central-1"]})
    assert targets_in(text, "eu-central-1").targets == (RegionTarget("eu-central-1"), RegionTarget("eu-west-1"))


def test_each_region_of_a_role_is_a_place_and_without_regions_the_own_is() -> None:
    roles = [{"role_arn": ROLE, "external_id": "x", "regions": ["eu-west-1", "us-east-1"]}]
    roles += [{"role_arn": ROLE, "regions": []}]
    _, *targets = targets_in(json.dumps({**NOTHING, "roles": roles}), "eu-central-1").targets
    assert targets == [
        RegionTarget("eu-west-1", ROLE, "x"),
        RegionTarget("us-east-1", ROLE, "x"),
        RegionTarget("eu-central-1", ROLE),
    ]


def test_a_cluster_is_in_its_region_or_in_the_own() -> None:
    clusters = [{"name": "shop", "region": ""}, {"name": "labs", "region": "eu-west-1"}]
    told = targets_in(json.dumps({**NOTHING, "clusters": clusters}), "eu-central-1").clusters
    assert [each.target("123456789012") for each in told] == [
        "123456789012/eu-central-1/eks/shop",
        "123456789012/eu-west-1/eks/labs",
    ]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"regions":[],"roles":[{}],"clusters":[]}'])
def test_a_parameter_that_was_written_by_hand_is_refused_in_words(text: str) -> None:
    with pytest.raises(SettingsError, match="the parameter of places can't be read"):
        targets_in(text, "eu-central-1")


def test_the_parameter_is_read_anew_each_time() -> None:
    for value in ("{}", "[]"):
        clients.ssm().put_parameter(Name="/places", Value=value, Type="String", Overwrite=True)
        assert parameter_text("/places", clients.ssm()) == value
