"""The company, created once per session in moto, and six hours of its traffic."""

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
from local.traffic.company.build_context import Client
from local.traffic.company.creation import create_company
from local.traffic.company.network import Company
from local.traffic.generation import Traffic, generate

ACCOUNT, REGION = "123456789012", "eu-west-1"
AFTERNOON = int(datetime(2026, 11, 19, 17, 0, 20, tzinfo=UTC).timestamp())


class CreatedCompany(NamedTuple):
    """The company, with its resources as AWS describes them."""

    company: Company
    discovery: Discovery
    interfaces: list[dict[str, Any]]
    acls: list[dict[str, Any]]
    groups: list[dict[str, Any]]


@contextmanager
def moto() -> Iterator[Client]:
    """An empty account in moto, with the APIs that the embedded AWS adds."""
    moto_patches.apply_all()
    try:
        with mock_aws():
            yield cache(lambda service: boto3.client(service, region_name=REGION))
    finally:
        moto_patches.restore_all()


@pytest.fixture(scope="session")
def created() -> CreatedCompany:
    with moto() as client:
        company, ec2 = create_company(client), client("ec2")
        return CreatedCompany(
            company,
            discovered(),
            ec2.describe_network_interfaces()["NetworkInterfaces"],
            ec2.describe_network_acls()["NetworkAcls"],
            ec2.describe_security_groups()["SecurityGroups"],
        )


def discovered() -> Discovery:
    """The account as the discovery function finds it."""
    return RegionDiscovery.of(boto3.Session(region_name=REGION), f"{ACCOUNT}/{REGION}").discover()


@pytest.fixture(scope="session")
def company(created: CreatedCompany) -> Company:
    return created.company


@pytest.fixture(scope="session")
def inventory(created: CreatedCompany) -> Inventory:
    """The company's inventory without a discovery time, so that it applies to traffic of any day."""
    found = created.discovery
    return Inventory.of(found.interfaces, found.state.networks, found.rules, found.state.routes)


@pytest.fixture(scope="session")
def traffic(company: Company) -> Traffic:
    return generate(company, AFTERNOON)
