"""Finding: what a detector found. It imports no polars, so that the notifier can use it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from typing import Any, Protocol, Self, TypeVar

from msgspec import field

from flowsentry.value import Value


class Severity(StrEnum):
    """HIGH and MEDIUM findings are one message each; LOW and BACKGROUND ones are in one digest for each window."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    BACKGROUND = "background"


class Audience(StrEnum):
    """The readers of a finding: those who must act (URGENT), or those who read it later (DIGEST)."""

    URGENT = "urgent"
    DIGEST = "digest"


class Finding(Value, frozen=True):
    """One finding. `id` is a hash of what never changes about it, so that the same finding found again has the same id.

    `subject` is the address, the /64 (of external IPv6) or the interface that it is about; `scope` its VPC, `public`,
    or `unknown`. Times are Unix seconds, from the records. `endpoints` is the number of distinct failed host:port pairs
    when it was raised. `details` depend on the kind: plain JSON, bounded by the detector. `thread` is the id without
    the day: the same for the same finding on other days. `suppressed_by` is the reason why no alert is sent.
    """

    id: str
    kind: str
    severity: Severity
    title: str
    subject: str
    scope: str
    first_seen: int
    last_seen: int
    endpoints: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)
    thread: str = ""
    suppressed_by: str = ""

    @property
    def audience(self) -> Audience:
        return Audience.URGENT if self.severity in (Severity.HIGH, Severity.MEDIUM) else Audience.DIGEST

    def to_json(self) -> str:
        return json.dumps({each.name: getattr(self, each.name) for each in fields(self)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        values = json.loads(text)
        return cls(**{**values, "severity": Severity(values["severity"])})


def finding_id(*parts: str) -> str:
    """A short stable hash of what identifies a finding: kind, scope, subject and day."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


class Identified(Protocol):
    """What says whether a finding is known: a finding, or a draft of one."""

    @property
    def id(self) -> str: ...

    @property
    def last_seen(self) -> int: ...


AnyIdentified = TypeVar("AnyIdentified", bound=Identified)


class FindingStore(Protocol):
    """Stores each finding once. Putting the same id again changes nothing."""

    def unknown(self, findings: Sequence[AnyIdentified]) -> list[AnyIdentified]:
        """Those that may be new, in the order given, from one read of all ids. Known findings need neither owners, an
        explanation nor a write; only `put_new` decides whether a finding is new. Raises RetryableError if the store
        can't be reached.
        """
        ...

    def put_new(self, findings: Sequence[Finding]) -> list[Finding]:
        """Stores findings and returns the new ones, in the order given. Raises RetryableError if the store can't be
        reached; putting all again is harmless.
        """
        ...

    def resolve(self, finding_ids: Sequence[str], note: str) -> None:
        """Resolves findings with a note, as `flowsentry findings resolve` does; unknown ids are ignored. Raises
        RetryableError as put_new does.
        """
        ...
