"""The created company, as EC2 and the discovery describe it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.traffic.company.creation import create_company
from local.traffic.company.interfaces import SECONDS_ATTACHED
from local.traffic.company.network import WITHOUT_SECURITY_GROUP, Company, HostKind
from local.traffic.company.owners import CREATORS
from local.traffic.company.plan import OFFICE, PLANS, SHOP
from local.traffic.company.requesters import REQUESTERS
from tests.local.traffic.conftest import ACCOUNT, REGION, CreatedCompany, moto


def described(created: CreatedCompany, kind: HostKind) -> list[dict[str, Any]]:
    hosts = {host.interface_id for network in created.company.networks for host in network.of_kind(kind)}
    return [each for each in created.interfaces if each["NetworkInterfaceId"] in hosts]


@pytest.mark.parametrize(
    ("kind", "description", "interface_type", "requester"),
    [
        (HostKind.CLASSIC_LOAD_BALANCER, "ELB portal", "interface", "amazon-elb"),
        (HostKind.WAREHOUSE, "RedshiftNetworkInterface", "interface", "amazon-redshift"),
        (HostKind.CACHE, "ElastiCache orders-cache", "interface", "amazon-elasticache"),
        (HostKind.SEARCH_DOMAIN, "ES catalogue", "interface", "amazon-elasticsearch"),
        (HostKind.MOUNT_TARGET, "EFS mount target for fs-", "efs", "amazon-aws"),
        (HostKind.TASK, f"arn:aws:ecs:{REGION}:{ACCOUNT}:attachment/", "interface", "amazon-aws"),
        (HostKind.VPC_ENDPOINT, "VPC Endpoint Interface vpce-", "vpc_endpoint", "amazon-aws"),
        (
            HostKind.TRANSIT_GATEWAY,
            "Network Interface for Transit Gateway Attachment tgw-attach-",
            "transit_gateway",
            "amazon-aws",
        ),
        (HostKind.APPLICATION_LOAD_BALANCER, "ELB app/shop-front/", "interface", "amazon-elb"),
        (HostKind.NETWORK_LOAD_BALANCER, "ELB net/payments/", "network_load_balancer", "311518347841"),
        (HostKind.NAT_GATEWAY, "Interface for NAT Gateway nat-", "nat_gateway", "amazon-nat"),
        (HostKind.DATABASE, "RDSNetworkInterface", "interface", "amazon-rds"),
        (HostKind.FUNCTION, "AWS Lambda VPC ENI-", "lambda", "AROAEXAMPLEEXAMPLEEX:lambda"),
    ],
)
def test_interfaces_of_services_are_described_as_aws_describes_them(
    created: CreatedCompany, kind: HostKind, description: str, interface_type: str, requester: str
) -> None:
    interfaces = described(created, kind)
    assert interfaces
    for each in interfaces:
        assert each["Description"].startswith(description)
        assert (each["InterfaceType"], each["RequesterId"]) == (interface_type, requester)
        assert each["RequesterManaged"]


def test_every_owner_kind_except_the_instance_has_a_requester_and_a_creator() -> None:
    others = set(HostKind) - {HostKind.INSTANCE}
    assert set(REQUESTERS) == set(CREATORS) == others
    assert {host.kind for plan in PLANS for host in plan.hosts} == set(HostKind)


def test_the_discovery_finds_the_kind_and_name_of_every_owner(created: CreatedCompany) -> None:
    known = {each.interface_id: (each.owner_kind, each.owner_name) for each in created.discovery.interfaces}
    hosts = [host for network in created.company.networks for host in network.hosts]
    assert known == {host.interface_id: (host.kind, host.owner_name) for host in hosts}


def test_every_interface_was_attached_a_day_before(created: CreatedCompany) -> None:
    yesterday = datetime.now(UTC) - timedelta(seconds=SECONDS_ATTACHED)
    times = {each["Attachment"]["AttachTime"] for each in created.interfaces}
    assert all(abs(time - yesterday) < timedelta(minutes=10) for time in times)
    assert all(each.attached_at for each in created.discovery.interfaces)


def test_only_interfaces_of_functions_have_no_fixed_owner(created: CreatedCompany) -> None:
    shared = {each.owner_kind for each in created.discovery.interfaces if not each.has_fixed_owner}
    assert shared == {HostKind.FUNCTION}


def test_gateways_and_network_load_balancers_have_no_security_group(created: CreatedCompany) -> None:
    hosts = {host.interface_id: host for network in created.company.networks for host in network.hosts}
    for each in created.interfaces:
        host = hosts[each["NetworkInterfaceId"]]
        assert sorted(group["GroupId"] for group in each["Groups"]) == sorted(host.security_groups)
        assert bool(each["Groups"]) == (host.kind not in WITHOUT_SECURITY_GROUP)


def test_only_the_search_servers_group_restricts_outbound_traffic(created: CreatedCompany) -> None:
    ports = {group["GroupName"]: group["IpPermissionsEgress"] for group in created.groups}
    restricted = {name: rules for name, rules in ports.items() if rules[0]["IpProtocol"] != "-1"}
    assert set(restricted) == {"shop-search"}
    [rule] = restricted["shop-search"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)


def test_every_interface_belongs_to_a_host_and_has_the_planned_address(created: CreatedCompany) -> None:
    hosts = {host.interface_id: host for network in created.company.networks for host in network.hosts}
    assert set(hosts) == {each["NetworkInterfaceId"] for each in created.interfaces}
    for each in created.interfaces:
        host = hosts[each["NetworkInterfaceId"]]
        assert (each["PrivateIpAddress"], each["VpcId"]) == (host.address, host.vpc_id)
        assert each.get("Association", {}).get("PublicIp") == host.public_address


def test_hosts_are_in_their_networks_and_instances_have_ids(company: Company) -> None:
    for network in company.networks:
        assert all(network.contains(host.address) for host in network.hosts)
        assert all(host.instance_id for host in network.of_kind(HostKind.INSTANCE))


def test_the_ledgers_subnet_has_an_acl_of_its_own(created: CreatedCompany) -> None:
    ledger = created.company.network("office").host("ledger")
    acl = next(acl for acl in created.acls if ledger.subnet_id in {each["SubnetId"] for each in acl["Associations"]})
    denied = [each for each in acl["Entries"] if each["RuleAction"] == "deny" and each["RuleNumber"] < 100]
    assert [(each["CidrBlock"], each["PortRange"]["From"], each["Egress"]) for each in denied] == [
        ("10.20.0.0/23", 5432, False),
        ("10.20.10.14/32", 1024, True),
    ]


def test_networks_may_overlap() -> None:
    with moto() as client:
        company = create_company(client, [OFFICE, replace(SHOP, cidr=OFFICE.cidr)])
    addresses = [{host.address for host in network.hosts} for network in company.networks]
    assert addresses[0] & addresses[1]
