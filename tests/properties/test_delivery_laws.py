"""Repeated and interrupted deliveries of a batch store what one clean pass stores."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from flowsentry.decode import object_texts
from flowsentry.findings.evidence import Evidence, EvidenceKey
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory, KnownServicesInMemory
from flowsentry.pipeline import Context, Stores, process
from flowsentry.records.fields import DEFAULT_NAMES
from tests import cut_traffic
from tests.builders import NOON, V5, blocked, exchange, flow_log, probe
from tests.cut_traffic import made_traffic
from tests.properties.strategies import law

MOST_PIECES = 24
"""Parts of 182 interface minutes: the first ones have all kinds of traffic, and each part takes four passes."""
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Settings without shrinking: a failing example is a few batches of a tenth of a second each."""
DAY = 86_400
SOURCES = ("203.0.113.9", "203.0.113.10", "10.0.0.9", "10.0.0.10")
CONTEXT = Context()
HOSTS = ("10.0.1.1", "10.0.1.2", "10.0.1.3")
Batch = list[bytes]


class KilledError(BaseException):
    """Ends the function as a signal would; nothing may catch it."""


@dataclass
class Deadly:
    """A store that ends its function at a numbered call, before or after the call takes effect."""

    store: Any
    calls: "Calls"

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)
        if not callable(method):
            return method

        def called(*arguments: Any) -> Any:
            self.calls.count(is_done=False)
            answer = method(*arguments)
            self.calls.count(is_done=True)
            return answer

        return called


@dataclass
class Calls:
    left: int

    def count(self, *, is_done: bool) -> None:
        self.left -= 1
        if self.left == 0:
            raise KilledError(is_done)


class World:
    """Stores, and functions that process batches and may end at any call."""

    def __init__(self) -> None:
        self.evidence, self.findings, self.services = EvidenceInMemory(), FindingsInMemory(), KnownServicesInMemory()

    def deliver(self, batch: bytes, killed_at: int = 0) -> None:
        calls = Calls(killed_at)
        stores = Stores(*(Deadly(each, calls) for each in (self.evidence, self.findings, self.services)))
        try:
            process(object_texts([batch]), CONTEXT, stores)
        except KilledError:
            self.deliver(batch)

    def all_of(self, batches: Iterable[bytes]) -> "World":
        for each in batches:
            self.deliver(each)
        return self

    @property
    def known(self) -> tuple[dict[EvidenceKey, Evidence], set[str], Any]:
        services = {service: dict(days) for service, days in self.services.days.items()}
        return dict(self.evidence.items), set(self.findings.findings), services


class Event(NamedTuple):
    kind: str
    source: int
    host: int
    port: int
    day: int

    def lines(self, names: Sequence[str]) -> Iterator[str]:
        source, host, start = SOURCES[self.source], HOSTS[self.host], NOON + DAY * self.day
        told: dict[str, Any] = {"start": start, "end": start + 30, "srcport": 40_000 + self.port}
        if self.kind == "fails":
            for port in range(1_000, 1_006):
                yield probe(source, host, port + self.port, names, **told)
        elif self.kind == "refused":
            yield blocked(source, host, 23, names, **told)
        elif self.kind == "answered":
            yield from exchange(source, host, 443 + self.port, names, **told)
        elif self.kind == "tries":
            yield from exchange(source, host, 22, names, **told, packets=15, bytes=2_400)
        else:
            yield from exchange(source, host, 22, names, **told, packets=400, bytes=64_000)


events = st.builds(
    Event,
    st.sampled_from(["fails", "refused", "answered", "tries", "session"]),
    st.integers(0, len(SOURCES) - 1),
    st.integers(0, len(HOSTS) - 1),
    st.integers(0, 3),
    st.integers(0, 5),
)
batches = st.lists(st.lists(events, min_size=1, max_size=6), min_size=1, max_size=5)
formats = st.sampled_from([V5, DEFAULT_NAMES])


def logs(drawn: Iterable[Iterable[Event]], names: Sequence[str]) -> Batch:
    return [flow_log([line for event in each for line in event.lines(names)], names) for each in drawn]


@law(8, phases=PHASES)
@given(drawn=batches, names=formats, times=st.lists(st.integers(1, 3), min_size=5, max_size=5))
def test_a_batch_delivered_again_changes_nothing(drawn: list[list[Event]], names: tuple[str, ...], times: Any) -> None:
    whole = logs(drawn, names)
    again = [each for each, number in zip(whole, times, strict=False) for _ in range(number)]
    assert World().all_of(again).known == World().all_of(whole).known


@law(8, phases=PHASES)
@given(drawn=batches, names=formats, ends=st.lists(st.integers(0, 24), min_size=5, max_size=5))
def test_a_function_that_stops_between_any_two_calls_loses_and_adds_nothing(
    drawn: list[list[Event]], names: tuple[str, ...], ends: list[int]
) -> None:
    whole, disturbed = logs(drawn, names), World()
    for each, killed_at in zip(whole, ends, strict=False):
        disturbed.deliver(each, killed_at)
    assert disturbed.known == World().all_of(whole).known


@law(8, phases=PHASES)
@given(drawn=batches, names=formats, data=st.data())
def test_after_each_batch_followed_every_other_their_order_is_irrelevant(
    drawn: list[list[Event]], names: tuple[str, ...], data: st.DataObject
) -> None:
    """Three deliveries of all: an answer is recorded once its source has an item within the memory, which may itself be
    an answer recorded for the same reason, and the days drawn are within two memories of each other.
    """
    whole = logs(drawn, names)
    first, second, third = (data.draw(st.permutations(whole)) for _ in range(3))
    evidence, _, services = World().all_of([*first, *second, *third]).known
    assert (evidence, services) == World().all_of(whole * 3).known[::2]


@law(8, phases=PHASES)
@given(drawn=batches, names=formats, data=st.data())
def test_failed_contacts_and_login_attempts_are_the_same_in_any_order(
    drawn: list[list[Event]], names: tuple[str, ...], data: st.DataObject
) -> None:
    whole = logs(drawn, names)
    other = data.draw(st.permutations([*whole, *whole[:2]]))
    assert failures(World().all_of(other)) == failures(World().all_of(whole))


def failures(world: World) -> dict[EvidenceKey, tuple[Any, ...]]:
    suspicious = {key: each for key, each in world.evidence.items.items() if each.is_suspicious}
    return {key: (each.doubtful, each.attempts, each.external_clients) for key, each in suspicious.items()}


@pytest.mark.parametrize(
    ("names", "cut"),
    [(V5, cut_traffic.five_minutes), (DEFAULT_NAMES, cut_traffic.ten_seconds)],
    ids=["v5, five minutes", "v2, ten seconds"],
)
def test_generated_traffic_delivered_with_interruptions_gives_the_state_of_one_clean_pass(
    names: tuple[str, ...], cut: cut_traffic.Cut
) -> None:
    pieces, disturbed = cut(made_traffic(names))[:MOST_PIECES], World()
    for number, each in enumerate(pieces):
        disturbed.deliver(each, killed_at=number % 25)
        disturbed.deliver(each)
    assert disturbed.known == World().all_of(pieces).known


def test_a_source_that_only_logged_in_has_all_its_answers_after_the_first_delivery() -> None:
    tries = [Event("tries", 0, 0, port, 0) for port in range(3)]
    answers = [Event("answered", 0, host, 1, day) for host in range(3) for day in (0, 1)]
    batch = logs([[*tries, *answers]], V5)
    world = World().all_of(batch)
    assert [len(each.answered) for each in world.evidence.items.values()] == [4, 3]
