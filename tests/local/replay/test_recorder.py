"""A recorder of a replay gets the flows of whole files, what they add up to, and the counts of each five minutes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flowsentry.frames import EnrichedFlows, Records
from flowsentry.pipeline import Context, Outcome
from local.replay.replay import Replay
from local.replay.slot_totals import SLOT
from tests.builders import NOON, exchange, flow_log, line, probe
from tests.local.reading.held_files import HeldFile

CLIENT, SERVER, OUTSIDE = "10.0.0.9", "10.0.0.5", "198.51.100.9"


@dataclass
class Kept:
    """A Recorder that keeps everything."""

    flows: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    slots: list[Outcome] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    _pending: int = 0

    def add(self, records: Records, flows: EnrichedFlows) -> None:
        self._pending += len(flows)
        self.columns |= {*records.columns, *flows.columns}

    def drop(self) -> None:
        self._pending = 0

    def keep(self, outcome: Outcome, slots: Sequence[Outcome]) -> None:
        self.flows += self._pending
        self.drop()
        self.outcomes.append(outcome)
        self.slots += slots


def kept(contents: Sequence[bytes]) -> Kept:
    recorder = Kept()
    replay = Replay(Context(names_talkers=True), complain=lambda _: 1, recorder=recorder)
    for _ in replay.findings_in_all(HeldFile(f"{number:05}", each) for number, each in enumerate(contents)):
        pass
    return recorder


def works(at: int) -> list[str]:
    return exchange(CLIENT, SERVER, 5_432, start=at, end=at + 30)


def fails(at: int) -> list[str]:
    return [probe(CLIENT, SERVER, 5_432, srcport=41_000, start=at, end=at + 10, packets=6, bytes=360)]


def test_files_of_several_slots_are_measured_once_and_each_slot_is_counted() -> None:
    found = kept([flow_log(works(NOON)), flow_log(works(NOON)), flow_log([*works(NOON + 600), "bad"])])
    (outcome,) = found.outcomes
    assert [(each.lines, each.rejected.total, each.newest_end) for each in found.slots] == [
        (4, 0, NOON + 30),
        (3, 1, NOON + 630),
    ]
    assert [len(each.talkers.conversations) for each in found.slots] == [1, 1]
    assert [len(each.unknown_interfaces) for each in found.slots] == [1, 1]
    assert outcome.measurements["minute"].to_list() == [NOON, NOON + 600]
    assert (found.flows, outcome.lines) == (6, 7)
    assert SLOT not in found.columns


def test_slots_that_are_judged_apart_are_kept_once() -> None:
    """What was added of all of them is forgotten when they are judged again."""
    found = kept([flow_log(lines) for lines in (works(NOON), fails(NOON + 600), works(NOON + 1_200))])
    assert len(found.outcomes) > 1
    assert (found.flows, [each.lines for each in found.slots]) == (5, [2, 1, 2])


def test_a_file_that_is_unreadable_has_the_records_before_its_damage() -> None:
    found = kept([b"no header", flow_log(["bad", "bad", line()])])
    assert (found.flows, [each.lines for each in found.slots]) == (1, [3])
