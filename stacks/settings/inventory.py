"""The user's settings for the inventory: accounts and regions whose interfaces are named, and geographic databases."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stacks.constructs.wheels import ROOT
from stacks.settings.allowed import list_of, setting, text

MOST_DATABASES = 2
"""One of cities or countries, one of networks. More say nothing that is written."""

REGION = text(r"[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}", "a region such as eu-west-1")


@dataclass(frozen=True)
class InventoryTarget:
    """Regions of another account, as a role of that account sees them; without regions, that which is deployed into."""

    role_arn: str = setting(
        text(
            r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}",
            "the ARN of a role such as arn:aws:iam::123456789012:role/flowsentry-inventory",
        )
    )
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    external_id: str = setting(text(r"[\w+=,.@:/-]{2,1224}", "2 to 1224 letters, digits and +=,.@:/-"), default="")
    regions: tuple[str, ...] = setting(list_of(REGION), default=())


def between_targets(targets: Sequence[InventoryTarget]) -> Iterator[str]:
    """What can't be between places: the same account and region seen by two roles."""
    ends = Counter((target.role_arn.split(":")[4], region) for target in targets for region in target.regions or ("",))
    for (account, region), times in ends.items():
        if times > 1:
            yield f"account {account}{f' and {region}' if region else ''} is named {times} times; allowed: once"


GEO_DATABASE = text(
    r"(?!s3:)[^\s,]+\.mmdb|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\s,*?$]{1,512}\.mmdb",
    "the address of an .mmdb object such as s3://my-bucket/GeoLite2-City.mmdb, or the path of an .mmdb file",
)


def between_databases(databases: Sequence[str]) -> Iterator[str]:
    """What can't be between databases; and a file that is not there."""
    if len(databases) > MOST_DATABASES:
        yield f"{len(databases)} are named; allowed: {MOST_DATABASES}"
    for each in databases:
        if not is_address(each) and not local_file(each).is_file():
            yield f"{each} is no file beside cdk.json; allowed: the path of a file that exists, or an s3:// address"


def is_address(database: str) -> bool:
    """Whether it is an object that exists already, and not a file to be deployed."""
    return database.startswith("s3://")


def local_file(database: str) -> Path:
    """Relative to cdk.json."""
    return ROOT / database


def bucket_and_key(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key
