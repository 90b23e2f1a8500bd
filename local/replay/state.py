"""What a replay that was stopped needs to go on: a file with its position, its stores and its sums."""

import gzip
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import msgspec

from flowsentry.findings.evidence import Evidence, EvidenceKey
from flowsentry.findings.finding import Finding
from flowsentry.findings.known_services import Answers, Service
from flowsentry.in_memory import EvidenceInMemory, KnownServicesInMemory
from flowsentry.records.missing_fields import MissingField
from local.inventory.kept_files import replace_file
from local.replay.replay import Replay
from local.report.bounded_sums import BoundedSums
from local.report.flow_sums import FlowSums, Sums
from local.report.found import Listed, Section

MAX_STATE_BYTES = 4 << 30
"""Of the text of a state. More: a damaged file fills the memory. Less: one of a very large replay is refused."""
COMPRESSION = 1
"""Of gzip: a state is written while somebody waits for the command to end."""
COUNTERS = ("lines", "rejected", "found", "suppressed", "skipped")
NUMBERS = ("unread", "sources", "future_records", "newest_end")


class StateError(Exception):
    """A state can't be read, written or used; the message is a sentence."""


class _SumsState(msgspec.Struct):
    """BoundedSums."""

    rows: list[dict[str, Any]]
    left_out: dict[str, int]

    @classmethod
    def of(cls, sums: BoundedSums) -> Self:
        return cls(rows=sums.values, left_out=sums.left_out)


class _BillState(msgspec.Struct):
    """The sums of a bill, and the time that it covers."""

    bytes: int
    notes: list[MissingField]
    has_gateway_logs: bool
    vpcs: list[tuple[tuple[str, str, str, str], dict[str, int]]]
    gateways: list[tuple[tuple[str, str, str, str], dict[str, int]]]
    first: int | None
    last: int | None
    days: list[int]


class _FlowState(msgspec.Struct):
    """FlowSums."""

    hours: _SumsState
    talkers: _SumsState
    refusals: _SumsState
    bill: _BillState


class ReplayState(msgspec.Struct, kw_only=True):
    """A replay between two files. `settings` is what decides its findings beside the files, as text by option."""

    version: Literal[1] = 1
    settings: dict[str, str]
    done: list[int]
    evidence: list[Evidence]
    answers: list[tuple[Service, dict[int, Answers]]]
    down_since: list[tuple[Service, int]]
    excused: list[EvidenceKey]
    findings: list[Finding]
    resolved: list[str]
    numbers: dict[str, int]
    counters: dict[str, dict[str, int]]
    without_data: list[str]
    missing_fields: list[MissingField]
    found: dict[Section, dict[str, int]]
    listed: dict[Section, list[Listed]]
    suppressed_findings: int
    flows: _FlowState | None

    @classmethod
    def of(cls, replay: Replay, settings: Mapping[str, str]) -> Self:
        """The state of a replay that is between two files."""
        evidence, services = replay.stores.evidence, replay.stores.services
        assert isinstance(evidence, EvidenceInMemory)  # noqa: S101 - for the type checker: a replay has no other
        assert isinstance(services, KnownServicesInMemory)  # noqa: S101 - likewise
        return cls(
            settings=dict(settings),
            done=list(replay.done.elements()),
            evidence=list(evidence.items.values()),
            answers=list(services.days.items()),
            down_since=list(services.down_since.items()),
            excused=sorted(services.excused),
            findings=list(replay.stored_findings.findings.values()),
            resolved=sorted(replay.stored_findings.resolved),
            numbers={name: getattr(replay, name) for name in NUMBERS},
            counters={name: dict(getattr(replay, name)) for name in COUNTERS},
            without_data=sorted(replay.without_data),
            missing_fields=list(replay.missing_fields),
            found={section: dict(counts) for section, counts in replay.found_sums.counts.items()},
            listed=replay.found_sums.listed,
            suppressed_findings=replay.found_sums.suppressed,
            flows=_flow_state(replay.flow_sums) if replay.flow_sums else None,
        )

    def restore(self, replay: Replay) -> None:
        """Makes a new replay what the stopped one was."""
        evidence, services = replay.stores.evidence, replay.stores.services
        assert isinstance(evidence, EvidenceInMemory)  # noqa: S101 - for the type checker: a replay has no other
        assert isinstance(services, KnownServicesInMemory)  # noqa: S101 - likewise
        evidence.restore(self.evidence)
        services.days = dict(self.answers)
        services.down_since = dict(self.down_since)
        services.excused = set(self.excused)
        replay.done = Counter(self.done)
        replay.stored_findings.findings = {each.id: each for each in self.findings}
        replay.stored_findings.resolved = set(self.resolved)
        for name, number in self.numbers.items():
            setattr(replay, name, number)
        for name, counts in self.counters.items():
            setattr(replay, name, Counter(counts))
        replay.without_data = set(self.without_data)
        replay.missing_fields = dict.fromkeys(self.missing_fields)
        replay.found_sums.counts.update({section: Counter(counts) for section, counts in self.found.items()})
        replay.found_sums.listed.update(self.listed)
        replay.found_sums.suppressed = self.suppressed_findings
        if replay.flow_sums and self.flows:
            _restore_flows(replay.flow_sums.whole, self.flows)

    def check(self, settings: Mapping[str, str]) -> None:
        """Raises StateError where the replay that was stopped had other settings."""
        names = sorted(name for name in {*settings, *self.settings} if settings.get(name) != self.settings.get(name))
        if names:
            raise StateError(f"was begun with another {', '.join(names)}; give the same, or begin again without it")


