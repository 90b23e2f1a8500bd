"""The company, founded once in moto, and a day of its traffic."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import boto3
import pytest
from moto import mock_aws

from flowsentry.aws.inventory.region import RegionDiscovery
from flowsentry.inventory.inventory import Discovery, Inventory
from local.aws import moto_patches
from local.traffic.company.founding import found
from local.traffic.company.making import Client
from local.traffic.company.network import Company
from local.traffic.generation import Traffic, generate

ACCOUNT, REGION = "123456789012", "eu-west-1"
AFTERNOON = int(datetime(2026, 11, 19, 17, 0, 20, tzinfo=UTC).timestamp())


class Founded(NamedTuple):
    """The company, and what AWS says about it."""

    company: Company
    look: Discovery
    interfaces: list[dict[str, Any]]
    acls: list[dict[str, Any]]
    groups: list[dict[str, Any]]


@contextmanager
def moto() -> Iterator[Client]:
    """An empty account in moto with its gaps filled, as the embedded AWS is."""
    moto_patches.apply_all()
    try:
        with mock_aws():
            yield cache(lambda service: boto3.client(service, region_name=REGION))
    finally:
        moto_patches.restore_all()


@pytest.fixture(scope="session")
def founded() -> Founded:
    with moto() as client:
        company, ec2 = found(client), client("ec2")
        return Founded(
            company,
            described(),
            ec2.describe_network_interfaces()["NetworkInterfaces"],
            ec2.describe_network_acls()["NetworkAcls"],
            ec2.describe_security_groups()["SecurityGroups"],
        )


def described() -> Discovery:
    """The account as the inventory function sees it."""
    return RegionDiscovery.of(boto3.Session(region_name=REGION), f"{ACCOUNT}/{REGION}").look()


@pytest.fixture(scope="session")
def company(founded: Founded) -> Company:
    return founded.company


@pytest.fixture(scope="session")
def inventory(founded: Founded) -> Inventory:
    """The company as the inventory function sees it, at any time: these days are none of the account's."""
    look = founded.look
    return Inventory.of(look.interfaces, look.state.networks, look.rules, look.state.routes)


@pytest.fixture(scope="session")
def traffic(company: Company) -> Traffic:
    return generate(company, AFTERNOON)
