"""Where people and machines are told: what a channel is, and which there are."""

from dataclasses import dataclass
from typing import Protocol

from flowsentry.emit.alert_message import AlertMessage
from flowsentry.findings import Finding


@dataclass(frozen=True, slots=True)
class Telling:
    """A message about one finding, which is then given, or about several."""

    message: AlertMessage
    finding: Finding | None = None
    found_at: int = 0


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

    def tell(self, telling: Telling) -> None:
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
