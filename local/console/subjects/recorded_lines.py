"""The log lines that the function for S3 would write about the files of a replay, each with its time."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from flowsentry.emit.log_lines.charges import charge_lines
from flowsentry.emit.log_lines.findings import finding_lines
from flowsentry.emit.log_lines.talkers import talkers_line
from flowsentry.emit.metrics import emf
from flowsentry.findings.finding import Finding
from flowsentry.frames import ChargeSums
from flowsentry.pipeline import Outcome
from local.console.console_data import LogEvent

TOP_TALKERS = 10
"""Talkers of a slot with a line, as the setting `top_talkers` is by default."""
SLOT_SECONDS = 300
"""Within which at most so many findings have a line as a source has."""


def log_lines(outcome: Outcome, slots: Sequence[Outcome], namespace: str, newest: int) -> Iterator[LogEvent]:
    """The lines about files that were judged as one. Metrics and charges have the time that they state, talkers that of
    the newest record of their slot, findings when each was last seen.
    """
    for line in emf(outcome.measurements, outcome.owner_sums, namespace, newest).lines:
        yield LogEvent(line, newest * 1_000)
    yield from _charges(outcome.charge_sums, namespace, newest)
    for slot in slots:
        if line := talkers_line(slot.talkers, slot.accepted_records, TOP_TALKERS):
            yield LogEvent(line, (slot.newest_end or newest) * 1_000)
    yield from _findings(outcome.findings)


def _charges(sums: ChargeSums, namespace: str, newest: int) -> Iterator[LogEvent]:
    """The lines of each five minutes. Those of bytes of an unknown path state no time."""
    for part in sums.partition_by("time", maintain_order=True):
        at = part["time"][0]
        for line in charge_lines(ChargeSums(part), namespace, newest):
            yield LogEvent(line, at * 1_000)


def _findings(findings: Sequence[Finding]) -> Iterator[LogEvent]:
    """At most as many lines for each slot as for a source."""
    ordered = sorted(findings, key=lambda each: each.last_seen)
    for _, some in groupby(ordered, lambda each: each.last_seen // SLOT_SECONDS):
        together = list(some)
        for line in finding_lines(together):
            yield LogEvent(line, together[-1].last_seen * 1_000)
