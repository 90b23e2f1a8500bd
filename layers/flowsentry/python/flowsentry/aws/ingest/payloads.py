"""Processes CloudWatch Logs payloads from subscriptions, Kinesis data streams and records of failed invocations."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flowsentry.aws.ingest.log_formats import LogFormats
from flowsentry.aws.ingest.processing import SourceProcessor
from flowsentry.decode import subscription, subscription_text
from flowsentry.errors import PoisonError, RetryableError, UnreadableError
from flowsentry.frames import LogChunk, Subscription
from flowsentry.pipeline import Outcome
from flowsentry.records.flow_logs import LogStream
from flowsentry.records.object_key import Origin
from flowsentry.telemetry import count

KINESIS = "aws:kinesis"
"""The event source of records of a Kinesis data stream."""


@dataclass(frozen=True)
class PayloadProcessor:
    """Processes a payload with the log formats of its log group."""

    sources: SourceProcessor
    formats: LogFormats

    def process(self, data: str) -> Outcome:
        """The outcome of a payload, given as base64; an empty outcome for a control message of CloudWatch Logs.

        Raises PoisonError for data that is no payload, and for a log group without a log format. Raises UnreadableError
        after the valid lines were processed when most lines are no records: the log group has another format than the
        known one. Lambda then retries twice and keeps the payload in the bucket of failed invocations, where it is when
        the format is corrected. Its metrics are counted only then, by `recover`.
        """
        outcome = self._processed(data, comes_again=True)
        if isinstance(outcome.damage, UnreadableError):
            raise outcome.damage
        return outcome

    def _processed(self, data: str, *, comes_again: bool) -> Outcome:
        payload = subscription(_decoded(data))
        if payload.is_control:
            count("ControlMessages")
            return Outcome()
        origin = Origin(payload.owner, self.sources.region)
        texts = [self._text(payload)]
        stream = LogStream(payload.log_group, payload.log_stream)
        outcome = self.sources.process(
            source_of(payload), texts, origin=origin, log_stream=stream, comes_again=comes_again
        )
        if isinstance(outcome.damage, UnreadableError):
            outcome.damage = UnreadableError(
                outcome.damage.reason,
                f"log group {payload.log_group!r}: {outcome.damage}. Redrive the payload afterwards",
            )
        return outcome

    def recover(self, event: Any) -> None:
        """Processes every payload of an event whose retries are used up; one that fails does not stop the others.

        Raises RetryableError at once, since a failing service fails for the other payloads too; any other error, and
        PoisonError for payloads that no retry can help, after the last payload. A second run is harmless.
        """
        payloads = payloads_in(event)
        count("RecoveredPayloads", len(payloads))
        refused: list[PoisonError] = []
        failed: list[Exception] = []
        for data in payloads:
            try:
                outcome = self._processed(data, comes_again=False)
                refused += [outcome.damage] if outcome.damage else []
            except RetryableError:
                raise
            except PoisonError as poison:
                refused.append(poison)
            except Exception as error:  # noqa: BLE001 - raised below
                failed.append(error)
        if failed:
            raise failed[0]
        if refused:
            raise _all_of(refused, len(payloads))

    def _text(self, payload: Subscription) -> LogChunk:
        try:
            return subscription_text(payload, self.formats.of(payload.log_group))
        except ValueError as error:
            raise PoisonError("bad-log-format", f"log group {payload.log_group!r}: {error}") from error


def is_from_stream(event: Any) -> bool:
    """Whether an event is a batch of records of a Kinesis data stream."""
    try:
        return bool(event["Records"][0]["eventSource"] == KINESIS)
    except (KeyError, IndexError, TypeError):
        return False


def payloads_in(event: Any) -> list[str]:
    """The payloads of an event in order, as base64: one of a subscription, or one for each record of a stream. Raises
    PoisonError for an event of any other service.

    CloudWatch Logs does not aggregate Kinesis records, so each holds one gzip and is not de-aggregated.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#DestinationKinesisExample
    """
    try:
        if is_from_stream(event):
            return [str(record["kinesis"]["data"]) for record in event["Records"]]
        return [str(event["awslogs"]["data"])]
    except (KeyError, TypeError) as error:
        sentence = "the event is not from CloudWatch Logs: no awslogs.data, and no records of a Kinesis data stream"
        raise PoisonError("not-a-subscription", sentence) from error


def source_of(payload: Subscription) -> str:
    """A name for the payload, equal when the same payload is delivered again and different for any other."""
    digest = hashlib.blake2b(payload.text, digest_size=16).hexdigest()
    return f"{payload.owner}:{payload.log_group}:{payload.log_stream}:{digest}"


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PoisonError("payload-not-base64", f"the payload is not base64: {error}") from error


def _all_of(refused: Sequence[PoisonError], payloads: int) -> PoisonError:
    """One error that lists all of them, with the reason of the first."""
    if payloads == 1:
        return refused[0]
    sentences = dict.fromkeys(f"{each.reason}: {each}" for each in refused)
    return PoisonError(refused[0].reason, f"{len(refused)} of {payloads} payloads of a batch: {'; '.join(sentences)}")
