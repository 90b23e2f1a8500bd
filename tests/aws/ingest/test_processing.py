"""What a processed source leaves in the processor's files, memory, logs and metrics."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from flowsentry import telemetry
from flowsentry.aws import clients
from flowsentry.aws.findings.suppressions import LiveSuppressions
from flowsentry.aws.ingest.processing import (
    LEFT_BEHIND_SECONDS,
    SourceProcessor,
    rejected_key,
    remove_left_behind,
)
from flowsentry.aws.inventory.store import InventoryStore
from flowsentry.aws.object_store import ObjectStore
from flowsentry.aws.source_metrics import MAX_NAMED_INTERFACES
from flowsentry.findings.thresholds import Thresholds
from flowsentry.frames import LogText
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.inventory.address_space import PRIVATE_NETWORKS
from flowsentry.inventory.inventory import Discovery, Interface, Inventory, TargetState
from flowsentry.inventory.named_services import NamedServices
from flowsentry.records.fields import DEFAULT_NAMES
from flowsentry.settings import ProcessorSettings, UploadedDetectionSettings
from tests.lambdas.conftest import metrics_in, total
from tests.moto_world import INVENTORY_KEY, OUTPUT_BUCKET, keys_in, make_bucket

NOW = 1_793_676_000
DETECTION_KEY = "detection.json"
HOUR, DAY = 3_600, 86_400
LINE = f"2 123456789012 eni-1 10.0.1.5 10.0.3.7 50001 443 6 20 9000 {NOW} {NOW} ACCEPT OK\n"


@dataclass
class Requests:
    """Records the requested interfaces and those stated as absent."""

    questions: list[tuple[tuple[str, ...], dict[str, int]]] = field(default_factory=list)

    def request(self, interface_ids: Iterable[str], absent: Mapping[str, int]) -> None:
        self.questions.append((tuple(interface_ids), dict(absent)))


@pytest.fixture
def processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourceProcessor:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    make_bucket(OUTPUT_BUCKET)
    inventory = InventoryStore(OUTPUT_BUCKET, INVENTORY_KEY, clients.s3())
    return SourceProcessor(
        EvidenceInMemory(),
        FindingsInMemory(),
        inventory,
        ObjectStore(clients.s3()),
        OUTPUT_BUCKET,
        Requests(),
        clock=lambda: NOW,
    )


def text(lines: str) -> LogText:
    return LogText(DEFAULT_NAMES, lines.encode(), 2)


def skipped(interface_id: str, records: int = 1) -> str:
    return f"2 123456789012 {interface_id} - - - - - - - {NOW - 60} {NOW} - SKIPDATA\n" * records


Printed = Callable[[], tuple[dict[str, Any], list[dict[str, Any]]]]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Printed:
    """The log line of the source just processed, and the metrics."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "object_processor")
    telemetry.metrics.cache_clear()
    telemetry.metrics().clear_metrics()
    logged: list[dict[str, Any]] = []
    monkeypatch.setattr(telemetry.logger(), "info", lambda _message, extra: logged.append(extra))

    def read() -> tuple[dict[str, Any], list[dict[str, Any]]]:
        telemetry.metrics().flush_metrics()
        return logged[-1], metrics_in(capsys.readouterr().out)

    return read


def test_skipped_records_are_logged_by_interface_and_counted_once(processor: SourceProcessor, printed: Printed) -> None:
    processor.process("s3://logs/a", [text(LINE + skipped("eni-a") + skipped("eni-b", 3))])
    log, metrics = printed()
    assert list(log["skipped_records"].items()) == [("eni-b", 3), ("eni-a", 1)]
    assert total(metrics, "SkippedRecords") == 4
    named = [line["interface"] for line in metrics if "SkippedRecords" in line]
    assert named == ["eni-b", "eni-a"]


def test_of_many_interfaces_with_skipped_records_some_are_named_and_all_are_counted(
    processor: SourceProcessor, printed: Printed
) -> None:
    processor.process("s3://logs/a", [text("".join(skipped(f"eni-{number}") for number in range(50)))])
    log, metrics = printed()
    assert len(log["skipped_records"]) == MAX_NAMED_INTERFACES
    assert total(metrics, "SkippedRecords") == 50
    assert len([line for line in metrics if "interface" in line]) == MAX_NAMED_INTERFACES


def test_records_of_a_clock_that_runs_ahead_are_counted(processor: SourceProcessor, printed: Printed) -> None:
    ahead = LINE.replace(str(NOW), str(NOW + HOUR))
    processor.process("s3://logs/a", [text(LINE + ahead)])
    log, metrics = printed()
    assert (log["future_records"], total(metrics, "FutureRecords")) == (1, 1)


