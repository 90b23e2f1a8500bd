"""One pass: what a way in delivers goes through the functions until nothing is on its way, with faults or without."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from campaigns.emulation.deliveries import Deliveries
from campaigns.emulation.emulated import emulated
from campaigns.emulation.event_sources import WAYS_IN
from campaigns.emulation.faults import Call, Calls, Fault
from campaigns.emulation.left_behind import LeftBehind, left_behind


class Triple(NamedTuple):
    """The call that meets a fault, by its number among those of its function, the fault, and the later call of the same
    function before which it is killed; none where it is not. Without a fault it is only killed, at the first.
    """

    function: str
    at: int
    fault: Fault | None
    kill_at: int | None

    def __str__(self) -> str:
        killed = "" if self.kill_at is None else f", killed before call {self.kill_at}"
        return f"{self.function}: call {self.at} {self.fault or 'well'}{killed}"


@dataclass
class Plan:
    """The triples of a pass, at most one for each function."""

    triples: tuple[Triple, ...]
    counted: Counter[str] = field(default_factory=Counter)

    def kill(self, call: Call) -> bool:
        """Asked first of every call, so it counts them too."""
        number = self.counted[call.function]
        self.counted[call.function] += 1
        return any(each.function == call.function and each.kill_at == number for each in self.triples)

    def choose(self, call: Call) -> Fault | None:
        number = self.counted[call.function] - 1
        due = (each.fault for each in self.triples if each.function == call.function and each.at == number)
        return next(due, None)


@dataclass(frozen=True)
class Passed:
    """What came of a pass."""

    left: LeftBehind
    calls: tuple[Call, ...]
    met: tuple[str, ...]
    redriven: int
    given_up: int
    invocations: int

    def calls_by_function(self) -> Counter[str]:
        return Counter(call.function for call in self.calls)


def passed(way: str, triples: Iterable[Triple] = ()) -> Passed:
    """A pass of this way in, with these faults. Raises RuntimeError for deliveries that go on for ever."""
    plan = Plan(tuple(triples))
    calls = Calls(choose=plan.choose, kill=plan.kill)
    with emulated(calls) as aws:
        to = Deliveries(aws)
        WAYS_IN[way](to)
        to.settle()
        to.redrive()
        made = tuple(calls.made)
        calls.calm()
        aws.invoke("notifier", to.sweep().event)  # the next one, a minute later, whatever befell those before
        met = tuple(f"{call.function} {call.operation} {what}" for call, what in calls.met)
        return Passed(left_behind(aws), made, met, to.redriven, to.given_up, aws.invocations)


@lru_cache
def clean(way: str) -> Passed:
    """The pass without a fault."""
    return passed(way)
