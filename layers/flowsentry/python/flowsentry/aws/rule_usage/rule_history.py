"""The rules in force in each quarter of a day: from the versions that S3 keeps of the inventory snapshot."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from flowsentry.aws.service_errors import retryable
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.inventory import SECONDS_A_DAY, Inventory
from flowsentry.inventory.snapshot import UnreadableSnapshotError, unpack
from flowsentry.telemetry import logger
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

QUARTER_SECONDS = SECONDS_A_DAY // 4
"""A change of rules counts from the begin of the quarter of a day in which it was discovered. Shorter: more snapshots
of a large inventory in memory at once. Longer: more records are compared with rules that came later."""


class Version(NamedTuple):
    """A version of the snapshot, and the Unix second at which it was written."""

    id: str
    written_at: int


class Period(NamedTuple):
    """A time (Unix s, without its end) and the inventory with the rules that were in force in it."""

    starts_at: int
    ends_at: int
    inventory: Inventory


class RuleHistory(Value, frozen=True):
    """The versions of one snapshot."""

    bucket: str
    key: str
    client: "S3Client"

    def periods(self, day_start: int) -> list[Period]:
        """The periods of a day, in order; quarters with the same rules are one. Of a quarter without a version the last
        one before it counts, and before the first version that one. None if there is no version that can be read.

        Raises RetryableError when S3 cannot be reached.
        """
        versions = sorted(self._versions(), key=attrgetter("written_at"))
        known: dict[str, Inventory | None] = {}
        found: list[Period] = []
        for starts_at in range(day_start, day_start + SECONDS_A_DAY, QUARTER_SECONDS):
            version = _in_force(versions, starts_at + QUARTER_SECONDS)
            if version and version.id not in known:
                known[version.id] = self._inventory(version)
            inventory = known.get(version.id) if version else None
            if inventory is not None and not inventory.is_empty:
                found.append(Period(starts_at, starts_at + QUARTER_SECONDS, inventory))
        return list(_joined(found))

    def _versions(self) -> Iterator[Version]:
        pages = self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=self.key)
        with retryable("list the versions of the inventory"):
            for page in pages:
                for each in page.get("Versions", ()):
                    if each["Key"] == self.key:
                        yield Version(each["VersionId"], int(each["LastModified"].timestamp()))

    def _inventory(self, version: Version) -> Inventory | None:
        with retryable("read a version of the inventory"):
            answer = self.client.get_object(Bucket=self.bucket, Key=self.key, VersionId=version.id)
            data = answer["Body"].read()
        try:
            return unpack(data)
        except UnreadableSnapshotError as error:
            logger().warning("a version of the inventory is left out", version=version.id, reason=str(error))
            return None


def _in_force(versions: Sequence[Version], until: int) -> Version | None:
    """The last version before this second, else the first one."""
    before = [each for each in versions if each.written_at < until]
    return before[-1] if before else next(iter(versions), None)


def _joined(periods: Sequence[Period]) -> Iterator[Period]:
    """The periods; neighbours with the same rules and the same security groups of interfaces as one. Its inventory is
    the later one, which has the interfaces of the earlier one too: those that are gone stay in it for days.
    """
    waiting: Period | None = None
    for period in periods:
        if waiting and _are_alike(waiting.inventory, period.inventory):
            waiting = period._replace(starts_at=waiting.starts_at)
        else:
            if waiting:
                yield waiting
            waiting = period
    if waiting:
        yield waiting


def _are_alike(one: Inventory, other: Inventory) -> bool:
    return one is other or (_undated(one.rules) == _undated(other.rules) and _have_same_groups(one, other))


def _undated(rules: Rules) -> Rules:
    return replace(rules, taken_at=0)


def _have_same_groups(one: Inventory, other: Inventory) -> bool:
    """Whether the interfaces that both have are in the same security groups and subnets."""
    columns = ("interface_id", "security_groups", "subnet_id")
    ours, theirs = (
        each.assignments.filter("is_primary").select(columns).unique("interface_id") for each in (one, other)
    )
    both = ours.join(theirs, on="interface_id", suffix="_later")
    return both.filter(
        (both["security_groups"] != both["security_groups_later"]) | (both["subnet_id"] != both["subnet_id_later"])
    ).is_empty()
