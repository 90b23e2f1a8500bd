"""Queue messages about S3 objects: each object once, what no retry can help to the dead-letter queue."""

from dataclasses import dataclass

from flowsentry.aws.dead_letters import DeadLetters
from flowsentry.aws.failed_invocation import failed_event
from flowsentry.aws.object_notice import ObjectNotice, object_notices
from flowsentry.aws.objects_once import ObjectsOnce, Result
from flowsentry.aws.payload_processor import PayloadProcessor
from flowsentry.aws.source_processor import SourceProcessor
from flowsentry.decode import object_texts
from flowsentry.errors import PoisonError
from flowsentry.pipeline import Outcome
from flowsentry.telemetry import count, count_by, logger


@dataclass(frozen=True)
class ObjectProcessor:
    """Takes messages one by one; a message that it returns from is done with, one that it raises at is retried."""

    sources: SourceProcessor
    payloads: PayloadProcessor
    once: ObjectsOnce
    dead_letters: DeadLetters

    def take(self, body: str) -> None:
        """Processes the objects that a message tells of. Raises when any of them is to be retried."""
        try:
            notices = object_notices(body)
        except PoisonError as poison:
            self._set_aside(body, poison)
            return
        count("TestNotices", int(not notices))
        for notice in notices:
            self._take_object(notice)

    def _take_object(self, notice: ObjectNotice) -> None:
        if not notice.is_new_object:
            count("IgnoredNotices")
            return
        try:
            result = self.once.run(notice.identity, lambda: self._process(notice))
        except PoisonError as poison:
            self._set_aside(notice.body, poison)
            return
        if damage := result["damage"]:
            self._set_aside(notice.body, PoisonError(damage["reason"], damage["message"]))

    def _process(self, notice: ObjectNotice) -> Result:
        event, blocks = failed_event(self.sources.store.blocks(notice.source))
        if event is not None:
            self.payloads.recover(event)
            return {"damage": None}
        return {"damage": _damage(self.sources.process(str(notice.source), object_texts(blocks)))}

    def _set_aside(self, body: str, poison: PoisonError) -> None:
        self.dead_letters.send(body, poison)
        count_by("PoisonSources", {poison.reason: 1})
        logger().error("notice set aside", extra={"reason": poison.reason, "error": str(poison)})


def _damage(outcome: Outcome) -> Result | None:
    return {"reason": outcome.damage.reason, "message": str(outcome.damage)} if outcome.damage else None
