"""Payloads of a batch as groups: by format and owner, each log stream a sign of life of its own flow log."""

from typing import Any

import polars as pl
import pytest

from flowsentry.aws.flow_logs.recorder import ActivityRecorder
from flowsentry.aws.ingest.payloads import PayloadProcessor
from flowsentry.inventory.inventory import Discovery, Interface, TargetState
from flowsentry.records.fields import DEFAULT_LOG_FORMAT, DEFAULT_NAMES
from flowsentry.records.flow_logs import FlowLog
from tests.aws.flow_logs.test_activity import Writes
from tests.aws.ingest.test_payloads import GROUP, REVERSED, processor
from tests.builders import NOON, line
from tests.lambdas.payloads import of_stream, payload
from tests.moto_world import LOG_GROUP, OUTPUT_BUCKET, keys_in, make_log_formats, object_in

__all__ = ["processor"]

GOOD = line(DEFAULT_NAMES)
WITHOUT_ACCOUNT = DEFAULT_LOG_FORMAT.replace("${account-id} ", "")


def take(processor: PayloadProcessor, *payloads: str) -> list[tuple[int, str]]:
    """Processes a batch; the positions and reasons of the payloads that were set aside."""
    aside: list[tuple[int, str]] = []
    processor.process_batch(
        of_stream(*payloads),
        lambda refused: aside.extend((each.position, each.error.reason) for each in refused),
        lambda: True,
    )
    return aside


def files() -> list[pl.DataFrame]:
    found = [pl.read_parquet(object_in(OUTPUT_BUCKET, key)) for key in keys_in(OUTPUT_BUCKET, "enriched/")]
    return sorted(found, key=len)


def test_each_format_is_one_file(processor: PayloadProcessor) -> None:
    make_log_formats({LOG_GROUP: DEFAULT_LOG_FORMAT, GROUP: REVERSED, "/same": DEFAULT_LOG_FORMAT})
    swapped = line(tuple(reversed(DEFAULT_NAMES)))
    taken = [payload(GOOD), payload(swapped, log_group=GROUP), payload(GOOD, GOOD, log_group="/same")]
    assert take(processor, *taken) == []
    assert [len(each) for each in files()] == [1, 3]


def test_each_owner_account_is_one_file_with_its_account(
    processor: PayloadProcessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_log_formats({LOG_GROUP: WITHOUT_ACCOUNT})
    text = GOOD.replace("123456789012 ", "", 1)
    monkeypatch.setattr("tests.lambdas.payloads.OWNER", "210987654321")
    other = payload(text, text)
    monkeypatch.undo()
    assert take(processor, payload(text), other) == []
    accounts = [each["account_id"].unique().to_list() for each in files()]
    assert accounts == [["123456789012"], ["210987654321"]]


def test_payloads_that_no_retry_can_help_are_named_by_position(processor: PayloadProcessor) -> None:
    unknown, unreadable = payload(GOOD, log_group="/other"), payload("x", "y", GOOD)
    assert take(processor, unreadable, payload(GOOD), "!", unknown, "") == [
        (0, "another-format"),
        (2, "payload-not-base64"),
        (3, "unknown-log-group"),
        (4, "payload-not-gzip"),
    ]
    assert [len(each) for each in files()] == [1]


@pytest.mark.parametrize(("text_bytes", "parts"), [(1, 3), (len(GOOD) + 1, 3), (len(GOOD) + 2, 2), (1 << 20, 1)])
def test_a_part_is_full_at_its_limit_of_text(
    processor: PayloadProcessor, monkeypatch: pytest.MonkeyPatch, text_bytes: int, parts: int
) -> None:
    monkeypatch.setattr("flowsentry.aws.ingest.payloads.MAX_TOGETHER_BYTES", text_bytes)
    take(processor, payload(GOOD), payload(GOOD.replace(" 6 ", " 7 ")), payload(GOOD.replace(" 6 ", " 8 ")))
    assert len(files()) == parts


def test_each_log_stream_is_a_sign_of_life_of_its_own_flow_log(processor: PayloadProcessor) -> None:
    interfaces = [
        Interface(
            f"eni-{number}",
            f"vpc-{number}",
            f"subnet-{number}",
            "az",
            (f"10.{number}.0.5",),
            (),
            "instance",
            f"i-{number}",
            f"web-{number}",
        )
        for number in (1, 2)
    ]
    flow_logs = tuple(FlowLog(f"fl-{number}", f"vpc-{number}", LOG_GROUP, NOON - 9_999) for number in (1, 2, 3))
    state = TargetState(NOON - 60, 1, {"vpc-1": ("10.1.0.0/16",), "vpc-2": ("10.2.0.0/16",)}, flow_logs=flow_logs)
    processor.sources.inventory.update(lambda inventory: inventory.after(Discovery("here", state, tuple(interfaces))))
    writes = Writes()
    processor.sources.clock = lambda: NOON
    processor.sources.activity = ActivityRecorder(writes, lambda: NOON)
    told: dict[str, Any] = {"start": NOON - 60, "end": NOON}
    first = line(DEFAULT_NAMES, **told, **{"interface-id": "eni-1"})
    skipped = f"2 123456789012 eni-2 - - - - - - - {NOON - 60} {NOON} - SKIPDATA"
    old = line(DEFAULT_NAMES, start=NOON - 9_999, end=NOON - 9_999)
    make_log_formats()
    streams = [("eni-1-all", (first, first)), ("eni-2-all", (skipped, first)), ("eni-2-all", (old,))]
    take(processor, *(payload(*lines, log_stream=stream) for stream, lines in streams))
    assert sorted(writes.rows) == [("fl-1", 2, 0), ("fl-2", 1, 1)]
