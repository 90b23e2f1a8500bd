"""Sources for regions of several accounts: roles are assumed when needed, and transit gateways are known to all."""

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
    sources_of,
)
from flowsentry.inventory.inventory import Discovery
from tests.aws.inventory.answering import failure
from tests.aws.inventory.described_region import ACCOUNT, NOW, VPC, Region
from tests.aws.inventory.test_networks import PEER, table, through, to, transit
from tests.moto_world import REGION

OTHER_ACCOUNT = "210987654321"
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/flowsentry-inventory"
KEYS = {"AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "secret", "SessionToken": "token"}


@dataclass
class FakeSession:
    """Makes clients that are what they were made with; STS's gives away keys, and remembers what it was asked."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    made: list[dict[str, Any]] = field(default_factory=list)

    def client(self, service: str, **made: Any) -> Any:
        self.made.append({"service": service, **made})
        return self if service == "sts" else made

    def assume_role(self, **asked: Any) -> Any:
        self.asked.append(asked)
        return {"Credentials": KEYS}


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


def test_a_place_is_an_account_and_a_region() -> None:
    assert RegionTarget(REGION).name(ACCOUNT) == f"{ACCOUNT}/{REGION}"
    assert RegionTarget("eu-west-1", ROLE).name(ACCOUNT) == f"{OTHER_ACCOUNT}/eu-west-1"


def test_a_role_is_assumed_with_its_external_id_and_its_keys_are_used() -> None:
    session = FakeSession()
    connect = TargetClients(RegionTarget("eu-west-1", ROLE, "our-secret"), session, Lock())
    used = connect("ec2")
    (asked,) = session.asked
    assert (asked["RoleArn"], asked["ExternalId"]) == (ROLE, "our-secret")
    assert asked["RoleSessionName"] == "flowsentry-inventory"
    assert (used["region_name"], used["aws_session_token"]) == ("eu-west-1", "token")


def test_a_role_without_an_external_id_is_assumed_without_one() -> None:
    session = FakeSession()
    TargetClients(RegionTarget(REGION, ROLE), session, Lock())("ec2")
    assert "ExternalId" not in session.asked[0]


def test_a_client_is_made_once_and_the_own_account_needs_no_role() -> None:
    session = FakeSession()
    connect = TargetClients(RegionTarget(REGION), session, Lock())
    assert connect("ec2") is connect("ec2")
    assert session.asked == []
    assert [each["service"] for each in session.made] == ["ec2"]


def test_of_many_services_clients_are_not_kept_but_ec2_s_is() -> None:
    session = FakeSession()
    connect = TargetClients(RegionTarget(REGION), session, Lock())
    for service in ("ec2", "rds", "rds", "lambda", "ec2", "rds"):
        connect(service)
    assert [each["service"] for each in session.made] == ["ec2", "rds", "lambda", "rds"]


def test_a_role_is_assumed_anew_before_its_keys_are_too_old() -> None:
    session, clock = FakeSession(), Clock()
    connect = TargetClients(RegionTarget(REGION, ROLE), session, Lock(), clock)
    first = connect("ec2")
    clock.now += FRESH_SECONDS
    assert connect("ec2") is not first
    assert len(session.asked) == 2


def test_each_place_is_seen_with_what_is_there() -> None:
    vpc_ids = {
        region: boto3.client("ec2", region_name=region).create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        for region in (REGION, "eu-west-1")
    }
    sources = sources_of([RegionTarget(REGION), RegionTarget("eu-west-1")], ACCOUNT)
    for source, (region, vpc_id) in zip(sources, vpc_ids.items(), strict=True):
        seen = source.look()
        assert seen.target == f"{ACCOUNT}/{region}"
        assert vpc_id in seen.target_state.networks


def test_another_account_is_seen_through_its_role() -> None:
    clients.ec2().create_vpc(CidrBlock="10.1.0.0/16")
    (source,) = sources_of([RegionTarget(REGION, ROLE)], ACCOUNT)
    seen = source.look()
    assert seen.target == f"{OTHER_ACCOUNT}/{REGION}"
    assert "10.1.0.0/16" not in {blocks[0] for blocks in seen.target_state.networks.values()}


def test_a_place_that_is_named_twice_is_looked_at_once() -> None:
    assert len(sources_of([RegionTarget(REGION), RegionTarget(REGION)], ACCOUNT)) == 1


def test_a_role_that_can_not_be_assumed_fails_its_own_place_alone() -> None:
    denied = Region()
    denied.aws.tell("sts", "assume_role", failure("AccessDenied", 403))
    sts = denied.aws("sts")

    class Denied(FakeSession):
        def client(self, service: str, **made: Any) -> Any:
            return sts if service == "sts" else super().client(service, **made)

    connect = TargetClients(RegionTarget(REGION, ROLE), Denied(), Lock())
    with pytest.raises(NotPermittedError, match="without sts:AssumeRole"):
        RegionDiscovery(f"{OTHER_ACCOUNT}/{REGION}", connect).look()
    assert isinstance(Region().source.look(), Discovery)


def test_the_ways_through_a_transit_gateway_of_another_account_are_known() -> None:
    hub, spoke = Region(), Region()
    transit(hub, through("10.2.0.0/16", ("vpc", PEER)))
    routes = table(to("10.0.0.0/8", TransitGatewayId="tgw-1"))
    spoke.aws.tell("ec2", "describe_route_tables", {"RouteTables": [routes]})
    beyond = TransitGateways([hub.source, spoke.source], Clock())
    seen = RegionDiscovery(spoke.source.target, spoke.aws, lambda: NOW, beyond).look()
    assert [route.vpc_id for route in seen.target_state.routes[VPC][0]] == [PEER]


def test_transit_gateways_are_described_once_for_all_places_and_again_after_a_while() -> None:
    hub, clock = Region(), Clock()
    transit(hub, through("10.2.0.0/16", ("vpc", PEER)))
    hub.aws.asked.clear()
    beyond = TransitGateways([hub.source], clock)
    assert beyond() == beyond()
    assert hub.aws.asked.count("ec2:SearchTransitGatewayRoutes") == 1
    clock.now += FRESH_SECONDS
    beyond()
    assert hub.aws.asked.count("ec2:SearchTransitGatewayRoutes") == 2