def test_fields_that_a_format_lacks_are_logged(processor: SourceProcessor, printed: Printed) -> None:
    processor.process("s3://logs/a", [text(LINE + skipped("eni-a"))])
    log, _ = printed()
    assert log["missing_fields"] == ["tcp-flags", "vpc-id", "flow-direction", "pkt-srcaddr", "pkt-dstaddr"]


def test_late_records_leave_everything_at_their_own_time(
    processor: SourceProcessor, capsys: pytest.CaptureFixture[str]
) -> None:
    processor.clock = lambda: NOW + 5 * DAY
    processor.process("s3://logs/late", [text(LINE)])
    (key,) = keys_in(OUTPUT_BUCKET, "enriched/")
    assert key.startswith("enriched/day=2026-11-03/")
    stamps = [line["_aws"]["Timestamp"] for line in metrics_in(capsys.readouterr().out) if "Flows" in line]
    assert stamps == [NOW // 60 * 60_000]


def test_local_files_are_deleted_after_a_source_was_processed(processor: SourceProcessor, tmp_path: Path) -> None:
    processor.process("s3://logs/a", [text(LINE)])
    assert len(keys_in(OUTPUT_BUCKET, "enriched/")) == 1
    assert list(tmp_path.iterdir()) == []


def test_local_files_are_deleted_after_a_source_failed(processor: SourceProcessor, tmp_path: Path) -> None:
    clients.s3().delete_bucket(Bucket=OUTPUT_BUCKET)
    with pytest.raises(Exception, match="NoSuchBucket"):
        processor.process("s3://logs/a", [text(LINE)])
    assert list(tmp_path.iterdir()) == []


def test_the_context_is_built_once_per_snapshot(processor: SourceProcessor) -> None:
    processor.process("s3://logs/a", [text(LINE)])
    first = processor._context
    processor.process("s3://logs/b", [text(LINE)])
    assert processor._context is first
    processor.inventory.update(seen(NOW - 60))
    outcome = processor.process("s3://logs/c", [text(LINE)])
    assert outcome.unknown_interfaces == ()


BLOCKED = "".join(
    f"2 123456789012 eni-1 10.0.1.{host} 10.0.3.7 50001 5432 6 5 300 {NOW} {NOW} REJECT OK\n" for host in (5, 6)
)


def suppress(processor: SourceProcessor, *entries: dict[str, Any]) -> None:
    """Writes these suppressions into the object, and a minute passes."""
    body = json.dumps({"suppressions": entries})
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key="suppressions.json", Body=body)
    processor.suppressions = LiveSuppressions.of(OUTPUT_BUCKET, "suppressions.json", "")


def test_suppressed_findings_are_stored_and_counted_separately(processor: SourceProcessor, printed: Printed) -> None:
    suppress(processor, {"reason": "it is known", "networks": ["10.0.1.5"]})
    outcome = processor.process("s3://logs/a", [text(BLOCKED)])
    log, metrics = printed()
    by_subject = {each.subject: each for each in outcome.findings}
    assert [by_subject[each].suppressed_by for each in ("10.0.1.5", "10.0.1.6")] == ["it is known", ""]
    assert (total(metrics, "FindingsRaised"), total(metrics, "FindingsSuppressed")) == (1, 1)
    assert [line["kind"] for line in metrics if "FindingsSuppressed" in line and "kind" in line] == ["blocked_internal"]
    assert log["suppressed"] == {by_subject["10.0.1.5"].id: "it is known"}


def test_a_removed_suppression_no_longer_applies(processor: SourceProcessor) -> None:
    suppress(processor, {"reason": "all of it", "ports": [5432]})
    assert all(each.suppressed_by for each in processor.process("s3://logs/a", [text(BLOCKED)]).findings)
    suppress(processor)
    later = BLOCKED.replace("10.0.3.7", "10.0.3.8")
    assert [each.suppressed_by for each in processor.process("s3://logs/b", [text(later)]).findings] == ["", ""]


def test_changed_thresholds_and_networks_apply_at_once(processor: SourceProcessor) -> None:
    processor.process("s3://logs/a", [text(LINE)])
    processor.thresholds = Thresholds.of({"blocked": {"min_packets": 6}})
    processor.trusted_networks = ("203.0.113.0/28",)
    assert processor.process("s3://logs/b", [text(BLOCKED)]).findings == []
    assert processor._context.address_space.is_trusted("203.0.113.1")


