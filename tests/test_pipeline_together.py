"""Many small sources as one: the same rows, sums and evidence as of each alone."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from flowsentry import measure as measuring
from flowsentry.decode import object_texts
from flowsentry.emit.enriched_object import EnrichedFile
from flowsentry.frames import SmallSource
from flowsentry.pipeline import Outcome, process, process_together
from flowsentry.traffic_bill import add_up_charges, merged_charges
from tests import cut_traffic
from tests.builders import Watch, line, log_text, probe

SCAN = [probe("203.0.113.9", f"10.0.1.{number}", 22) for number in range(1, 21)]


def small(lines: list[str], name: str = "source") -> SmallSource:
    return SmallSource(name, (log_text(lines),))


def sums_of(outcomes: Sequence[Outcome]) -> Sequence[list[tuple[object, ...]]]:
    """The measurements, owner sums and charges of all outcomes, added up."""
    measured = measuring.add_up([each.measurements for each in outcomes])
    owned = measuring.add_up_owners([each.owner_sums for each in outcomes])
    charged = add_up_charges(merged_charges([each.charge_sums for each in outcomes]))
    return [sorted(frame.rows(), key=str) for frame in (measured, owned, charged)]


@pytest.mark.parametrize("cut", [cut_traffic.interface_minutes, cut_traffic.ten_seconds])
def test_sources_together_have_the_rows_findings_and_sums_of_each_alone(tmp_path: Path, cut: cut_traffic.Cut) -> None:
    """Together they are one delivery, so what differs is what differs between deliveries: see docs/architecture.md."""
    pieces = cut(cut_traffic.made_traffic())[:12]
    alone, together = Watch(), Watch()
    sources = [SmallSource(str(number), tuple(object_texts([piece]))) for number, piece in enumerate(pieces)]
    outcomes = []
    for number, source in enumerate(sources):
        file = EnrichedFile(tmp_path / f"{number}.parquet")
        outcomes.append(process(source.chunks, alone.context, alone.stores, file))
    whole = EnrichedFile(tmp_path / "whole")
    outcome, each = process_together(sources, together.context, together.stores, whole)
    rows = pl.concat(pl.read_parquet(path) for path in sorted(tmp_path.glob("*.parquet")))
    assert rows.sort(rows.columns).equals(pl.read_parquet(whole.path).sort(rows.columns))
    assert sums_of([outcome]) == sums_of(outcomes)
    assert (outcome.lines, [source.lines for source in each]) == (
        sum(one.lines for one in outcomes),
        [one.lines for one in outcomes],
    )
    assert {one.kind for one in together.found} >= {one.kind for one in alone.found}
    assert failed_endpoints(together) == failed_endpoints(alone)


def failed_endpoints(watch: Watch) -> dict[object, object]:
    return {key: each.failed for key, each in watch.evidence.items.items() if each.is_suspicious}


def test_an_unreadable_source_has_no_part_in_the_others_outcome() -> None:
    watch = Watch()
    outcome, each = process_together([small(SCAN), small(["x", "y", line()])], watch.context, watch.stores)
    assert (outcome.lines, outcome.rejected.total, outcome.damage) == (20, 0, None)
    assert [bool(source.damage) for source in each] == [False, True]


def test_no_readable_source_is_an_empty_outcome(tmp_path: Path) -> None:
    watch, file = Watch(), EnrichedFile(tmp_path / "enriched.parquet")
    outcome, _ = process_together([small(["x"])], watch.context, watch.stores, file)
    assert (outcome.lines, outcome.findings, file.path.exists()) == (0, [], False)
