"""Every line of a source is accounted for, and every record of traffic is written."""

import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.emit.enriched_object import EnrichedFile
from flowsentry.frames import LogText
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.inventory.inventory import Inventory
from flowsentry.pipeline import Context, Outcome, Stores, process
from flowsentry.records.fields import column_of
from flowsentry.records.missing_fields import missing_fields
from tests.builders import Watch, flow_log, interface, log_text
from tests.properties.strategies import LAW_OF_TRAFFIC, bad_lines, formats, records

KNOWN = Inventory.of((interface("10.0.0.1", interface_id="eni-1"), interface("10.0.0.2", vpc_id="vpc-1")))


@LAW_OF_TRAFFIC
@given(st.data())
def test_every_line_of_every_format_is_a_record_a_status_or_rejected(data: st.DataObject) -> None:
    names = data.draw(formats)
    good, bad = data.draw(st.lists(records(names), max_size=20)), data.draw(st.lists(bad_lines(names), max_size=3))
    (outcome,) = Watch().see(flow_log([*good, *bad], names))
    assert outcome.lines == len(good) + len(bad)
    assert outcome.accepted_records + outcome.nodata + outcome.skipdata == len(good)
    assert outcome.rejected.total == len(bad)
    assert outcome.missing_fields == (missing_fields([column_of(name) for name in names]) if outcome.lines else ())


def kept(texts: list[LogText]) -> tuple[Outcome, pl.DataFrame | None]:
    """The outcome of a source, and its enriched Parquet, if any was written."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "enriched.parquet"
        outcome = process(texts, Context(KNOWN), Stores(EvidenceInMemory(), FindingsInMemory()), EnrichedFile(path))
        return outcome, pl.read_parquet(path) if path.exists() else None


@LAW_OF_TRAFFIC
@given(st.data())
def test_every_record_of_traffic_is_written_in_every_format_and_division(data: st.DataObject) -> None:
    names = data.draw(formats)
    lines = data.draw(st.lists(records(names), max_size=20))
    size = data.draw(st.integers(1, 20))
    outcome, written = kept([log_text(lines[first : first + size], names) for first in range(0, len(lines), size)])
    assert outcome.lines == len(lines)
    assert outcome.accepted_records == (0 if written is None else len(written))
    if written is not None:
        assert {column_of(name) for name in names} <= set(written.columns)
