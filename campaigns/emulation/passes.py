"""One pass: the deliveries of a path go through the functions until nothing is pending, with or without faults."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from campaigns.emulation.deliveries import Deliveries
from campaigns.emulation.emulated import emulated
from campaigns.emulation.event_sources import DELIVERY_PATHS
from campaigns.emulation.faults import Call, Calls, Fault
from campaigns.emulation.outcome import PassOutcome, outcome_of


class Triple(NamedTuple):
    """The call with a fault, by its number among the calls of its function; the fault; and the later call before which
    the function is killed (None for no kill). Without a fault, the function is only killed.
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
    """The triples of a pass, at most one per function."""

    triples: tuple[Triple, ...]
    counted: Counter[str] = field(default_factory=Counter)

    def kill(self, call: Call) -> bool:
        """Whether to kill the function before this call. Called first for every call, so it also counts them."""
        number = self.counted[call.function]
        self.counted[call.function] += 1
        return any(each.function == call.function and each.kill_at == number for each in self.triples)

    def choose(self, call: Call) -> Fault | None:
        number = self.counted[call.function] - 1
        due = (each.fault for each in self.triples if each.function == call.function and each.at == number)
        return next(due, None)


@dataclass(frozen=True)
class Passed:
    """The result of a pass."""

    left: PassOutcome
    calls: tuple[Call, ...]
    met: tuple[str, ...]
    redriven: int
    given_up: int
    invocations: int

    def calls_by_function(self) -> Counter[str]:
        return Counter(call.function for call in self.calls)


def passed(delivery_path: str, triples: Iterable[Triple] = ()) -> Passed:
    """The result of a pass through this delivery path with these faults. Raises RuntimeError for endless deliveries."""
    plan = Plan(tuple(triples))
    calls = Calls(choose=plan.choose, kill=plan.kill)
    with emulated(calls) as aws:
        to = Deliveries(aws)
        DELIVERY_PATHS[delivery_path](to)
        to.settle()
        to.redrive()
        made = tuple(calls.made)
        calls.calm()
        aws.invoke("notifier", to.sweep().event)  # the next one, a minute later, whatever befell those before
        met = tuple(f"{call.function} {call.operation} {what}" for call, what in calls.met)
        return Passed(outcome_of(aws), made, met, to.redriven, to.given_up, aws.invocations)


@lru_cache
def clean(delivery_path: str) -> Passed:
    """The result of the pass without faults."""
    return passed(delivery_path)
