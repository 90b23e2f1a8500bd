"""The inventory snapshot in S3: conditional writes that lose no other writer's update, and reads by ETag."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from flowsentry.aws.cached_object import CachedObject
from flowsentry.aws.object_store import CONFLICT, DENIED, MISSING
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.aws.unreadable_objects import report_unreadable
from flowsentry.errors import RetryableError
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.snapshot import UnreadableSnapshotError, pack, unpack

MAX_TRIES = 5
"""Attempts of an update that another writer overtakes. More: longer runs while many write. Fewer: more runs that fail
and start again."""
REFRESH_SECONDS = 30.0
"""How long a snapshot is used without asking S3. Longer: a new interface stays unnamed longer. Shorter: a request for
nearly every CloudWatch payload, for a snapshot that changes every few minutes."""


@dataclass
class InventoryStore(CachedObject[Inventory]):
    """The snapshot: an empty inventory while the object is missing, or while no version was ever valid."""

    refresh_seconds = REFRESH_SECONDS
    invalid = UnreadableSnapshotError

    @property
    def name(self) -> str:
        return "the inventory"

    @property
    def is_missing(self) -> bool:
        """Whether the last reload found no valid snapshot, so that no address has a known owner."""
        return self.current is None or self.current.is_empty

    def parse(self, response: Mapping[str, Any]) -> Inventory:
        return unpack(response["Body"].read())

    def refused(self, error: ClientError) -> Inventory:
        """An empty inventory while the object is missing. Raises UnreadableSnapshotError for a denied one, which
        exists, because the roles may list the bucket: most likely its KMS key is not allowed any more.
        See https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html.
        """
        if code_of(error) in MISSING:
            return Inventory()
        if code_of(error) in DENIED:
            raise UnreadableSnapshotError(f"it can't be read: {error}") from error
        raise error

    def fallback(self, error: Exception) -> Inventory:  # noqa: ARG002 - reported as the problem
        return Inventory()

    def is_usable(self, current: Inventory) -> bool:
        return not current.is_empty

    def report(self, problem: str) -> None:
        report_unreadable("inventory", problem)

    def update(self, change: Callable[[Inventory], Inventory]) -> Inventory:
        """The inventory after `change` was applied to the stored one and written. When another writer was faster,
        `change` is applied again to what that writer stored, so that no update is lost. An invalid snapshot is
        replaced, starting from the last valid version that this process has read; one that may not be read is not.
        Raises RetryableError when S3 cannot be reached or denies the snapshot, or when other writers are faster
        MAX_TRIES times.
        """
        for _ in range(MAX_TRIES):
            stored = self.reload()
            if self.problem:
                self.report(self.problem)
                if self.etag is None:
                    raise RetryableError(self.problem)
            changed = change(stored)
            if self._is_written(changed):
                return changed
        raise RetryableError("other writers wrote the inventory first, each time")

    def _is_written(self, inventory: Inventory) -> bool:
        condition: dict[str, Any] = {"IfMatch": self.etag} if self.etag else {"IfNoneMatch": "*"}
        try:
            with retryable("write the inventory"):
                response = self.client.put_object(Bucket=self.bucket, Key=self.key, Body=pack(inventory), **condition)
        except ClientError as error:
            if code_of(error) not in CONFLICT:
                raise
            return False
        self.written(inventory, response["ETag"])
        return True
