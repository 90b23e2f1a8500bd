"""Parts of a batch of CloudWatch Logs payloads: consecutive payloads that are processed together, grouped by their log
format and owner account.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import Struct, field

from flowsentry.aws.ingest.source_groups import ProcessedGroup, SourceGroup
from flowsentry.errors import PoisonError
from flowsentry.frames import LogText, MixedText, SmallSource, Subscription
from flowsentry.records.flow_logs import LogStream
from flowsentry.records.object_key import Origin

KINESIS = "aws:kinesis"
"""The event source of records of a Kinesis data stream."""


class Delivered(NamedTuple):
    """A payload as base64, with a name that is the same each time it is delivered; empty where its content names it."""

    name: str
    data: str


class Refused(NamedTuple):
    """A payload that no retry can help: its position in the batch, its base64, and why."""

    position: int
    data: str
    error: PoisonError


class _Member(NamedTuple):
    """A payload of a group."""

    delivered: Delivered
    position: int
    source: SmallSource
    log_stream: LogStream


class PayloadPart(Struct):
    """Decoded payloads of a batch, from position `first` to before `end`."""

    first: int
    end: int
    text_bytes: int = 0
    control_messages: int = 0
    refused: list[Refused] = field(default_factory=list)
    _members: dict[tuple[Any, str], list[_Member]] = field(default_factory=dict)

    @classmethod
    def starting_at(cls, position: int) -> "PayloadPart":
        """A part without payloads."""
        return cls(position, position)

    def add(self, payload: Subscription, text: LogText | MixedText, given: Delivered) -> None:
        """Adds the payload at position `end`. The account that owns the log group and the format decide its group."""
        form = text.names if isinstance(text, LogText) else text.formats
        source = SmallSource(source_of(payload), (text,))
        member = _Member(given, self.end, source, LogStream(payload.log_group, payload.log_stream))
        self._members.setdefault((form, payload.owner), []).append(member)
        self.text_bytes += len(payload.text)

    def refuse(self, given: Delivered, error: PoisonError) -> None:
        """Adds the payload at position `end` as one that no retry can help."""
        self.refused.append(Refused(self.end, given.data, error))

    def groups(self, region: str | None) -> list[SourceGroup]:
        """The payloads by group. A group is named after its first payload: where Lambda halves a batch that failed,
        the first half writes the file of the whole again, and the second one a file of its own.
        """
        return [
            SourceGroup(
                members[0].delivered.name or members[0].source.name,
                Origin(owner, region),
                [member.source for member in members],
                [member.log_stream for member in members],
            )
            for (_, owner), members in self._members.items()
        ]

    def unreadable(self, processed: Sequence[ProcessedGroup]) -> list[Refused]:
        """The payloads of these groups, in the order of `groups`, that are unreadable."""
        members = (member for group in self._members.values() for member in group)
        each = (source for group in processed for source in group.each)
        return [
            Refused(member.position, member.delivered.data, source.damage)
            for member, source in zip(members, each, strict=True)
            if source.damage
        ]

    def members(self) -> list[Delivered]:
        """The payloads in groups."""
        return [member.delivered for group in self._members.values() for member in group]


def is_from_stream(event: Any) -> bool:
    """Whether an event is a batch of records of a Kinesis data stream."""
    try:
        return bool(event["Records"][0]["eventSource"] == KINESIS)
    except (KeyError, IndexError, TypeError):
        return False


def delivered(event: Any) -> list[Delivered]:
    """The payloads of an event in order: one of a subscription, or one for each record of a stream. Raises PoisonError
    for an event of any other service.

    CloudWatch Logs does not aggregate Kinesis records, so each holds one gzip and is not de-aggregated.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#DestinationKinesisExample
    """
    try:
        if is_from_stream(event):
            return [Delivered(_name_of(record), str(record["kinesis"]["data"])) for record in event["Records"]]
        return [Delivered("", str(event["awslogs"]["data"]))]
    except (KeyError, TypeError, AttributeError) as error:
        sentence = "the event is not from CloudWatch Logs: no awslogs.data, and no records of a Kinesis data stream"
        raise PoisonError("not-a-subscription", sentence) from error


def _name_of(record: Any) -> str:
    """The stream, shard and sequence number of a record: its content would not do, since a payload that CloudWatch Logs
    puts into the stream twice may come in two batches with different neighbours.
    """
    return f"{record.get('eventSourceARN')}/{record.get('eventID')}/{record['kinesis'].get('sequenceNumber')}"


def source_of(payload: Subscription) -> str:
    """A name for the payload, equal when the same payload is delivered again and different for any other."""
    digest = hashlib.blake2b(payload.text, digest_size=16).hexdigest()
    return f"{payload.owner}:{payload.log_group}:{payload.log_stream}:{digest}"
