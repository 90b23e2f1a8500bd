"""Finding: what was seen, about whom, and how loud it is. No polars here: the notifier imports this alone."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol, Self


class Severity(StrEnum):
    """How loud a finding is. HIGH and MEDIUM are a message each; LOW and BACKGROUND are in one digest per window."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    BACKGROUND = "background"


class Audience(StrEnum):
    """Who is told: whoever must act, or whoever reads up on it later."""

    URGENT = "urgent"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth telling. `id` is made of what never changes about it, so that finding it again changes nothing.

    `subject` is the address, the /64 (of IPv6 outside) or the interface it is about; `scope` its VPC, `public`, or
    `unknown`. Times are Unix seconds, taken from the records. `endpoints` counts the distinct failed host:port pairs
    when raised. `details` are the kind's own words: plain JSON, bounded by the detector. `thread` is the id without the
    day: the same for its like on other days. `suppressed_by` is the reason why nobody is told of it.
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
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        values = json.loads(text)
        return cls(**{**values, "severity": Severity(values["severity"])})


def finding_id(*what: str) -> str:
    """A short stable id of what a finding is about: family, scope, subject and day."""
    return hashlib.blake2b("\x1f".join(what).encode(), digest_size=12).hexdigest()


class FindingStore(Protocol):
    """Where findings are put once. Putting the same id again changes nothing."""

    def unknown(self, findings: Sequence[Finding]) -> list[Finding]:
        """Those that putting might find to be new, in the order given. A look at all of them at once, so that what is
        known already is neither explained nor put again; whether one is new is for `put_new` to say. Raises
        RetryableError when the store can't be reached.
        """
        ...

    def put_new(self, findings: Sequence[Finding]) -> list[Finding]:
        """Those that were not there before, in the order given. Raises RetryableError when the store can't be reached;
        putting all again is harmless.
        """
        ...

    def resolve(self, finding_ids: Sequence[str], note: str) -> None:
        """Lets findings stand as resolved, with a note, as when a person says it; ids that are not there are left out.
        Raises RetryableError as put_new does.
        """
        ...
