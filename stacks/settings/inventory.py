"""Settings for the inventory: which accounts, Regions and clusters it discovers, and geographic databases."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from flowsentry.settings import COOLDOWN_SECONDS
from stacks.settings.excerpts import cut
from stacks.settings.kubernetes import InventoryNetwork, KubernetesCluster, broken_rules_between_clusters
from stacks.settings.values import CONTROLS, NAMED_ONCE, Region, Section, named_bucket, repeated, together

ROOT = Path(__file__).parents[2]
RoleArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}$",
        title="the ARN of a role",
        examples=["arn:aws:iam::123456789012:role/flowsentry-inventory"],
    ),
]
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
ExternalId = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_+=,.@:/-]{2,1224}$", title="2 to 1224 letters, digits and +=,.@:/-")
]


def _database(text: str) -> str:
    if is_address(text):
        named_bucket(bucket_and_key(text)[0])
    return text


GeoDatabase = Annotated[
    str,
    Field(
        pattern=(
            rf"^([^\s,:{CONTROLS}]{{1,1000}}|"
            rf"s3://[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]/[^\s,*?${CONTROLS}]{{1,512}})\.mmdb$"
        ),
        title="the path of an .mmdb file or the address of an .mmdb object",
        examples=["s3://my-bucket/GeoLite2-City.mmdb"],
    ),
    AfterValidator(_database),
]


class InventoryTarget(Section):
    """Regions of another account, discovered with a role of that account."""

    role_arn: RoleArn
    """The ARN of the role."""
    external_id: ExternalId = ""
    """The external ID that the trust policy of the role requires."""
    regions: tuple[Region, ...] = ()
    """The Regions to discover: `["eu-central-1", "eu-west-1"]`; without it the Region that the app is deployed in."""


def broken_rules_between_targets(targets: Sequence[InventoryTarget]) -> Iterator[str]:
    """Targets that are named twice: the same account and Region with two roles."""
    pairs = ((target.role_arn.split(":")[4], region) for target in targets for region in target.regions or ("",))
    for (account, region), times in repeated(pairs).items():
        yield f"account {account}{f' and {region}' if region else ''} is named {times} times; allowed: once"


def missing_files(databases: Sequence[str]) -> Iterator[str]:
    """Databases that are neither the address of an object nor a file."""
    for each in databases:
        if not is_address(each) and not _is_file(local_file(each)):
            yield f"{cut(each)} is no file beside cdk.json; allowed: the path of a file, or an s3:// address"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for the file system
        return False


class OwnershipSettings(Section):
    """How the owners of network interfaces and addresses are identified."""

    inventory_minutes: int = Field(default=5, ge=1, le=60)
    """All owners of network interfaces are discovered again this often. Changes, and unknown interfaces, start a
    discovery sooner."""
    inventory_cooldown_seconds: int = Field(default=COOLDOWN_SECONDS, ge=1, le=900)
    """The shortest time between the starts of two discoveries of a target that changes ask for. Lower: new interfaces
    have an owner sooner, and autoscaling costs more describe calls. After a long discovery the cooldown is twice as
    long as the discovery."""
    inventory_retention_days: int = Field(default=7, ge=1, le=90)
    """Deleted owners are still named for this many days."""
    inventory_regions: Annotated[tuple[Region, ...], NAMED_ONCE] = ()
    """Other Regions of this account whose owners are discovered: `["eu-west-1"]`."""
    inventory_targets: Annotated[tuple[InventoryTarget, ...], together(broken_rules_between_targets)] = ()
    """Other accounts whose owners are discovered: [other accounts](#another-account)."""
    kubernetes_clusters: Annotated[tuple[KubernetesCluster, ...], together(broken_rules_between_clusters)] = ()
    """EKS clusters whose pods are named: [Kubernetes clusters](#a-kubernetes-cluster)."""
    inventory_network: InventoryNetwork | None = None
    """Subnets and security groups of the inventory function, for clusters with a private endpoint: [the
    network](#a-kubernetes-cluster)."""
    geo_databases: Annotated[tuple[GeoDatabase, ...], together(missing_files), NAMED_ONCE] = Field(
        default=(), max_length=2
    )
    """Databases in MaxMind's format with the location and the operator of addresses: [geographic
    databases](#geographic-databases)."""

    @property
    def targets_in(self) -> str:
        """The targets of the inventory beside the own account and Region, in JSON, as the function reads them."""
        roles = [each.model_dump() for each in self.inventory_targets]
        clusters = [{"name": each.name, "region": each.region} for each in self.kubernetes_clusters]
        return json.dumps({"regions": self.inventory_regions, "roles": roles, "clusters": clusters})


def is_address(database: str) -> bool:
    """Whether the database is an object that exists already, not a file to deploy."""
    return database.startswith("s3://")


def local_file(database: str) -> Path:
    """The path of a database; paths in the settings are relative to cdk.json."""
    return ROOT / database


def bucket_and_key(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key
