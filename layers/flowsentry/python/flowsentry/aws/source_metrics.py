"""Prints what became of a source: its log line and its metrics, after every store has accepted its results."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

from flowsentry.capture_gaps import skipped_by_interface
from flowsentry.emit.log_lines.charges import charge_lines
from flowsentry.emit.log_lines.findings import finding_lines
from flowsentry.emit.log_lines.talkers import talkers_line
from flowsentry.emit.metrics import emf
from flowsentry.findings.canary import is_test_alert
from flowsentry.pipeline import Outcome
from flowsentry.records.object_key import Origin
from flowsentry.telemetry import count, count_by, count_each, logger, namespace, print_lines

MAX_NAMED_INTERFACES = 20
"""Network interfaces with skipped records that the log names, those with the most first. More: longer log lines, and
one metric line more for each. Fewer: the others are named only in the digest."""


def measure_source(outcome: Outcome, now: int, top_talkers: int) -> None:
    """Counts a source and prints its metrics, with the time `now` (Unix s) for those of the pipeline."""
    count("Lines", outcome.lines)
    count("Records", outcome.accepted_records)
    count("NoDataRecords", outcome.nodata)
    named = _most_skipped(outcome)
    count("SkippedRecords", outcome.skipdata - sum(named.values()))
    count_each("SkippedRecords", "interface", named)
    count("FutureRecords", outcome.future_records)
    count("RejectsSeen", int(outcome.measurements["rejected_flows"].sum()))
    count("UnknownFields", len(outcome.unknown_fields))
    count("UnknownInterfaces", len(outcome.unknown_interfaces))
    count_by("RejectedLines", outcome.rejected.counts)
    found = [each for each in outcome.findings if not is_test_alert(each)]
    count_by("FindingsRaised", Counter(each.kind for each in found if not each.suppressed_by))
    count_by("FindingsSuppressed", Counter(each.kind for each in found if each.suppressed_by))
    if outcome.newest_end is not None:
        count("FreshnessSeconds", max(0, now - outcome.newest_end))
    traffic = emf(outcome.measurements, outcome.owner_sums, namespace(), now)
    count("MeasurementsTooOld", traffic.too_old)
    count("MeasurementsTooNew", traffic.too_new)
    count("MeasurementsUnnameable", traffic.unnameable)
    talkers = talkers_line(outcome.talkers, outcome.accepted_records, top_talkers)
    charges = charge_lines(outcome.charge_sums, namespace(), now)
    print_lines(line for line in (*traffic.lines, *charges, talkers, *finding_lines(found)) if line)


def log_source(source: str, origin: Origin | None, outcome: Outcome, more: Mapping[str, Any] | None = None) -> None:
    """Logs a source with findings, rejected, skipped or future records or unknown fields; others at level DEBUG."""
    odd_records = outcome.rejected.total + outcome.skipdata + outcome.future_records
    is_notable = bool(outcome.findings or odd_records or outcome.unknown_fields)
    write = logger().info if is_notable else logger().debug
    write(
        "source processed",
        extra={
            "source": source,
            **(more or {}),
            **(asdict(origin) if origin else {}),
            "lines": outcome.lines,
            "rejected_lines": dict(outcome.rejected.counts),
            "skipped_records": _most_skipped(outcome),
            "future_records": outcome.future_records,
            "findings": [finding.id for finding in outcome.findings],
            "suppressed": {each.id: each.suppressed_by for each in outcome.findings if each.suppressed_by},
            "unknown_fields": outcome.unknown_fields,
            "missing_fields": [each.missing for each in outcome.missing_fields],
            "unknown_interfaces": outcome.unknown_interfaces,
        },
    )


def _most_skipped(outcome: Outcome) -> dict[str, int]:
    return dict(islice(skipped_by_interface(outcome.capture_gaps).items(), MAX_NAMED_INTERFACES))
