"""The inventory snapshot in S3: written on condition that nobody else wrote meanwhile; readers refresh by ETag."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flowsentry.aws.object_store import CONFLICT, DENIED, MISSING, NOT_MODIFIED
from flowsentry.aws.service_errors import code_of, retryable, status_of
from flowsentry.aws.unreadable_objects import tell_unreadable
from flowsentry.errors import RetryableError
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.snapshot import UnreadableSnapshotError, pack, unpack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_TRIES = 5
"""Of an update that another writer overtakes. More: longer runs where many write. Fewer: more runs that begin anew."""
REFRESH_SECONDS = 30.0
"""How long a snapshot is used without asking S3. Longer: a new interface stays unnamed longer. Shorter: a request for
nearly every CloudWatch payload, for a snapshot that changes every few minutes."""


@dataclass
class InventoryStore:
    """Holds the snapshot last read in memory; `load` gives the same object again until the stored one changes."""

    bucket: str
    key: str
    client: "S3Client"
    clock: Callable[[], float] = time.monotonic
    _inventory: Inventory = field(default_factory=Inventory, init=False)
    _etag: str | None = field(default=None, init=False)
    _trouble: str = field(default="", init=False)
    _fresh_until: float = field(default=float("-inf"), init=False)

    @property
    def is_missing(self) -> bool:
        """Whether there was no snapshot at the last look, or none that can be read: nobody can be named."""
        return self._inventory.is_empty

    def load(self) -> Inventory:
        """The snapshot, at most REFRESH_SECONDS old; an empty inventory while there is none. One that can't be read is
        told at each look, and the last good one holds, or an empty one. Raises RetryableError when S3 can't be reached
        and nothing was read before; else what was read before is good enough.
        """
        if self.clock() < self._fresh_until:
            return self._inventory
        try:
            with retryable("read the inventory"):
                self._refresh()
        except RetryableError:
            if self.is_missing:
                raise
        self._fresh_until = self.clock() + REFRESH_SECONDS
        return self._inventory

    def update(self, change: Callable[[Inventory], Inventory]) -> Inventory:
        """The inventory after a change of the stored one: when another writer was faster, the change is made again, to
        what that one wrote, so that no update is lost. A stored one that can't be read is written anew, from the last
        good one that is known. Raises RetryableError when others always are faster.
        """
        for _ in range(MAX_TRIES):
            with retryable("read the inventory"):
                self._refresh()
            changed = change(self._inventory)
            if self._is_written(changed):
                return changed
        raise RetryableError("another inventory was written meanwhile, each time")

    def _is_written(self, inventory: Inventory) -> bool:
        condition: dict[str, Any] = {"IfMatch": self._etag} if self._etag else {"IfNoneMatch": "*"}
        try:
            with retryable("write the inventory"):
                answer = self.client.put_object(Bucket=self.bucket, Key=self.key, Body=pack(inventory), **condition)
        except ClientError as error:
            if code_of(error) not in CONFLICT:
                raise
            return False
        self._inventory, self._etag, self._trouble = inventory, answer["ETag"], ""
        return True

    def _refresh(self) -> None:
        condition: dict[str, Any] = {"IfNoneMatch": self._etag} if self._etag else {}
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.key, **condition)
            data = answer["Body"].read()
            self._etag = answer["ETag"]
            self._keep(data)
        except ClientError as error:
            if code_of(error) in MISSING | DENIED:  # S3 denies a missing object to who may not list the bucket
                self._inventory, self._etag, self._trouble = Inventory(), None, ""
            elif status_of(error) != NOT_MODIFIED:
                raise
        if self._trouble:
            tell_unreadable("inventory", self._trouble)

    def _keep(self, data: bytes) -> None:
        """The inventory in a snapshot; the last good one for bytes that are none."""
        try:
            self._inventory, self._trouble = unpack(data), ""
        except UnreadableSnapshotError as error:
            self._trouble = str(error)
