"""One source from bytes to findings: every line is accounted for, and effects happen once, after the end."""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest

from flowsentry.decode import object_texts, subscription, subscription_text
from flowsentry.emit.enriched_object import EnrichedFile, enriched_key
from flowsentry.errors import CutOffError, PoisonError, RetryableError
from flowsentry.findings.evidence import Evidence, History
from flowsentry.findings.finding import Finding
from flowsentry.frames import LogText
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.inventory.inventory import Inventory
from flowsentry.pipeline import MAX_UNKNOWN_INTERFACES, Context, Outcome, Stores, process
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.builders import (
    DAY,
    INTERFACE,
    NOON,
    V2,
    Watch,
    blocked,
    flow_log,
    interface,
    line,
    log_text,
    no_data,
    payload,
    probe,
)

DAY_SECONDS, YEAR_3000 = 86_400, 32_503_680_000
SCAN = [probe("203.0.113.9", f"10.0.1.{number}", 22) for number in range(1, 21)]


def outcome_of(data: bytes) -> Outcome:
    (outcome,) = Watch().see(data)
    return outcome


def test_every_line_is_a_record_a_status_or_rejected() -> None:
    outcome = outcome_of(flow_log([*SCAN, line(), no_data(), no_data(), no_data(log_status="SKIPDATA"), "bad", ""]))
    assert outcome.lines == 26
    assert (outcome.accepted_records, outcome.nodata, outcome.skipdata, outcome.rejected.total) == (21, 2, 1, 2)
    assert (outcome.newest_end, outcome.damage, outcome.unknown_fields) == (NOON + 30, None, ())
    assert sorted(each.subject for each in outcome.findings) == ["203.0.113.9", INTERFACE]


@pytest.mark.parametrize("nothing", [b"", gzip.compress(b"", mtime=0), flow_log([]), flow_log([]).rstrip(b"\n")])
def test_a_source_without_lines_is_an_empty_outcome(nothing: bytes) -> None:
    outcome = outcome_of(nothing)
    assert (outcome.lines, outcome.newest_end, outcome.findings, len(outcome.measurements)) == (0, None, [], 0)


@pytest.mark.parametrize("lines", [["bad"], [no_data()], ["", "bad", no_data(log_status="SKIPDATA")]])
def test_a_source_without_traffic_is_counted(lines: list[str]) -> None:
    outcome = outcome_of(flow_log(lines))
    assert (outcome.lines, outcome.accepted_records, len(outcome.measurements)) == (len(lines), 0, 0)


def test_capture_gaps_of_all_chunks_add_up() -> None:
    chunks = [log_text([no_data(), line(), no_data(log_status="SKIPDATA")]) for _ in range(3)]
    outcome = Watch().see_texts(chunks)
    (row,) = outcome.capture_gaps.iter_rows(named=True)
    assert (row["interface"], row["hour"], row["nodata"], row["skipdata"]) == (INTERFACE, NOON, 3, 3)
    assert [(each.kind, each.details["records"]) for each in outcome.findings] == [("records_skipped", 3)]


def test_records_that_come_days_late_count_at_their_own_time(tmp_path: Path) -> None:
    path, watch = tmp_path / "enriched.parquet", Watch()
    days_later = NOON + 5 * DAY_SECONDS
    outcome = process([log_text(SCAN)], watch.context, watch.stores, EnrichedFile(path), now=days_later)
    assert (outcome.future_records, outcome.newest_end) == (0, NOON + 30)
    assert outcome.measurements["minute"].to_list() == [NOON]
    assert {key.day for key in watch.evidence.items} == {DAY}
    assert [(each.first_seen, each.last_seen) for each in watch.found] == [(NOON, NOON + 30)]
    assert enriched_key("s3://logs/late", outcome.newest_end or 0).startswith("enriched/day=2026-01-01/")
    assert pl.read_parquet(path)["start"].unique().to_list() == [NOON]


def test_a_clock_that_is_wrong_by_hours_is_counted_and_its_scan_is_found() -> None:
    outcome, watch = seen_at(NOON - 3 * 3_600, SCAN)
    assert outcome.future_records == len(SCAN)
    assert outcome.newest_end == NOON + 30
    assert [each.subject for each in watch.found] == ["203.0.113.9"]


