"""Where people and machines are told: what a channel is, and which there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from flowsentry.emit.alert_message import AlertMessage
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.finding import Finding


@dataclass(frozen=True, slots=True)
class Notification:
    """A message about one finding, which is then given, or about several."""

    message: AlertMessage
    finding: Finding | None = None
    found_at: int = 0


PASSING = ("Internal", "Throttl", "LimitExceeded")
"""Parts of the codes of what was not taken, and is when tried again."""


def refused(channel: str, answer: Mapping[str, Any]) -> RetryableError | PoisonError:
    """What to raise for an entry that a call, which succeeded, did not take: whether to try again its code says."""
    code, sentence = str(answer.get("ErrorCode", "")), str(answer.get("ErrorMessage", ""))
    if any(part in code for part in PASSING):
        return RetryableError(f"{channel} did not take it: {code}")
    return PoisonError(code or "refused", f"{channel} refused it: {code} {sentence}")


class Channel(Protocol):
    """One way to tell. Its name is kept with a finding until all channels have it, so it must not change."""

    @property
    def name(self) -> str: ...

    @property
    def may_refuse(self) -> bool:
        """Whether a finding that it refuses for good counts as told to it. One channel may not, the topic: what it
        refuses stays in the outbox.
        """
        ...

    def tell(self, notification: Notification) -> None:
        """Raises RetryableError when it can't be reached; PoisonError or ClientError when it refuses for good."""
        ...


@dataclass(frozen=True)
class Channels:
    """Whom urgent findings wake (`people`: flood control holds for them) and what records each (`machines`); and who
    gets the digest.
    """

    people: tuple[Channel, ...]
    machines: tuple[Channel, ...] = ()
    digest: tuple[Channel, ...] = ()

    @property
    def urgent_names(self) -> frozenset[str]:
        """Who must have an urgent finding before it leaves the outbox."""
        return frozenset(channel.name for channel in (*self.people, *self.machines))

    @property
    def digest_names(self) -> frozenset[str]:
        """Who must have a finding of the digest before it leaves the outbox."""
        return frozenset(channel.name for channel in self.digest)
