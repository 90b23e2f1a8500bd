"""object_processor on small objects: those of a batch with one format and origin are one source, and each message is
done or received again on its own.
"""

import io
import json
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from msgspec.structs import force_setattr

from flowsentry.aws import clients
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, World, metrics_in, recorded, total
from tests.lambdas.objects import (
    DONE,
    HEADER,
    KEY,
    Breaking,
    log_file,
    object_event_of,
    put,
    reasons_in,
    scan,
    with_messages,
)
from tests.moto_world import FINDINGS_TABLE, IDEMPOTENCY_TABLE, OUTPUT_BUCKET, items_of, keys_in, object_in

SMALL = 256 << 10


@pytest.fixture
def handler(load_handler: LoadHandler) -> ModuleType:
    loaded = load_handler("object_processor")
    loaded.processor().sources.clock = lambda: NOW
    return loaded


def keys(number: int) -> list[str]:
    return [KEY.replace("5f1e2d3c", f"5f1e2d{each:02}") for each in range(number)]


def noticed(*contents: bytes, size: int = 1_000) -> dict[str, Any]:
    """The batch of these objects, one message each."""
    for key, content in zip(keys(len(contents)), contents, strict=True):
        put(content, key)
    return with_messages(*(object_event_of(key, eTag=key, size=size) for key in keys(len(contents))))


def files() -> list[pl.DataFrame]:
    found = (io.BytesIO(object_in(OUTPUT_BUCKET, key)) for key in keys_in(OUTPUT_BUCKET, "enriched/"))
    return sorted(map(pl.read_parquet, found), key=len)


def parts(number: int = 3) -> list[bytes]:
    return [log_file(*scan()[first::number]) for first in range(number)]


def statuses() -> list[str]:
    return [item["status"]["S"] for item in items_of(IDEMPOTENCY_TABLE)]


