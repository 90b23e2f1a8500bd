"""Compares two settings on the same flow logs: findings that appear, disappear, or are raised at another time."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

from flowsentry.emit.plain_text import duration, plain
from flowsentry.findings.finding import Finding
from local.log_files import LogSource
from local.replay.replay import Replay

MAX_TITLE_LETTERS = 160


@dataclass
class Side:
    """One of the two settings: its name, and its findings by id, without suppressed findings."""

    name: str
    replay: Replay
    findings: dict[str, Finding] = field(default_factory=dict)

    def take(self, source: LogSource) -> None:
        """Replays one source."""
        alerted = (finding for finding in self.replay.findings_in(source) if not finding.suppressed_by)
        self.findings |= {finding.id: finding for finding in alerted}


@dataclass(frozen=True)
class Comparison:
    """The findings `before`, with the first setting, and `after`, with the second."""

    before: Side
    after: Side

    def take(self, source: LogSource) -> None:
        """Replays one source with both settings."""
        for side in (self.before, self.after):
            side.take(source)

    @property
    def disappearing(self) -> list[Finding]:
        """Findings of the first setting only."""
        return _only_in(self.before, self.after)

    @property
    def appearing(self) -> list[Finding]:
        """Findings of the second setting only."""
        return _only_in(self.after, self.before)

    @property
    def staying(self) -> list[tuple[Finding, Finding]]:
        """Findings of both settings, as pairs: as the first raises it, as the second raises it."""
        after = self.after.findings
        return [(finding, after[id_]) for id_, finding in self.before.findings.items() if id_ in after]

    def lines(self) -> Iterator[str]:
        """The comparison as text lines."""
        yield from self._table()
        yield from _listed(f"disappear with {self.after.name}", self.disappearing)
        yield from _listed(f"appear with {self.after.name}", self.appearing)
        yield from self._delays()

    def json_lines(self) -> Iterator[str]:
        """The comparison as JSON lines: `change` is disappears, appears or stays; `finding` of stays is the second."""
        yield from (_change("disappears", finding) for finding in self.disappearing)
        yield from (_change("appears", finding) for finding in self.appearing)
        for before, after in self.staying:
            yield _change("stays", after, later_seconds=after.last_seen - before.last_seen)

    def _table(self) -> Iterator[str]:
        """A table of the findings of each kind, one column per setting."""
        sides = [Counter(f"{each.kind} ({each.severity})" for each in side.findings.values()) for side in self._sides]
        kinds = sorted(set().union(*sides))
        names = [side.name for side in self._sides]
        widths = [max(len(name), 6) for name in names]
        first = max(map(len, ("findings", *kinds)))
        yield _row("", names, first, widths)
        yield _row("findings", [str(side.total()) for side in sides], first, widths)
        yield from (_row(kind, [str(side[kind]) for side in sides], first, widths) for kind in kinds)

    @property
    def _sides(self) -> tuple[Side, Side]:
        return self.before, self.after

    def _delays(self) -> Iterator[str]:
        later = [after.last_seen - before.last_seen for before, after in self.staying]
        moved = sorted(seconds for seconds in later if seconds)
        yield ""
        yield f"{len(later)} found by both" + (f", {len(moved)} of them at a different time" if moved else "")
        if moved:
            median = moved[len(moved) // 2]
            yield f"  median difference {duration(abs(median))} {'later' if median > 0 else 'earlier'}"


def _change(change: str, finding: Finding, **more: int) -> str:
    return json.dumps({"change": change, "finding": asdict(finding), **more}, sort_keys=True)


def _only_in(one: Side, other: Side) -> list[Finding]:
    return [finding for id_, finding in one.findings.items() if id_ not in other.findings]


def _listed(what: str, findings: Sequence[Finding]) -> Iterator[str]:
    yield ""
    yield f"{len(findings)} {what}"
    yield from (f"  {each.severity:<10} {plain(each.title, MAX_TITLE_LETTERS)}  ({each.kind})" for each in findings)


def _row(first: str, others: Sequence[str], width: int, widths: Sequence[int]) -> str:
    cells = (f"{other:>{wide}}" for other, wide in zip(others, widths, strict=True))
    return "  ".join((f"{first:<{width}}", *cells)).rstrip()