def test_a_record_of_the_year_3000_is_kept_and_measured_and_is_no_evidence(tmp_path: Path) -> None:
    path = tmp_path / "enriched.parquet"
    far = [probe("203.0.113.9", f"10.0.1.{number}", 22, start=YEAR_3000, end=YEAR_3000) for number in range(1, 21)]
    far += [no_data(log_status="SKIPDATA", start=YEAR_3000, end=YEAR_3000)]
    outcome, watch = seen_at(NOON, [*far, line()], path)
    assert (outcome.accepted_records, outcome.future_records) == (21, 21)
    assert (outcome.skipdata, outcome.newest_end) == (1, NOON + 30)
    assert len(pl.read_parquet(path)) == 21
    assert outcome.measurements["minute"].to_list() == [NOON, YEAR_3000]
    assert (watch.evidence.items, watch.found) == ({}, [])


def test_a_record_of_the_year_3000_hides_no_finding() -> None:
    outcome, watch = seen_at(NOON, [*SCAN, line(start=YEAR_3000, end=YEAR_3000)])
    assert outcome.future_records == 1
    assert [each.subject for each in watch.found] == ["203.0.113.9"]


def seen_at(now: float, lines: list[str], enriched: Path | None = None) -> tuple[Outcome, Watch]:
    watch = Watch()
    texts = [log_text(lines)]
    file = EnrichedFile(enriched) if enriched else None
    return process(texts, watch.context, watch.stores, file, now), watch


def test_a_control_message_is_an_empty_outcome() -> None:
    control = subscription(payload(["CWL CONTROL MESSAGE"], "CONTROL_MESSAGE"))
    assert Watch().see_texts([subscription_text(control, DEFAULT_LOG_FORMAT)]).lines == 0


def test_unknown_fields_are_listed() -> None:
    names = (*V2, "moon-phase", "tide")
    assert outcome_of(flow_log([line(names)], names)).unknown_fields == ("moon-phase", "tide")


def test_any_subset_of_fields_is_processed() -> None:
    for names in (("srcaddr", "dstaddr"), ("version", "tcp-flags"), ("start", "end"), ("bytes", "action"), V2[3:]):
        assert outcome_of(flow_log([line(names)] * 3, names)).accepted_records == 3


def test_unknown_interfaces_are_listed_in_order_and_bounded() -> None:
    known = Inventory.of((interface("10.0.0.1", interface_id=INTERFACE),))
    lines = [line(), line(interface_id="eni-b"), line(interface_id="eni-a"), line(interface_id="eni-b")]
    assert Watch(known).see(flow_log(lines))[0].unknown_interfaces == ("eni-a", "eni-b")
    many = flow_log(line(interface_id=f"eni-{number}") for number in range(500))
    assert len(outcome_of(many).unknown_interfaces) == MAX_UNKNOWN_INTERFACES


def cut_off(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)[:-4]


def test_a_source_that_was_cut_off_has_its_findings_and_its_damage() -> None:
    outcome = outcome_of(cut_off(flow_log(SCAN)))
    assert isinstance(outcome.damage, CutOffError)
    assert (outcome.accepted_records, len(outcome.findings)) == (20, 1)


def damaged(data: bytes) -> bytes:
    whole = bytearray(gzip.compress(data, mtime=0))
    whole[-6] ^= 1
    return bytes(whole)


@pytest.mark.parametrize("data", [damaged(flow_log(SCAN)), b"no header\n", damaged(flow_log(SCAN * 5000))])
@pytest.mark.parametrize("is_written", [True, False], ids=["with Parquet", "without"])
def test_a_source_that_raises_poison_has_no_effect(tmp_path: Path, data: bytes, is_written: bool) -> None:  # noqa: FBT001
    watch, file = Watch(), EnrichedFile(tmp_path / "enriched.parquet") if is_written else None
    with pytest.raises(PoisonError) as poison:
        process(object_texts([data]), watch.context, watch.stores, file)
    assert not isinstance(poison.value, CutOffError)
    assert (watch.evidence.items, watch.found) == ({}, [])


def test_the_second_delivery_of_a_source_changes_nothing() -> None:
    watch = Watch()
    first, second = watch.see(flow_log(SCAN), flow_log(SCAN))
    assert (len(first.findings), second.findings) == (1, [])
    once = Watch()
    once.see(flow_log(SCAN))
    assert (once.evidence.items, once.found) == (watch.evidence.items, watch.found)


