"""The company in AWS, as EC2 describes it."""

from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from flowsentry.aws.inventory_source import InventorySource
from local.traffic.company import Company, HostKind
from local.traffic.founding import Clients, found
from local.traffic.plan import OFFICE, SHOP
from local.traffic.requesters import describe_all_in_moto, words_for
from tests.local.traffic.conftest import ACCOUNT, REGION, Founded


def clients() -> Clients:
    return Clients(
        boto3.client("ec2", region_name=REGION),
        boto3.client("elbv2", region_name=REGION),
        boto3.client("rds", region_name=REGION),
    )


def described(founded: Founded, kind: HostKind) -> list[dict[str, Any]]:
    hosts = {host.interface_id for network in founded.company.networks for host in network.of_kind(kind)}
    return [each for each in founded.interfaces if each["NetworkInterfaceId"] in hosts]


@pytest.mark.parametrize(
    ("kind", "description", "interface_type", "requester"),
    [
        (HostKind.APPLICATION_LOAD_BALANCER, "ELB app/shop-front/", "interface", "amazon-elb"),
        (HostKind.NETWORK_LOAD_BALANCER, "ELB net/payments/", "network_load_balancer", "311518347841"),
        (HostKind.NAT_GATEWAY, "Interface for NAT Gateway nat-", "nat_gateway", "amazon-nat"),
        (HostKind.DATABASE, "RDSNetworkInterface", "interface", "amazon-rds"),
        (HostKind.FUNCTION, "AWS Lambda VPC ENI-", "lambda", "AROAEXAMPLEEXAMPLEEX:lambda"),
    ],
)
def test_interfaces_of_services_are_described_as_aws_describes_them(
    founded: Founded, kind: HostKind, description: str, interface_type: str, requester: str
) -> None:
    interfaces = described(founded, kind)
    assert len(interfaces) >= 2
    for each in interfaces:
        assert each["Description"].startswith(description)
        assert (each["InterfaceType"], each["RequesterId"]) == (interface_type, requester)
        assert each["RequesterManaged"]


def test_the_inventory_knows_every_host_by_its_kind_and_the_instances_by_name(founded: Founded) -> None:
    known = {each.interface_id: each for each in founded.inventory.interfaces}
    for host in (host for network in founded.company.networks for host in network.hosts):
        assert known[host.interface_id].owner_kind == host.kind
        if host.kind is HostKind.INSTANCE:
            assert known[host.interface_id].owner_name == host.name


def test_descriptions_alone_tell_the_kinds_where_types_are_not_set() -> None:
    with mock_aws():
        made = clients()
        company = found(made)
        known = {each.interface_id: each for each in InventorySource(made.ec2, made.elbv2).describe().interfaces}
    for host in (host for network in company.networks for host in network.hosts):
        assert known[host.interface_id].owner_kind == host.kind


def test_every_interface_is_a_hosts_and_has_the_planned_address(founded: Founded) -> None:
    hosts = {host.interface_id: host for network in founded.company.networks for host in network.hosts}
    assert set(hosts) == {each["NetworkInterfaceId"] for each in founded.interfaces}
    for each in founded.interfaces:
        host = hosts[each["NetworkInterfaceId"]]
        assert (each["PrivateIpAddress"], each["VpcId"]) == (host.address, host.vpc_id)
        assert each.get("Association", {}).get("PublicIp") == host.public_address


def test_hosts_lie_in_their_networks_and_instances_have_ids(company: Company) -> None:
    for network in company.networks:
        assert all(network.contains(host.address) for host in network.hosts)
        assert all(host.instance_id for host in network.of_kind(HostKind.INSTANCE))


def test_the_ledgers_subnet_has_an_acl_of_its_own(founded: Founded) -> None:
    ledger = founded.company.network("office").host("ledger")
    acl = next(acl for acl in founded.acls if ledger.subnet_id in {each["SubnetId"] for each in acl["Associations"]})
    denied = [each for each in acl["Entries"] if each["RuleAction"] == "deny" and each["RuleNumber"] < 100]
    assert [(each["CidrBlock"], each["PortRange"]["From"], each["Egress"]) for each in denied] == [
        ("10.20.0.0/23", 5432, False)
    ]


def test_networks_may_overlap_and_types_may_be_set_afterwards() -> None:
    """For a moto server in another process nothing is described at once; one call there does it."""
    with mock_aws():
        company = found(clients(), [OFFICE, replace(SHOP, cidr=OFFICE.cidr)])
        ec2 = boto3.client("ec2", region_name=REGION)
        before = {each["InterfaceType"] for each in ec2.describe_network_interfaces()["NetworkInterfaces"]}
        count = describe_all_in_moto(ACCOUNT, REGION)
        after = {each["InterfaceType"] for each in ec2.describe_network_interfaces()["NetworkInterfaces"]}
    addresses = [{host.address for host in network.hosts} for network in company.networks]
    assert addresses[0] & addresses[1]
    assert before == {"interface"}
    assert after == {"interface", "nat_gateway", "network_load_balancer", "lambda"}
    assert count == sum(len(network.of_kind(*SERVICES)) for network in company.networks)


SERVICES = tuple(kind for kind in HostKind if kind is not HostKind.INSTANCE)


def test_an_interface_that_no_service_made_has_no_words() -> None:
    assert words_for("my own interface") is None