def load(path: Path) -> ReplayState | None:
    """The state in a file; None where there is no file. Raises StateError."""
    try:
        with gzip.open(path) as file:
            text = file.read(MAX_STATE_BYTES + 1)
        if len(text) > MAX_STATE_BYTES:
            raise StateError(f"{path} is larger than any state of a replay")
        return msgspec.json.decode(text, type=ReplayState)
    except FileNotFoundError:
        return None
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else "it is no state of a replay"
        raise StateError(f"{path}: {what}") from error


def save(state: ReplayState, path: Path) -> None:
    """Writes a state, whole or not at all, so that only its owner can read it. Raises StateError."""
    try:
        replace_file(path, gzip.compress(msgspec.json.encode(state), COMPRESSION, mtime=0))
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from error


def _flow_state(flow_sums: FlowSums) -> _FlowState:
    sums = flow_sums.settle()
    bill = sums.bill
    return _FlowState(
        hours=_SumsState.of(sums.hours),
        talkers=_SumsState.of(sums.talkers),
        refusals=_SumsState.of(sums.refusals),
        bill=_BillState(
            bytes=bill.bytes,
            notes=list(bill.notes),
            has_gateway_logs=bill.has_gateway_logs,
            vpcs=[(key, dict(sums)) for key, sums in bill.of_vpcs.settle().items()],
            gateways=[(key, dict(sums)) for key, sums in bill.of_gateways.settle().items()],
            first=bill.coverage.first,
            last=bill.coverage.last,
            days=sorted(bill.coverage.covered_days),
        ),
    )


def _restore_flows(sums: Sums, state: _FlowState) -> None:
    sums.hours.restore(state.hours.rows, state.hours.left_out)
    sums.talkers.restore(state.talkers.rows, state.talkers.left_out)
    sums.refusals.restore(state.refusals.rows, state.refusals.left_out)
    bill, stored = sums.bill, state.bill
    bill.bytes, bill.has_gateway_logs = stored.bytes, stored.has_gateway_logs
    bill.notes = dict.fromkeys(stored.notes)
    bill.of_vpcs.add_sums({key: Counter(sums) for key, sums in stored.vpcs})
    bill.of_gateways.add_sums({key: Counter(sums) for key, sums in stored.gateways})
    coverage = bill.coverage
    coverage.first, coverage.last, coverage.covered_days = stored.first, stored.last, set(stored.days)