def test_the_enriched_flows_are_written_with_their_owners(tmp_path: Path) -> None:
    path = tmp_path / "enriched.parquet"
    watch = Watch(Inventory.of((interface("10.0.0.1"),)))
    texts = [log_text([line(), no_data()]), log_text([line()])]
    process(texts, watch.context, watch.stores, EnrichedFile(path))
    assert pl.read_parquet(path)["source_owner_name"].to_list() == ["web-1", "web-1"]


def test_no_file_is_written_for_a_source_without_traffic(tmp_path: Path) -> None:
    path, watch = tmp_path / "enriched.parquet", Watch()
    process([log_text([no_data(), "bad"])], watch.context, watch.stores, EnrichedFile(path))
    assert not path.exists()


class EvidenceOutOfReach(EvidenceInMemory):
    """A store that cannot be reached the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 1

    def merge(self, batch: Sequence[Evidence]) -> list[History]:
        if self.failures:
            self.failures -= 1
            raise RetryableError("throttled")
        return super().merge(batch)


class FindingsOutOfReach(FindingsInMemory):
    """A store that fails after it put the first finding."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 1

    def put_new(self, findings: Sequence[Finding]) -> list[Finding]:
        if self.failures:
            self.failures -= 1
            super().put_new(findings[:1])
            raise RetryableError("throttled")
        return super().put_new(findings)


@pytest.mark.parametrize(
    ("evidence", "findings"),
    [(EvidenceOutOfReach, FindingsInMemory), (EvidenceInMemory, FindingsOutOfReach)],
    ids=["evidence", "findings"],
)
def test_an_unavailable_store_is_retryable_and_a_retry_is_harmless(
    evidence: type[EvidenceInMemory], findings: type[FindingsInMemory]
) -> None:
    stores = evidence(), findings()
    with pytest.raises(RetryableError):
        process([log_text(SCAN)], Context(), Stores(*stores))
    process([log_text(SCAN)], Context(), Stores(*stores))
    once = Watch()
    once.see_texts([log_text(SCAN)])
    assert (once.evidence.items, once.findings.findings) == (stores[0].items, stores[1].findings)


def test_an_error_while_reading_is_raised_and_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[LogText]:
        yield log_text(SCAN)
        raise RetryableError("the object's download broke off")

    watch = Watch()
    with pytest.raises(RetryableError, match="broke off"):
        process(broken(), watch.context, watch.stores, EnrichedFile(tmp_path / "enriched.parquet"))
    assert watch.evidence.items == {}


class FindingsInParts(FindingsInMemory):
    """A store that remembers how it was given the findings."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[list[Finding]] = []

    def put_new(self, findings: Sequence[Finding]) -> list[Finding]:
        self.parts.append(list(findings))
        return super().put_new(findings)


def blocked_paths(count: int) -> Iterator[str]:
    for number in range(count):
        yield blocked(f"10.0.{number >> 8}.{number & 255}", "10.9.0.1", 5_432, start=NOON - 900, end=NOON - 890)


INSIDE_SCAN = [probe("10.8.0.1", f"10.0.1.{number}", 22) for number in range(1, 21)]


def test_the_loudest_findings_are_put_first() -> None:
    store = FindingsInParts()
    process([log_text([*blocked_paths(250), *INSIDE_SCAN])], Context(), Stores(EvidenceInMemory(), store))
    assert [len(part) for part in store.parts] == [100, 100, 51]
    assert [[each.kind for each in part].count("host_sweep") for part in store.parts] == [1, 0, 0]


def test_findings_without_time_left_are_summed_up() -> None:
    store, seconds = FindingsInParts(), iter([60.0, 5.0])
    stores = Stores(EvidenceInMemory(), store)
    process([log_text([*blocked_paths(250), *INSIDE_SCAN])], Context(), stores, seconds_left=lambda: next(seconds))
    *told, (summed_up,) = store.parts
    assert [len(part) for part in told] == [100, 100]
    assert (summed_up.kind, summed_up.details["left_out"], summed_up.details["number"]) == (
        "flood",
        "blocked_internal",
        51,
    )


def test_each_batch_sums_up_its_findings_without_time_left() -> None:
    store = FindingsInParts()
    for day in (0, 1):
        stores, seconds = Stores(EvidenceInMemory(), store), iter([60.0, 5.0])
        lines = [*blocked_paths(250), *(each.replace("10.9.0.1", f"10.9.1.{day}") for each in blocked_paths(250))]
        process([log_text(lines)], Context(), stores, seconds_left=lambda left=seconds: next(left))  # type: ignore[misc]
    floods = [each for each in store.findings.values() if each.kind == "flood"]
    assert len(floods) == 2
