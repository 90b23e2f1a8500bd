"""What a source leaves behind in the processor's own folder and memory."""

import os
from pathlib import Path

import pytest

from flowsentry.aws import clients
from flowsentry.aws.inventory_store import InventoryStore
from flowsentry.aws.log_store import LogStore
from flowsentry.aws.source_processor import LEFT_BEHIND_SECONDS, SourceProcessor, rejected_key, remove_left_behind
from flowsentry.fields import DEFAULT_NAMES
from flowsentry.frames import LogText
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.ownership import Interface, Inventory
from tests.moto_world import INVENTORY_KEY, OUTPUT_BUCKET, keys_in, make_bucket

NOW = 1_793_676_000
LINE = f"2 123456789012 eni-1 10.0.1.5 10.0.3.7 50001 443 6 20 9000 {NOW} {NOW} ACCEPT OK\n"


@pytest.fixture
def processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourceProcessor:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    make_bucket(OUTPUT_BUCKET)
    inventory = InventoryStore(OUTPUT_BUCKET, INVENTORY_KEY, clients.s3())
    return SourceProcessor(
        EvidenceInMemory(), FindingsInMemory(), inventory, LogStore(clients.s3()), OUTPUT_BUCKET, clock=lambda: NOW
    )


def text(lines: str) -> LogText:
    return LogText(DEFAULT_NAMES, lines.encode(), 2)


def test_local_files_are_gone_when_a_source_is_done(processor: SourceProcessor, tmp_path: Path) -> None:
    processor.process("s3://logs/a", [text(LINE)])
    assert len(keys_in(OUTPUT_BUCKET, "enriched/")) == 1
    assert list(tmp_path.iterdir()) == []


def test_local_files_are_gone_when_a_source_fails(processor: SourceProcessor, tmp_path: Path) -> None:
    clients.s3().delete_bucket(Bucket=OUTPUT_BUCKET)
    with pytest.raises(Exception, match="NoSuchBucket"):
        processor.process("s3://logs/a", [text(LINE)])
    assert list(tmp_path.iterdir()) == []


def test_the_context_is_made_once_a_snapshot(processor: SourceProcessor) -> None:
    processor.inventory.save(Inventory(1))
    processor.process("s3://logs/a", [text(LINE)])
    first = processor._context
    processor.process("s3://logs/b", [text(LINE)])
    assert processor._context is first
    owner = ("instance", "i-1", "web-1")
    web = Interface("eni-1", "vpc-1", "subnet-1", "euc1-az1", ("10.0.1.5",), (), *owner)
    processor.inventory.save(Inventory(2, (web,), {"vpc-1": ("10.0.0.0/16",)}))
    outcome = processor.process("s3://logs/c", [text(LINE)])
    assert outcome.unknown_interfaces == ()


def test_rejected_lines_of_a_source_have_one_place() -> None:
    assert rejected_key("s3://a/b") == rejected_key("s3://a/b") != rejected_key("s3://a/c")


def test_what_a_timed_out_invocation_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, age in (("flowsentry-old", LEFT_BEHIND_SECONDS + 1), ("flowsentry-new", 1), ("another-old", 9_999)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (NOW - age, NOW - age))
    remove_left_behind(NOW)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another-old", "flowsentry-new"]
