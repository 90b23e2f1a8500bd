"""Writes the invented company and its inventory to this folder: making them in moto takes six seconds, reading none.

python -m tests.sample_company.write
"""

from functools import cache
from pathlib import Path

import boto3
from moto import mock_aws
from pydantic import TypeAdapter

from flowsentry.aws.inventory.region import RegionDiscovery
from flowsentry.inventory.inventory import Discovery, Inventory
from flowsentry.inventory.snapshot import pack
from local.aws import moto_patches
from local.traffic.company.creation import create_company
from local.traffic.company.network import Company

FOLDER = Path(__file__).parent
ACCOUNT, REGION = "123456789012", "eu-west-1"


def write() -> None:
    """Writes company.json and inventory.zip."""
    company, found = _made()
    inventory = Inventory.of(found.interfaces, found.state.networks, found.rules, found.state.routes)
    (FOLDER / "company.json").write_bytes(TypeAdapter(Company).dump_json(company, indent=1))
    (FOLDER / "inventory.zip").write_bytes(pack(inventory))


def _made() -> tuple[Company, Discovery]:
    moto_patches.apply_all()
    try:
        with mock_aws():
            company = create_company(cache(lambda service: boto3.client(service, region_name=REGION)))
            return company, RegionDiscovery.of(boto3.Session(region_name=REGION), f"{ACCOUNT}/{REGION}").discover()
    finally:
        moto_patches.restore_all()


if __name__ == "__main__":
    write()