def test_small_objects_of_one_format_and_origin_are_one_source(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Together they show the scan of which each alone has a third."""
    assert handler.lambda_handler(noticed(*parts()), invocation) == DONE
    (rows,) = files()
    assert (len(rows), rows["flow_log_id"].unique().to_list()) == (12, ["fl-0123456789abcdef0"])
    assert [item["kind"]["S"] for item in items_of(FINDINGS_TABLE)] == ["host_sweep"]
    assert statuses() == ["COMPLETED"] * 3
    assert total(metrics_in(capsys.readouterr().out), "Lines") == 12


def test_an_object_delivered_again_is_done_and_counts_once(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = noticed(*parts())
    handler.lambda_handler({"Records": batch["Records"][:2]}, invocation)
    handler.lambda_handler(batch, invocation)
    twice = {"Records": [*batch["Records"], {**batch["Records"][0], "messageId": "again"}]}
    assert handler.lambda_handler(twice, invocation) == DONE
    printed = metrics_in(capsys.readouterr().out)
    assert [total(printed, name) for name in ("Lines", "DuplicateObjects")] == [12, 2 + 4]
    assert [len(each) for each in files()] == [4, 8]


def test_a_damaged_object_is_set_aside_and_the_others_are_one_source(
    handler: ModuleType, invocation: Invocation, world: World
) -> None:
    first, second, third = parts()
    damaged = noticed(first, second[:20] + b"\0" * 9 + second[29:], b"no log", third, log_file("x", "y", scan()[0]))
    assert handler.lambda_handler(damaged, invocation) == DONE
    assert sorted(reasons_in(world.dead_letters)) == ["another-format", "gzip-corrupt", "no-header"]
    assert [len(each) for each in files()] == [1, 8]


def test_an_object_that_was_written_again_is_stored_once(handler: ModuleType, invocation: Invocation) -> None:
    """Both events read what is there now."""
    bodies = [record["body"] for record in noticed(*parts())["Records"]]
    again = object_event_of(keys(1)[0], eTag="of the earlier content", size=1_000)
    assert handler.lambda_handler(with_messages(*bodies, again), invocation) == DONE
    assert [len(each) for each in files()] == [4, 8]


@pytest.mark.parametrize("empty", [b"", log_file()])
def test_an_object_without_a_line_does_not_end_the_batch(
    handler: ModuleType, invocation: Invocation, world: World, empty: bytes
) -> None:
    assert handler.lambda_handler(noticed(empty, *parts(), empty), invocation) == DONE
    assert [len(each) for each in files()] == [12]
    assert (statuses(), reasons_in(world.dead_letters)) == (["COMPLETED"] * 5, [])


def test_the_record_of_a_failed_invocation_is_recovered_beside_them(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = json.dumps(recorded("failed_invocation_record")).encode()
    assert handler.lambda_handler(noticed(*parts(), failed), invocation) == DONE
    assert total(metrics_in(capsys.readouterr().out), "RecoveredPayloads") == 1
    assert [len(each) for each in files()] == [12, 13]


def test_objects_of_another_flow_log_are_another_source(handler: ModuleType, invocation: Invocation) -> None:
    other = KEY.replace("fl-0123456789abcdef0", "fl-0fedcba9876543210")
    put(log_file(*scan()), other)
    batch = noticed(*parts())
    messages = [record["body"] for record in batch["Records"]]
    handler.lambda_handler(with_messages(*messages, object_event_of(other, size=1_000)), invocation)
    assert [each["flow_log_id"].n_unique() for each in files()] == [1, 1]


def test_objects_of_another_format_are_another_source(handler: ModuleType, invocation: Invocation) -> None:
    header, *lines = (line.split(" ") for line in (HEADER, *scan()))
    swapped = "".join(f"{' '.join(reversed(line))}\n" for line in (header, *lines)).encode()
    handler.lambda_handler(noticed(*parts(), swapped), invocation)
    assert [len(each) for each in files()] == [12, 12]


def test_a_group_is_not_begun_without_time(handler: ModuleType, invocation: Invocation) -> None:
    header, *lines = (line.split(" ") for line in (HEADER, *scan()))
    swapped = "".join(f"{' '.join(reversed(line))}\n" for line in (header, *lines)).encode()
    bodies = [record["body"] for record in noticed(*parts(), swapped)["Records"]]
    handler.processor().once.during(invocation)
    assert handler.processor().process_together(bodies, iter([True, False]).__next__) == {0, 1, 2}
    assert [len(each) for each in files()] == [12]


def test_small_parquet_objects_are_one_source(handler: ModuleType, invocation: Invocation) -> None:
    names = [key.removesuffix(".log.gz") + ".log.parquet" for key in keys(3)]
    header, columns = HEADER.split(" "), [line.split(" ") for line in scan()]
    for number, key in enumerate(names):
        table, body = pl.DataFrame(columns[number::3], schema=header, orient="row"), io.BytesIO()
        table.rename(lambda name: name.replace("-", "_")).write_parquet(body)
        put(body.getvalue(), key)
    broken = names[0].replace("5f1e2d00", "5f1e2dff")
    put(b"PAR1 and no more", broken)
    batch = with_messages(*(object_event_of(key, eTag=key, size=1_000) for key in (*names, broken)))
    assert handler.lambda_handler(batch, invocation) == DONE
    assert [len(each) for each in files()] == [12]
    assert sorted(statuses()) == ["COMPLETED"] * 3


@pytest.mark.parametrize(("size", "number"), [(SMALL, 1), (SMALL + 1, 3)])
def test_objects_above_the_limit_are_sources_of_their_own(
    handler: ModuleType, invocation: Invocation, size: int, number: int
) -> None:
    handler.lambda_handler(noticed(*parts(), size=size), invocation)
    assert len(files()) == number


def test_an_object_that_is_much_larger_when_decoded_is_a_source_of_its_own(
    handler: ModuleType, invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = len("".join(f"{line}\n" for line in scan()[::3]))
    monkeypatch.setattr("flowsentry.aws.ingest.small_objects.MAX_DECODED_BYTES", lines)
    handler.lambda_handler(noticed(*parts(), log_file(*scan())), invocation)
    assert [len(each) for each in files()] == [12, 12]


def test_a_service_that_fails_leaves_every_message_in_the_queue_and_no_row(
    handler: ModuleType, invocation: Invocation
) -> None:
    real, store = clients.s3(), handler.processor().sources.store
    answer: Any = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
    error = real.exceptions.ClientError(answer, "PutObject")
    force_setattr(store, "client", Breaking(real, put_object=error))
    batch = noticed(*parts())
    again = handler.lambda_handler(batch, invocation)["batchItemFailures"]
    assert [each["itemIdentifier"] for each in again] == ["m0", "m1", "m2"]
    assert (files(), statuses()) == ([], [])
    force_setattr(store, "client", real)
    assert handler.lambda_handler(batch, invocation) == DONE
    assert sum(map(len, files())) == 12


def test_an_unreadable_object_whose_record_cannot_be_deleted_is_received_again(
    handler: ModuleType, invocation: Invocation
) -> None:
    handler.processor().once.client = Breaking(clients.dynamodb(), delete_item=OSError("lost"))
    again = handler.lambda_handler(noticed(*parts(), log_file("x", "y", scan()[0])), invocation)["batchItemFailures"]
    assert [each["itemIdentifier"] for each in again] == ["m3"]
    assert sorted(statuses()) == ["COMPLETED"] * 3 + ["INPROGRESS"]


def test_a_bug_that_one_object_has_fails_its_message_alone(
    handler: ModuleType, invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("flowsentry.pipeline.process_together", breaks)
    assert handler.lambda_handler(noticed(*parts()), invocation) == DONE
    assert [len(each) for each in files()] == [4, 4, 4]