@pytest.mark.parametrize(("most", "lines"), [(5, 1), (0, 0)])
def test_a_source_is_one_log_line_with_its_talkers_unless_the_settings_want_none(
    processor: SourceProcessor, capsys: pytest.CaptureFixture[str], most: int, lines: int
) -> None:
    processor.top_talkers = most
    processor.process("s3://logs/a", [text(LINE)])
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith('{"report":"talkers"')]
    assert len(printed) == lines
    assert all(json.loads(line)["conversations"] for line in printed)


def test_a_processor_is_built_from_its_settings() -> None:
    make_bucket(OUTPUT_BUCKET)
    given = ProcessorSettings(
        evidence_table="evidence",
        findings_table="findings",
        output_bucket=OUTPUT_BUCKET,
        log_formats_parameter="/flowsentry/log-formats",
        inventory_queue_url="https://example.com/queue",
        detection_settings=f"s3://{OUTPUT_BUCKET}/{DETECTION_KEY}",
        observe_only_until=NOW,
    )
    detection = UploadedDetectionSettings(
        own_public_networks=("198.51.100.0/24",),
        trusted_networks=("203.0.113.0/28",),
        public_login_services=("git-1",),
        thresholds='{"scan": {"min_endpoints": 20}}',
    )
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=DETECTION_KEY, Body=detection.to_json().encode())
    made = SourceProcessor.of(given)
    assert made.inside_networks == (*PRIVATE_NETWORKS, "198.51.100.0/24")
    assert (made.trusted_networks, made.thresholds.scan.min_endpoints) == (("203.0.113.0/28",), 20)
    assert made.current_context().public_services == NamedServices.of(["git-1"])
    assert made.findings.observe_only_until == NOW  # type: ignore[attr-defined]
    other = SourceProcessor.of(replace(given, detection_settings=""))
    assert (other.inside_networks, other.trusted_networks) == (PRIVATE_NETWORKS, ())


def seen(taken_at: int, absent: Mapping[str, int] | None = None) -> Callable[[Inventory], Inventory]:
    """A discovery of a target in which the interface of the line belongs to a web server."""
    web = Interface("eni-1", "vpc-1", "subnet-1", "euc1-az1", ("10.0.1.5",), (), "instance", "i-1", "web-1")
    discovery = Discovery("here", TargetState(taken_at, 1, {"vpc-1": ("10.0.0.0/16",)}), (web,))
    return lambda inventory: replace(inventory.after(discovery), absent=absent or {})


def test_unknown_interfaces_are_requested_with_those_known_to_be_absent(
    processor: SourceProcessor,
) -> None:
    processor.inventory.update(seen(NOW - 60, absent={"eni-3": NOW - 60}))
    processor.process("s3://logs/a", [text(LINE + LINE.replace("eni-1", "eni-2") + LINE.replace("eni-1", "eni-3"))])
    assert processor.unknown == Requests([(("eni-2", "eni-3"), {"eni-3": NOW - 60})])


def test_a_source_that_fails_requests_no_interfaces(processor: SourceProcessor) -> None:
    clients.s3().delete_bucket(Bucket=OUTPUT_BUCKET)
    with pytest.raises(Exception, match="NoSuchBucket"):
        processor.process("s3://logs/a", [text(LINE)])
    assert processor.unknown == Requests([])


def test_the_age_of_the_inventory_is_that_of_the_newest_discovery(processor: SourceProcessor, printed: Printed) -> None:
    """A target that is no longer discovered, or fails, has an alarm of its own."""
    processor.inventory.update(seen(NOW - DAY))
    processor.inventory.update(lambda inventory: inventory.after(Discovery("there", TargetState(NOW - 90), ())))
    processor.process("s3://logs/a", [text(LINE + skipped("eni-a"))])
    _, metrics = printed()
    assert (total(metrics, "InventoryAgeSeconds"), total(metrics, "InventoryMissing")) == (90, 0)


def test_a_missing_inventory_has_no_age(processor: SourceProcessor, printed: Printed) -> None:
    processor.process("s3://logs/a", [text(LINE + skipped("eni-a"))])
    _, metrics = printed()
    assert total(metrics, "InventoryMissing") == 1
    assert [line for line in metrics if "InventoryAgeSeconds" in line] == []


def test_rejected_lines_of_a_source_have_one_key() -> None:
    assert rejected_key("s3://a/b") == rejected_key("s3://a/b") != rejected_key("s3://a/c")


def test_files_of_an_invocation_that_timed_out_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, age in (("flowsentry-old", LEFT_BEHIND_SECONDS + 1), ("flowsentry-new", 1), ("another-old", 9_999)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (NOW - age, NOW - age))
    remove_left_behind(NOW)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another-old", "flowsentry-new"]
