"""Processes the S3 objects that messages name, each once; sends what no retry can help to the dead-letter queue."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from msgspec import Struct, field

from flowsentry.aws.dead_letters import DeadLetters
from flowsentry.aws.failed_invocation import failed_event
from flowsentry.aws.ingest.idempotency import KILLED_THE_FUNCTION, ProcessedObjects, Result
from flowsentry.aws.ingest.object_events import ObjectEvent, object_events
from flowsentry.aws.ingest.parquet_trial import tried
from flowsentry.aws.ingest.payloads import PayloadProcessor
from flowsentry.aws.ingest.processing import SourceProcessor
from flowsentry.aws.ingest.small_objects import ObjectGroup, SmallObject, decoded, grouped, may_be_small
from flowsentry.aws.ingest.source_groups import process_groups
from flowsentry.decode import FOREIGN_REASONS, object_texts
from flowsentry.decode.object_part import ObjectPart, Progress, UnfinishedError
from flowsentry.errors import NotBegunError, PoisonError, UnreadableError
from flowsentry.pipeline import Outcome
from flowsentry.records.object_key import flow_log_key, is_no_flow_log, is_unrecognised_flow_log_name
from flowsentry.telemetry import count, count_by, logger
from flowsentry.value import Value

NO_FLOW_LOG = frozenset({"no-header", "bad-header", "not-a-failed-invocation", *FOREIGN_REASONS})
"""Reasons that say that an object is no flow log. An object among the flow logs whose key is not one of AWS's is
ignored for these reasons; one with a key of AWS's must be a flow log, and is set aside. Damage is no such reason: a
damaged object may have been a flow log under any key."""

NO_FORMAT = frozenset({"no-header", "bad-header"})
"""Reasons that are replaced by `bad-log-format` when the parameter with the log formats is damaged."""


class ObjectProcessor(Value, frozen=True):
    """Processes messages: a message is done when `process` returns, and must be received again when it raises."""

    sources: SourceProcessor
    payloads: PayloadProcessor
    once: ProcessedObjects
    dead_letters: DeadLetters

    def process(self, *bodies: str, may_begin: Callable[[], bool] = lambda: True) -> None:
        """Processes the objects that messages name. An object that fails does not stop the others; after the last, the
        first error that a retry may help is raised. A second run is harmless: processed objects are remembered. Raises
        NotBegunError when nothing failed and `may_begin` allowed no further object, and UnfinishedError when there was
        time for a part of an object only.
        """
        failures: list[Exception] = []
        for step in (step for body in bodies for step in self._steps(body)):
            if not may_begin():
                failures.append(NotBegunError("no time was left to begin"))
                break
            try:
                step()
            except UnfinishedError as unfinished:
                failures.append(unfinished)
                break
            except Exception as failure:  # noqa: BLE001 - raised below
                count("RetriedObjectEvents")
                logger().exception("object event failed")
                failures.append(failure)
        if failures:
            raise failures[0]

    def process_together(self, bodies: Sequence[str], may_begin: Callable[[], bool]) -> set[int]:
        """The positions of the messages that are done: those of small objects without any defect, of as many groups as
        `may_begin` allows. Nothing is stored of the others, nor of any if a service fails: `process` takes them, and
        raises or sets aside what is wrong.
        """
        events = self._small_events(bodies)
        objects = decoded(list(events), self.sources.store, self.payloads.formats)
        done: set[int] = set()
        for group in grouped(objects):
            if not may_begin():
                break
            try:
                done |= {events[each.event] for each in self._processed_together(group)}
            except Exception:  # noqa: BLE001 - raised again by the object that it is of
                logger().warning("objects are processed one by one", exc_info=True)
        return done

    def _small_events(self, bodies: Sequence[str]) -> dict[ObjectEvent, int]:
        """The events of small objects, each object once, and the position of their message, which has no other. One
        that was written again meanwhile is left out: several events of it read the same lines, and alone write one
        file.
        """
        small: dict[str, tuple[ObjectEvent, int]] = {}
        for position, body in enumerate(bodies):
            try:
                events = object_events(body)
            except PoisonError:
                continue
            if len(events) == 1 and may_be_small(events[0]):
                small.setdefault(events[0].identity, (events[0], position))
        written = Counter(event.source for event, _ in small.values())
        return {event: position for event, position in small.values() if written[event.source] == 1}

    def _processed_together(self, group: ObjectGroup) -> list[SmallObject]:
        """The objects of a group that are done, now or earlier; those begun elsewhere or unreadable are left."""
        run = _GroupRun(self.sources, self.once)
        run.begin(group.objects)
        return run.done

    def interrupted_runs(self, body: str) -> int:
        """The number of runs that ended on an object that a message names; of several objects the highest."""
        try:
            return max(map(self._interrupted_runs_of, object_events(body)), default=0)
        except PoisonError:
            return 0

    def _interrupted_runs_of(self, object_event: ObjectEvent) -> int:
        return self.once.interrupted_runs(object_event.identity)

    def _steps(self, body: str) -> Iterator[Callable[[], None]]:
        """One step for each object that a message names."""
        try:
            events = object_events(body)
        except PoisonError as poison:
            yield partial(self._set_aside, body, poison)
            return
        count("S3TestEvents", int(not events))
        if len(events) > 1:  # suspects last, so that one that ends the function again does not hold up the others
            events.sort(key=self._interrupted_runs_of)
        yield from (partial(self._process_event, object_event) for object_event in events)

    def _process_event(self, object_event: ObjectEvent) -> None:
        if not object_event.is_new_object:
            count("IgnoredObjectEvents")
        elif is_no_flow_log(object_event.source.key):
            _ignore(object_event, "the key is not that of a flow log")
        else:
            self._process_once(object_event)

    def _process_once(self, object_event: ObjectEvent) -> None:
        try:
            result = self.once.run(object_event.identity, partial(self._process, object_event))
        except PoisonError as poison:
            if poison.reason in NO_FLOW_LOG and is_unrecognised_flow_log_name(object_event.source.key):
                _ignore(object_event, str(poison))
            else:
                self._set_aside(object_event.body, poison)
            if poison.reason == KILLED_THE_FUNCTION:
                self.once.forget(object_event.identity)
            return
        if damage := result["damage"]:
            self._set_aside(object_event.body, PoisonError(damage["reason"], damage["message"]))

    def _process(self, object_event: ObjectEvent, progress: Progress) -> Result:
        event, blocks = failed_event(self.sources.store.blocks(object_event.source))
        if event is not None:
            self.payloads.recover(event)
            return {"damage": None}
        key = flow_log_key(object_event.source.key)
        origin = key.origin if key else None
        log_formats = self.payloads.formats
        formats = log_formats.of_object(object_event.source.bucket, object_event.source.key)
        part = ObjectPart(object_texts(blocks, formats, tried), progress, self.once.seconds_left)
        source = str(object_event.source)
        try:
            outcome = self.sources.process(part.name(source), part, origin=origin)
        except PoisonError as poison:
            if poison.reason not in NO_FORMAT:
                raise
            raise log_formats.explained(poison) from None
        if isinstance(outcome.damage, UnreadableError):
            damage = UnreadableError(outcome.damage.reason, f"{outcome.damage}. Redrive the object afterwards")
            raise damage from outcome.damage  # not remembered, so that a redrive reads it again with the right format
        if part.rest:
            logger().info("a part of an object is processed", extra={"source": source, "rest": part.rest._asdict()})
            raise UnfinishedError(source, part.rest)
        return {"damage": _damage(outcome)}

    def _set_aside(self, body: str, poison: PoisonError) -> None:
        self.dead_letters.send(body, poison)
        count_by("PoisonSources", {poison.reason: 1})
        logger().error("object event set aside", extra={"reason": poison.reason, "error": str(poison)})


class _GroupRun(Struct):
    """Processes small objects as one source, each of which has a record of its own."""

    sources: SourceProcessor
    once: ProcessedObjects
    done: list[SmallObject] = field(default_factory=list)
    _begun: list[SmallObject] = field(default_factory=list)
    _damages: dict[str, UnreadableError] = field(default_factory=dict)

    def begin(self, waiting: Sequence[SmallObject]) -> None:
        """Begins the record of each object inside that of the one before it, then processes those that were not done
        before or begun elsewhere: so all records end as the processing ends. That of an unreadable object ends by an
        error, so that it is not remembered.
        """
        if not waiting:
            self._process()
            return
        first, *rest = waiting
        identity, number = first.event.identity, len(self._begun)
        try:
            result = self.once.run(identity, partial(self._begun_with, first, rest))
        except Exception as error:
            if error is self._damages.get(identity):
                return
            if len(self._begun) > number:
                raise
            result = {"damage": NotBegunError}
        if len(self._begun) == number:
            self.done += [] if result["damage"] else [first]
            self.begin(rest)

    def _begun_with(self, first: SmallObject, rest: Sequence[SmallObject], progress: Progress) -> Result:
        """The result of an object that is begun. Raises its damage if it is unreadable."""
        if progress.next_line > 1:
            raise UnfinishedError(first.source.name, progress)
        self._begun.append(first)
        self.begin(rest)
        if first.event.identity in self._damages:
            raise self._damages[first.event.identity]
        return {"damage": None}

    def _process(self) -> None:
        if self._begun:
            (processed,) = process_groups(self.sources, [ObjectGroup(self._begun).as_sources()])
            for each, parsed in zip(self._begun, processed.each, strict=True):
                if parsed.damage:
                    self._damages[each.event.identity] = parsed.damage
                else:
                    self.done.append(each)


def _ignore(object_event: ObjectEvent, why: str) -> None:
    count("IgnoredObjects")
    logger().debug("object ignored", extra={"source": str(object_event.source), "why": why})


def _damage(outcome: Outcome) -> Result | None:
    return {"reason": outcome.damage.reason, "message": str(outcome.damage)} if outcome.damage else None
