"""Processes CloudWatch Logs payloads from subscriptions, Kinesis data streams and records of failed invocations."""

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flowsentry.aws.ingest.log_formats import LogFormats
from flowsentry.aws.ingest.payload_parts import Delivered, PayloadPart, Refused, delivered, source_of
from flowsentry.aws.ingest.processing import SourceProcessor
from flowsentry.aws.ingest.source_groups import ProcessedGroup, process_groups
from flowsentry.decode import subscription, subscription_text
from flowsentry.errors import PoisonError, RetryableError, UnreadableError
from flowsentry.frames import LogText, MixedText, Subscription
from flowsentry.pipeline import MAX_TOGETHER_BYTES, Outcome
from flowsentry.records.flow_logs import LogStream
from flowsentry.records.object_key import Origin
from flowsentry.telemetry import count, logger
from flowsentry.value import Value


class PayloadProcessor(Value, frozen=True):
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

    def process_batch(
        self, event: Any, set_aside: Callable[[Sequence[Refused]], None], may_go_on: Callable[[], bool]
    ) -> int:
        """How many payloads of a stream's batch are done, from the first. Those from there on have no effect and may be
        delivered again: the names of files come from the stream, so that rows are stored once.

        The payloads are processed as few sources: one for each log format and owner account, in parts of at most
        MAX_TOGETHER_BYTES of text; after the first part, another is begun while it `may_go_on`. `set_aside` gets the
        payloads that no retry can help, of which nothing is stored. Raises what the first part raises: RetryableError,
        or any other error, whose payload Lambda finds by halving the batch. An error of a later part is logged.
        """
        given, done = delivered(event), 0
        try:
            for part in self._parts(given):
                if done and not may_go_on():
                    break
                self._process_part(part, set_aside)
                done = part.end
        except Exception:
            count("FailedPayloads", len(given) - done)
            if not done:
                raise
            logger().exception("payloads failed", extra={"done": done, "failed": len(given) - done})
        return done

    def recover(self, event: Any) -> None:
        """Processes every payload of an event whose retries are used up, also the valid lines of unreadable ones; one
        that fails does not stop the others.

        Raises RetryableError at once, since a failing service fails for the other payloads too; any other error, and
        PoisonError for payloads that no retry can help, after the last payload. A second run is harmless.
        """
        given = delivered(event)
        count("RecoveredPayloads", len(given))
        refused: list[PoisonError] = []
        failed: list[Exception] = []
        for part in self._parts(given, failed):
            try:
                refused += self._recovered(part)
            except RetryableError:
                raise
            except Exception:  # noqa: BLE001 - one of the payloads raises it again
                refused += [each.error for each in part.refused]
                refused += self._recovered_alone(part.members(), failed)
        if failed:
            raise failed[0]
        if refused:
            raise _all_of(refused, len(given))

    def _recovered_alone(self, given: Sequence[Delivered], failed: list[Exception]) -> list[PoisonError]:
        """The errors of payloads that no retry can help, after each was processed alone; adds others to `failed`."""
        refused: list[PoisonError] = []
        for part in (part for each in given for part in self._parts([each])):
            try:
                refused += self._recovered(part)
            except RetryableError:
                raise
            except Exception as error:  # noqa: BLE001 - raised by `recover`
                failed.append(error)
        return refused

    def _recovered(self, part: PayloadPart) -> list[PoisonError]:
        """The errors of payloads that no retry can help, after the valid lines of unreadable ones were processed."""
        found: list[PoisonError] = []
        self._process_part(part, lambda refused: found.extend(map(self._last_error, refused)))
        return found

    def _last_error(self, refused: Refused) -> PoisonError:
        if not isinstance(refused.error, UnreadableError):
            return refused.error
        return self._processed(refused.data, comes_again=False).damage or refused.error

    def _process_part(self, part: PayloadPart, set_aside: Callable[[Sequence[Refused]], None]) -> None:
        def hand_over(processed: Sequence[ProcessedGroup]) -> None:
            if refused := sorted([*part.refused, *part.unreadable(processed)], key=lambda each: each.position):
                set_aside(refused)

        process_groups(self.sources, part.groups(self.sources.region), hand_over)
        count("ControlMessages", part.control_messages)

    def _parts(self, given: Sequence[Delivered], failed: list[Exception] | None = None) -> Iterator[PayloadPart]:
        """The payloads, decoded, in parts. One that is there already has no effect: CloudWatch Logs put it twice. Where
        `failed` is given, errors are added to it and their payloads left out; RetryableError is raised.
        """
        part, seen = PayloadPart.starting_at(0), set[str]()
        for each in given:
            if part.text_bytes >= MAX_TOGETHER_BYTES:
                yield part
                part = PayloadPart.starting_at(part.end)
            if each.data not in seen:
                self._add(part, each, failed)
            seen.add(each.data)
            part.end += 1
        yield part

    def _add(self, part: PayloadPart, given: Delivered, failed: list[Exception] | None) -> None:
        try:
            payload = subscription(_decoded(given.data))
            if payload.is_control:
                part.control_messages += 1
            else:
                part.add(payload, self._text(payload), given)
        except PoisonError as poison:
            part.refuse(given, poison)
        except Exception as error:
            if failed is None or isinstance(error, RetryableError):
                raise
            failed.append(error)

    def _text(self, payload: Subscription) -> LogText | MixedText:
        try:
            return subscription_text(payload, self.formats.of(payload.log_group))
        except ValueError as error:
            raise PoisonError("bad-log-format", f"log group {payload.log_group!r}: {error}") from error


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
