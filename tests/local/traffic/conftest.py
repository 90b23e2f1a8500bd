"""The company, founded once in moto, and a day of its traffic."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import boto3
import pytest
from moto import mock_aws

from flowsentry.ownership import Interface, Inventory
from local.traffic.company import Company, Host
from local.traffic.founding import Clients, found
from local.traffic.generation import Traffic, generate
from local.traffic.requesters import describe_in_moto

ACCOUNT, REGION = "123456789012", "eu-west-1"
AFTERNOON = int(datetime(2026, 11, 19, 17, 0, 20, tzinfo=UTC).timestamp())


class Founded(NamedTuple):
    """The company, and what EC2 says about its interfaces, rules and ACLs."""

    company: Company
    interfaces: list[dict[str, Any]]
    acls: list[dict[str, Any]]


@pytest.fixture(scope="session")
def founded() -> Founded:
    with mock_aws():
        ec2, elbv2, rds = (boto3.client(name, region_name=REGION) for name in ("ec2", "elbv2", "rds"))
        company = found(Clients(ec2, elbv2, rds), describe_as=describe_in_moto(ACCOUNT, REGION))
        interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
        return Founded(company, interfaces, ec2.describe_network_acls()["NetworkAcls"])


@pytest.fixture(scope="session")
def company(founded: Founded) -> Company:
    return founded.company


@pytest.fixture(scope="session")
def traffic(company: Company) -> Traffic:
    return generate(company, AFTERNOON)


@pytest.fixture(scope="session")
def inventory(company: Company) -> Inventory:
    """The company as the inventory function would describe it."""
    return inventory_of(company)


def inventory_of(company: Company) -> Inventory:
    hosts = [host for network in company.networks for host in network.hosts]
    networks = {network.vpc_id: (network.cidr,) for network in company.networks}
    return Inventory(AFTERNOON, tuple(_interfaces(hosts)), networks)


def _interfaces(hosts: Iterable[Host]) -> Iterable[Interface]:
    for host in hosts:
        yield Interface(
            interface_id=host.interface_id,
            vpc_id=host.vpc_id,
            subnet_id=host.subnet_id,
            availability_zone=host.availability_zone_id,
            addresses=(host.address,),
            public_addresses=(host.public_address,) if host.public_address else (),
            owner_kind=host.kind.value,
            owner_id=host.instance_id or host.interface_id,
            owner_name=host.name,
            security_groups=host.security_groups,
        )
