"""A batch of notices in an order, and within a time, in which one object that ends the function costs no other one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from flowsentry.aws.ingest.object_queue import ObjectQueue, QueuedObject
from flowsentry.aws.ingest.processing import Invocation
from flowsentry.errors import NotBegunError
from flowsentry.telemetry import count, logger

OBJECT_SECONDS = 100
"""What an object may take that is begun beside others: twice the largest that flow logs write. Longer: more messages go
back that would have been done. Shorter: one that is begun late is cut off, and suspected for it. At most half of the
run's time, so that a short one takes more than one object."""
SUSPECT_SHARE = 0.9
"""Of the run's time that must be left for an object on which a run ended before. More: it goes back more often. Less:
one that needs nearly all of the time is never given it."""
STARVED_RECEIVES = 10
"""A message received more often goes first, and if it is suspected alone: else those that are new, and come without
end, would be before it each time. Fewer: one that ends the function is tried beside others sooner."""
MARGIN_SECONDS = 60
"""How long after the end of its run a message comes back that the run left behind. Longer: neighbours of an object that
ended the function wait for longer. Shorter: one may come back before Lambda has deleted it."""


class Takes(Protocol):
    """What processes the objects of a message."""

    def take(self, *bodies: str, may_begin: Callable[[], bool]) -> None: ...

    def deaths(self, body: str) -> int: ...


class BatchTime:
    """The time of a run, which is asked before each object. `has_begun` says whether there was one."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self.has_begun = False
        self.at_start = self.left

    @property
    def left(self) -> float:
        """Seconds until Lambda ends the function."""
        return self._invocation.get_remaining_time_in_millis() / 1_000

    def is_enough(self) -> bool:
        """For an object beside others."""
        return self.left >= min(OBJECT_SECONDS, self.at_start / 2)

    def is_whole(self) -> bool:
        """For an object that needs all of it."""
        return self.left >= self.at_start * SUSPECT_SHARE


@dataclass
class ObjectBatch:
    """One run: messages in order; which were begun and done, which failed, and which go back unbegun."""

    processor: Takes
    queue: ObjectQueue
    time: BatchTime
    _done: list[QueuedObject] = field(default_factory=list, init=False)
    _failed: list[QueuedObject] = field(default_factory=list, init=False)
    _unbegun: list[QueuedObject] = field(default_factory=list, init=False)
    _shown: set[QueuedObject] = field(default_factory=set, init=False)

    def take(self, object_events: Sequence[QueuedObject]) -> list[str]:
        """The ids of the messages that are to come again: those that failed when they become visible, those that were
        not begun at once.

        What was received for the first time is first, what was received before after it, and what a run ended on before
        is last, by itself: all that was done is deleted by then, and the others are back in the queue.
        """
        self.queue.hide(object_events, int(self.time.at_start) + MARGIN_SECONDS)
        deaths = {each.id: self.processor.deaths(each.body) for each in object_events if each.receives > 1}
        waiting = in_order(object_events, deaths)
        while waiting:
            object_event = waiting.pop(0)
            if deaths.get(object_event.id):
                waiting = self._take_alone(object_event, waiting)
            elif self.time.has_begun and not self.time.is_enough():
                self._unbegun.append(object_event)
            else:
                self._take(object_event)
        self._put_back()
        return [each.id for each in (*self._failed, *self._unbegun)]

    def _take_alone(self, object_event: QueuedObject, waiting: Sequence[QueuedObject]) -> list[QueuedObject]:
        """What is still to be begun after a suspect: nothing when it was taken."""
        if self.time.has_begun and not self.time.is_whole():
            self._unbegun.append(object_event)
            return list(waiting)
        self._unbegun += waiting
        self._put_back()
        self._take(object_event)
        return []

    def _take(self, object_event: QueuedObject) -> None:
        if object_event.receives > 1:
            self.queue.delete(self._done)
            self._done.clear()
        with logger().append_context_keys(message_id=object_event.id):
            try:
                self.processor.take(object_event.body, may_begin=self._may_begin)
                self._done.append(object_event)
            except NotBegunError:
                self._unbegun.append(object_event)
            except Exception:  # noqa: BLE001 - counted and logged by who raised it
                self._failed.append(object_event)

    def _may_begin(self) -> bool:
        """Whether an object may be begun; the first of a run always, else none ever were."""
        may = not self.time.has_begun or self.time.is_enough()
        self.time.has_begun = True
        return may

    def _put_back(self) -> None:
        shown = [each for each in self._unbegun if each not in self._shown]
        self.queue.show(shown)
        self._shown.update(shown)
        count("UnbegunNotices", len(shown))


def in_order(object_events: Sequence[QueuedObject], deaths: dict[str, int]) -> list[QueuedObject]:
    """Messages that wait too long first, else those that were received less often, and suspects last."""

    def place(object_event: QueuedObject) -> tuple[bool, bool, int]:
        is_starved = object_event.receives > STARVED_RECEIVES
        receives = -object_event.receives if is_starved else object_event.receives
        return not is_starved, bool(deaths.get(object_event.id)), receives

    return sorted(object_events, key=place)
