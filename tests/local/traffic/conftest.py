"""The company, founded once in moto, and a day of its traffic."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

import boto3
import pytest
from moto import mock_aws

from flowsentry.aws.inventory_source import InventorySource
from flowsentry.ownership import Inventory
from local.traffic.company import Company
from local.traffic.founding import Clients, found
from local.traffic.generation import Traffic, generate
from local.traffic.requesters import describe_in_moto

ACCOUNT, REGION = "123456789012", "eu-west-1"
AFTERNOON = int(datetime(2026, 11, 19, 17, 0, 20, tzinfo=UTC).timestamp())


class Founded(NamedTuple):
    """The company, and what AWS says about it."""

    company: Company
    inventory: Inventory
    interfaces: list[dict[str, Any]]
    acls: list[dict[str, Any]]


@pytest.fixture(scope="session")
def founded() -> Founded:
    with mock_aws():
        ec2, elbv2, rds = (boto3.client(name, region_name=REGION) for name in ("ec2", "elbv2", "rds"))
        company = found(Clients(ec2, elbv2, rds), describe_as=describe_in_moto(ACCOUNT, REGION))
        inventory = InventorySource(ec2, elbv2).describe()
        interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
        return Founded(company, inventory, interfaces, ec2.describe_network_acls()["NetworkAcls"])


@pytest.fixture(scope="session")
def company(founded: Founded) -> Company:
    return founded.company


@pytest.fixture(scope="session")
def inventory(founded: Founded) -> Inventory:
    """The company as the inventory function sees it."""
    return founded.inventory


@pytest.fixture(scope="session")
def traffic(company: Company) -> Traffic:
    return generate(company, AFTERNOON)
