"""One batch of the queue, ordered and timed so that an object that ends the function does not hold up the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from flowsentry.aws.ingest.object_queue import ObjectQueue, QueueMessage
from flowsentry.aws.time_budget import TimeBudget
from flowsentry.decode.object_part import UnfinishedError
from flowsentry.errors import NotBegunError
from flowsentry.telemetry import count, logger

OBJECT_SECONDS = 100
"""Time that must be left to begin another object: twice what the largest object of flow logs takes. Longer: more
messages return to the queue that would have been processed. Shorter: an object that is begun late is interrupted, and
then suspected of having ended the function. At most half of the run's time, so that a short run processes more than one
object."""
SUSPECT_SHARE = 0.9
"""The part of the run's time that must be left for a suspect: an object on which an earlier run ended, or of which one
has processed a part. Higher: it returns to the queue more often. Lower: a suspect that needs nearly all of the time
never gets it."""
STARVED_RECEIVES = 10
"""A message received more often than this goes first, and if it is a suspect alone: otherwise new messages, which never
stop coming, would always be before it. Lower: an object that ends the function is sooner tried beside others."""
MARGIN_SECONDS = 60
"""How long after the end of the run its unfinished messages become visible. Longer: the other messages of a batch wait
longer when an object ended the function. Shorter: a message may return before Lambda has deleted it."""


class MessageProcessor(Protocol):
    """Processes the objects that messages name."""

    def process(self, *bodies: str, may_begin: Callable[[], bool]) -> None: ...

    def process_together(self, bodies: Sequence[str], may_begin: Callable[[], bool]) -> set[int]: ...

    def interrupted_runs(self, body: str) -> int: ...


@dataclass
class ObjectBatch:
    """One run: processes messages in order and records which are done, failed or postponed."""

    processor: MessageProcessor
    queue: ObjectQueue
    time_budget: TimeBudget
    _has_begun: bool = field(default=False, init=False)
    _done: list[QueueMessage] = field(default_factory=list, init=False)
    _failed: list[QueueMessage] = field(default_factory=list, init=False)
    _postponed: list[QueueMessage] = field(default_factory=list, init=False)
    _returned: set[QueueMessage] = field(default_factory=set, init=False)

    def process(self, messages: Sequence[QueueMessage]) -> list[str]:
        """The ids of the messages that must be received again: failed ones return after their retry delays, postponed
        ones at once.

        Messages received for the first time go first, those of small objects together, then those received before. A
        suspect goes last and alone: by then all that was done is deleted, and the others are back in the queue.
        """
        self.queue.hide(messages, int(self.time_budget.seconds) + MARGIN_SECONDS)
        interrupted_runs = {
            each.id: self.processor.interrupted_runs(each.body) for each in messages if each.receives > 1
        }
        waiting = self._process_together(in_order(messages, interrupted_runs))
        while waiting:
            message = waiting.pop(0)
            if interrupted_runs.get(message.id):
                waiting = self._process_alone(message, waiting)
            elif self._has_begun and not self._has_time_for_one():
                self._postponed.append(message)
            else:
                self._process(message)
        self._return_messages()
        return [each.id for each in (*self._failed, *self._postponed)]

    def _process_together(self, messages: Sequence[QueueMessage]) -> list[QueueMessage]:
        """The messages that still wait after those of small objects, in order. One that was received before may have
        ended the function, and a starved one goes before all others: neither is processed beside others here. The
        valid lines of one that was set aside may be stored already: alone it replaces them.
        """
        if any(each.receives > STARVED_RECEIVES for each in messages):
            return list(messages)
        new = [each for each in messages if each.receives == 1 and not each.was_set_aside]
        bodies = [each.body for each in new]
        done = self.processor.process_together(bodies, self._may_begin) if len(new) > 1 else set()
        finished = [new[position] for position in sorted(done)]
        self._done += finished
        return [each for each in messages if each not in finished]

    def _process_alone(self, suspect: QueueMessage, waiting: Sequence[QueueMessage]) -> list[QueueMessage]:
        """The messages that still wait after a suspect: none when it was processed."""
        if self._has_begun and not self._has_time_for_a_suspect():
            self._postponed.append(suspect)
            return list(waiting)
        self._postponed += waiting
        self._return_messages()
        self._process(suspect)
        return []

    def _process(self, message: QueueMessage) -> None:
        if message.receives > 1:
            self.queue.delete(self._done)
            self._done.clear()
        with logger().append_context_keys(message_id=message.id):
            try:
                self.processor.process(message.body, may_begin=self._may_begin)
                self._done.append(message)
            except (NotBegunError, UnfinishedError):
                self._postponed.append(message)
            except Exception:  # noqa: BLE001 - counted and logged where it was raised
                self._failed.append(message)

    def _has_time_for_one(self) -> bool:
        """Whether enough time is left for an object after others."""
        return self.time_budget.left() >= min(OBJECT_SECONDS, self.time_budget.seconds / 2)

    def _has_time_for_a_suspect(self) -> bool:
        """Whether nearly all of the time is left."""
        return self.time_budget.left() >= self.time_budget.seconds * SUSPECT_SHARE

    def _may_begin(self) -> bool:
        """Whether an object may be begun. The first of a run always may, or a short run would never begin any."""
        may = not self._has_begun or self._has_time_for_one()
        self._has_begun = True
        return may

    def _return_messages(self) -> None:
        """Makes the messages that must be received again visible, each once: later what failed, at once the others."""
        failed, postponed = (self._not_returned(each) for each in (self._failed, self._postponed))
        self.queue.retry_later(failed)
        self.queue.show(postponed)
        self._returned.update(failed, postponed)
        count("PostponedObjectEvents", len(postponed))

    def _not_returned(self, messages: Sequence[QueueMessage]) -> list[QueueMessage]:
        return [each for each in messages if each not in self._returned]


def in_order(messages: Sequence[QueueMessage], interrupted_runs: dict[str, int]) -> list[QueueMessage]:
    """Starved messages first, then the others by how often they were received, suspects last."""

    def position(message: QueueMessage) -> tuple[bool, bool, int]:
        is_starved = message.receives > STARVED_RECEIVES
        receives = -message.receives if is_starved else message.receives
        return not is_starved, bool(interrupted_runs.get(message.id)), receives

    return sorted(messages, key=position)
