"""Targets: the parameter that lists them, roles assumed on demand, and transit gateways shared by all."""

import json
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import boto3
import pytest

from flowsentry.aws import clients
from flowsentry.aws.inventory.region import NotPermittedError, RegionDiscovery
from flowsentry.aws.inventory.targets import (
    FRESH_SECONDS,
    RegionTarget,
    TargetClients,
    TransitGateways,
    parameter_text,
    region_discoveries,
    targets_in,
)
from flowsentry.inventory.inventory import Discovery
from flowsentry.settings import FunctionSettingsError
from tests.aws.inventory.described_region import ACCOUNT, NOW, VPC, Region
from tests.aws.inventory.stubbed_aws import failure
from tests.aws.inventory.test_networks import PEER, table, through, to, transit
from tests.moto_world import REGION

OTHER_ACCOUNT = "210987654321"
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/flowsentry-inventory"
KEYS = {"AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "secret", "SessionToken": "token"}


@dataclass
class FakeSession:
    """Creates clients that consist of their arguments; its STS returns credentials and records its calls."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    made: list[dict[str, Any]] = field(default_factory=list)

    def client(self, service: str, **made: Any) -> Any:
        self.made.append({"service": service, **made})
        return self if service == "sts" else made

    def assume_role(self, **arguments: Any) -> Any:
        self.calls.append(arguments)
        return {"Credentials": KEYS}


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


def test_a_target_is_an_account_and_a_region() -> None:
    assert RegionTarget(REGION).name(ACCOUNT) == f"{ACCOUNT}/{REGION}"
    assert RegionTarget("eu-west-1", ROLE).name(ACCOUNT) == f"{OTHER_ACCOUNT}/eu-west-1"


def test_a_role_is_assumed_with_its_external_id_and_its_credentials_are_used() -> None:
    session = FakeSession()
    connect = TargetClients(RegionTarget("eu-west-1", ROLE, "our-secret"), session, Lock())
    used = connect("ec2")
    (call,) = session.calls
    assert (call["RoleArn"], call["ExternalId"]) == (ROLE, "our-secret")
    assert call["RoleSessionName"] == "flowsentry-inventory"
    assert (used["region_name"], used["aws_session_token"]) == ("eu-west-1", "token")


def test_a_role_without_an_external_id_is_assumed_without_one() -> None:
    session = FakeSession()
    TargetClients(RegionTarget(REGION, ROLE), session, Lock())("ec2")
    assert "ExternalId" not in session.calls[0]


def test_a_client_is_created_once_and_the_own_account_needs_no_role() -> None:
    session = FakeSession()
    connect = TargetClients(RegionTarget(REGION), session, Lock())
    assert connect("ec2") is connect("ec2")
    assert session.calls == []
    assert [each["service"] for each in session.made] == ["ec2"]


def test_only_the_clients_of_ec2_and_the_latest_other_service_are_kept() -> None:
    session = FakeSession()
    connect = TargetClients(RegionTarget(REGION), session, Lock())
    for service in ("ec2", "rds", "rds", "lambda", "ec2", "rds"):
        connect(service)
    assert [each["service"] for each in session.made] == ["ec2", "rds", "lambda", "rds"]


def test_a_role_is_assumed_again_before_its_credentials_expire() -> None:
    session, clock = FakeSession(), Clock()
    connect = TargetClients(RegionTarget(REGION, ROLE), session, Lock(), clock)
    first = connect("ec2")
    clock.now += FRESH_SECONDS
    assert connect("ec2") is not first
    assert len(session.calls) == 2


def test_each_target_is_discovered_with_its_own_interfaces() -> None:
    vpc_ids = {
        region: boto3.client("ec2", region_name=region).create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        for region in (REGION, "eu-west-1")
    }
    sources = region_discoveries([RegionTarget(REGION), RegionTarget("eu-west-1")], ACCOUNT)
    for source, (region, vpc_id) in zip(sources, vpc_ids.items(), strict=True):
        found = source.discover()
        assert found.target == f"{ACCOUNT}/{region}"
        assert vpc_id in found.state.networks


def test_another_account_is_discovered_with_its_role() -> None:
    clients.ec2().create_vpc(CidrBlock="10.1.0.0/16")
    (source,) = region_discoveries([RegionTarget(REGION, ROLE)], ACCOUNT)
    found = source.discover()
    assert found.target == f"{OTHER_ACCOUNT}/{REGION}"
    assert "10.1.0.0/16" not in {blocks[0] for blocks in found.state.networks.values()}


def test_a_duplicate_target_is_discovered_once() -> None:
    assert len(region_discoveries([RegionTarget(REGION), RegionTarget(REGION)], ACCOUNT)) == 1


def test_a_role_that_can_not_be_assumed_affects_its_target_only() -> None:
    denied = Region()
    denied.aws.respond("sts", "assume_role", failure("AccessDenied", 403))
    sts = denied.aws("sts")

    class Denied(FakeSession):
        def client(self, service: str, **made: Any) -> Any:
            return sts if service == "sts" else super().client(service, **made)

    connect = TargetClients(RegionTarget(REGION, ROLE), Denied(), Lock())
    with pytest.raises(NotPermittedError, match="without sts:AssumeRole"):
        RegionDiscovery(f"{OTHER_ACCOUNT}/{REGION}", connect).discover()
    assert isinstance(Region().source.discover(), Discovery)


def test_routes_of_a_transit_gateway_of_another_target_are_known() -> None:
    hub, spoke = Region(), Region()
    transit(hub, through("10.2.0.0/16", ("vpc", PEER)))
    routes = table(to("10.0.0.0/8", TransitGatewayId="tgw-1"))
    spoke.aws.respond("ec2", "describe_route_tables", {"RouteTables": [routes]})
    beyond = TransitGateways([hub.source, spoke.source], Clock())
    found = RegionDiscovery(spoke.source.target, spoke.aws, lambda: NOW, beyond).discover()
    assert [route.vpc_id for route in found.state.routes[VPC][0]] == [PEER]


def test_transit_gateways_are_described_once_for_all_targets_and_again_after_5_minutes() -> None:
    hub, clock = Region(), Clock()
    transit(hub, through("10.2.0.0/16", ("vpc", PEER)))
    hub.aws.calls.clear()
    beyond = TransitGateways([hub.source], clock)
    assert beyond() == beyond()
    assert hub.aws.calls.count("ec2:SearchTransitGatewayRoutes") == 1
    clock.now += FRESH_SECONDS
    beyond()
    assert hub.aws.calls.count("ec2:SearchTransitGatewayRoutes") == 2


ROLE = "arn:aws:iam::210987654321:role/flowsentry-inventory"
NOTHING: dict[str, list[object]] = {"regions": [], "roles": [], "clusters": []}


def test_the_own_account_and_region_come_first_and_once() -> None:
    text = json.dumps({**NOTHING, "regions": ["eu-west-1", "eu-central-1"]})
    assert targets_in(text, "eu-central-1").targets == (RegionTarget("eu-central-1"), RegionTarget("eu-west-1"))


def test_each_region_of_a_role_is_a_target_and_without_regions_the_own_region() -> None:
    roles = [{"role_arn": ROLE, "external_id": "x", "regions": ["eu-west-1", "us-east-1"]}]
    roles += [{"role_arn": ROLE, "regions": []}]
    _, *targets = targets_in(json.dumps({**NOTHING, "roles": roles}), "eu-central-1").targets
    assert targets == [
        RegionTarget("eu-west-1", ROLE, "x"),
        RegionTarget("us-east-1", ROLE, "x"),
        RegionTarget("eu-central-1", ROLE),
    ]


def test_a_cluster_without_a_region_is_in_the_own_region() -> None:
    clusters = [{"name": "shop", "region": ""}, {"name": "labs", "region": "eu-west-1"}]
    found = targets_in(json.dumps({**NOTHING, "clusters": clusters}), "eu-central-1").clusters
    assert [each.target("123456789012") for each in found] == [
        "123456789012/eu-central-1/eks/shop",
        "123456789012/eu-west-1/eks/labs",
    ]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"regions":[],"roles":[{}],"clusters":[]}'])
def test_an_invalid_parameter_raises_settings_error(text: str) -> None:
    with pytest.raises(FunctionSettingsError, match="the targets parameter is invalid"):
        targets_in(text, "eu-central-1")


def test_the_parameter_is_read_each_time() -> None:
    for value in ("{}", "[]"):
        clients.ssm().put_parameter(Name="/targets", Value=value, Type="String", Overwrite=True)
        assert parameter_text("/targets", clients.ssm()) == value
