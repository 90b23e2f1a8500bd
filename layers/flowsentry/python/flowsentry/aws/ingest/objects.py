"""Messages about S3 objects: each object once, what no retry can help to the dead-letter queue."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from flowsentry.aws.dead_letters import DeadLetters
from flowsentry.aws.ingest.failed_invocation import failed_event
from flowsentry.aws.ingest.idempotency import KILLER, ProcessedObjects, Result
from flowsentry.aws.ingest.object_events import ObjectEvent, object_events
from flowsentry.aws.ingest.parquet_trial import tried
from flowsentry.aws.ingest.payloads import PayloadProcessor
from flowsentry.aws.ingest.processing import SourceProcessor
from flowsentry.decode import FOREIGN_REASONS, object_texts
from flowsentry.errors import NotBegunError, PoisonError, UnreadableError
from flowsentry.pipeline import Outcome
from flowsentry.records.object_key import flow_log_key, is_something_else, is_stranger_among_flow_logs
from flowsentry.telemetry import count, count_by, logger

NO_FLOW_LOG = frozenset({"no-header", "bad-header", "not-a-failed-invocation", *FOREIGN_REASONS})
"""Reasons that say what an object is not. A file that somebody put among flow logs under a name of their own is left
alone for these; one that AWS named must be a flow log, and is set aside. A damaged one may have been a flow log under
any name."""

NO_FORMAT = frozenset({"no-header", "bad-header"})
"""Reasons that are another one where the parameter that may state the format is damaged."""


@dataclass(frozen=True)
class ObjectProcessor:
    """Takes messages; those that it returns from are done with, those that it raises at are to come again."""

    sources: SourceProcessor
    payloads: PayloadProcessor
    once: ProcessedObjects
    dead_letters: DeadLetters

    def take(self, *bodies: str, may_begin: Callable[[], bool] = lambda: True) -> None:
        """Processes the objects that messages tell of. What fails holds up no other; when all were tried, the first
        error of those to be retried is raised. Doing all again is harmless: what is done is remembered. Raises
        NotBegunError when nothing failed, and an object `may_begin` no more.
        """
        failures: list[Exception] = []
        for step in (step for body in bodies for step in self._steps(body)):
            if not may_begin():
                failures.append(NotBegunError("no time was left to begin"))
                break
            try:
                step()
            except Exception as failure:  # noqa: BLE001 - raised below
                count("RetriedNotices")
                logger().exception("notice to be retried")
                failures.append(failure)
        if failures:
            raise failures[0]

    def deaths(self, body: str) -> int:
        """Runs that ended on an object that a message tells of: the most of any."""
        try:
            return max(map(self._deaths_of, object_events(body)), default=0)
        except PoisonError:
            return 0

    def _deaths_of(self, object_event: ObjectEvent) -> int:
        return self.once.deaths(object_event.identity)

    def _steps(self, body: str) -> Iterator[Callable[[], None]]:
        """What a message asks for, one object a step."""
        try:
            events = object_events(body)
        except PoisonError as poison:
            yield partial(self._set_aside, body, poison)
            return
        count("TestNotices", int(not events))
        if len(events) > 1:  # what a run ended on before is last, so that it costs no other
            events.sort(key=self._deaths_of)
        yield from (partial(self._take_notice, object_event) for object_event in events)

    def _take_notice(self, object_event: ObjectEvent) -> None:
        if not object_event.is_new_object:
            count("IgnoredNotices")
        elif is_something_else(object_event.source.key):
            _ignore(object_event, "by its key it is something else")
        else:
            self._take_object(object_event)

    def _take_object(self, object_event: ObjectEvent) -> None:
        try:
            result = self.once.run(object_event.identity, lambda: self._process(object_event))
        except PoisonError as poison:
            if poison.reason in NO_FLOW_LOG and is_stranger_among_flow_logs(object_event.source.key):
                _ignore(object_event, str(poison))
            else:
                self._set_aside(object_event.body, poison)
            if poison.reason == KILLER:
                self.once.forget(object_event.identity)
            return
        if damage := result["damage"]:
            self._set_aside(object_event.body, PoisonError(damage["reason"], damage["message"]))

    def _process(self, object_event: ObjectEvent) -> Result:
        event, blocks = failed_event(self.sources.store.blocks(object_event.source))
        if event is not None:
            self.payloads.recover(event)
            return {"damage": None}
        told = flow_log_key(object_event.source.key)
        origin = told.origin if told else None
        stated = self.payloads.formats
        formats = stated.of_object(object_event.source.bucket, object_event.source.key)
        try:
            outcome = self.sources.process(
                str(object_event.source), object_texts(blocks, formats, tried), origin=origin
            )
        except PoisonError as poison:
            if poison.reason not in NO_FORMAT:
                raise
            raise stated.explained(poison) from None
        if isinstance(outcome.damage, UnreadableError):
            raise outcome.damage  # not remembered as done: once its format is given, the notice is sent back
        return {"damage": _damage(outcome)}

    def _set_aside(self, body: str, poison: PoisonError) -> None:
        self.dead_letters.send(body, poison)
        count_by("PoisonSources", {poison.reason: 1})
        logger().error("notice set aside", extra={"reason": poison.reason, "error": str(poison)})


def _ignore(object_event: ObjectEvent, why: str) -> None:
    count("IgnoredObjects")
    logger().debug("object ignored", extra={"source": str(object_event.source), "why": why})


def _damage(outcome: Outcome) -> Result | None:
    return {"reason": outcome.damage.reason, "message": str(outcome.damage)} if outcome.damage else None
