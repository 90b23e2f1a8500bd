"""object_processor with an object that is too large for the time or the memory of one run: it is read in parts."""

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import polars as pl
import pytest

from flowsentry import decode
from flowsentry.aws import clients
from flowsentry.aws.ingest import object_queue, objects
from flowsentry.decode import object_part
from flowsentry.frames import LogChunk
from tests.lambdas.conftest import NOW, World, metrics_in, total
from tests.lambdas.objects import Breaking, log_file, put, scan
from tests.lambdas.test_object_processor_kills import Deployed, Killed, deployed  # noqa: F401 - a fixture
from tests.moto_world import FINDINGS_TABLE, IDEMPOTENCY_TABLE, OUTPUT_BUCKET, items_of, keys_in, messages_in, object_in

KEY = "large"
RUN_SECONDS = 300
DECODING_SECONDS = 1


def lines(count: int = 600) -> list[str]:
    """A scan at the beginning, then answered connections, each of them different."""
    talk = (
        f"2 123456789012 eni-1 10.0.1.7 10.0.3.9 {40_000 + number} 443 6 9 900 {NOW - 300} {NOW - 250} ACCEPT OK"
        for number in range(count)
    )
    return [*scan(), *talk]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some 24 lines a chunk."""
    monkeypatch.setattr(decode, "CHUNK_BYTES", 2_048)


Large = Callable[..., int]


@pytest.fixture
def large(deployed: Deployed, monkeypatch: pytest.MonkeyPatch, small_chunks: None) -> Large:  # noqa: ARG001, F811
    """Puts an object whose chunks take `seconds` each to process, and ends the function after so many chunks of one
    run; returns how many chunks it has.
    """

    def put_large(seconds: float, most_chunks: int = 1_000, count: int = 600) -> int:
        clock, sources, decoded = deployed.clock, deployed.handler.processor().sources, objects.object_texts
        put(log_file(*lines(count)), KEY)
        deployed.send(KEY)

        def passes(chunks: Iterable[LogChunk], each: float) -> Iterator[LogChunk]:
            for number, chunk in enumerate(chunks, 1):
                clock.left_ms -= int(each * 1_000)
                if clock.left_ms <= 0 or (each == seconds and number > most_chunks):
                    raise Killed
                yield chunk

        def slow(source: str, texts: Iterable[LogChunk], **more: Any) -> Any:
            return type(sources).process(sources, source, passes(texts, seconds), **more)

        monkeypatch.setattr(objects, "object_texts", lambda *given: passes(decoded(*given), DECODING_SECONDS))
        monkeypatch.setattr(sources, "process", slow)
        return sum(1 for _ in decoded([log_file(*lines(count))]))

    return put_large


def enriched_rows() -> int:
    files = [object_in(OUTPUT_BUCKET, key) for key in keys_in(OUTPUT_BUCKET, "enriched/")]
    return sum(len(pl.read_parquet(io.BytesIO(each))) for each in files)


def test_an_object_of_three_times_the_functions_time_is_processed_once_and_sets_nothing_aside(
    deployed: Deployed,  # noqa: F811
    world: World,
    large: Large,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chunks = large(seconds=30)
    assert chunks * 30 >= 2.5 * RUN_SECONDS
    deployed.run_until_empty()
    printed = metrics_in(capsys.readouterr().out)
    assert len(deployed.begun) == -(-chunks // 6)
    assert total(printed, "Lines") == total(printed, "Records") == enriched_rows() == len(lines())
    assert [total(printed, each) for each in ("RetriedObjectEvents", "InterruptedObjects", "PoisonSources")] == [0] * 3
    assert messages_in(world.dead_letters) == []
    assert len(items_of(FINDINGS_TABLE)) == 1
    (record,) = items_of(IDEMPOTENCY_TABLE)
    assert record["status"] == {"S": "COMPLETED"}
    assert not {"tries", "next_line", "part_lines"} & record.keys()


def test_an_object_that_ends_the_function_by_its_size_is_processed_in_smaller_parts(
    deployed: Deployed,  # noqa: F811
    world: World,
    large: Large,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(object_part, "SMALLER", object_part.MAX_PART_LINES // 20)
    chunks = large(seconds=2, most_chunks=3, count=150)
    deployed.run_until_empty()
    assert total(metrics_in(capsys.readouterr().out), "InterruptedObjects") == 1
    assert chunks / 3 < len(deployed.begun) <= chunks + 2
    assert messages_in(world.dead_letters) == []
    assert enriched_rows() == len(lines(150))


def test_a_part_whose_end_is_not_recorded_is_counted_twice_and_its_rows_are_stored_once(
    deployed: Deployed,  # noqa: F811
    large: Large,
    capsys: pytest.CaptureFixture[str],
) -> None:
    large(seconds=30)
    real, once = clients.dynamodb(), deployed.handler.processor().once

    class EndsAtTheRecord(Breaking):
        def update_item(self, **arguments: Any) -> Any:
            if "next_line" in arguments["ExpressionAttributeNames"].values() and ":most" in str(arguments):
                once.client = real
                raise Killed
            return real.update_item(**arguments)

    once.client = EndsAtTheRecord(real)
    deployed.run_until_empty()
    counted = total(metrics_in(capsys.readouterr().out), "Lines")
    assert len(lines()) < counted < 1.5 * len(lines())
    assert enriched_rows() == len(lines())


def test_a_part_that_a_service_fails_is_retried_from_its_own_beginning(
    deployed: Deployed,  # noqa: F811
    large: Large,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(object_queue, "FIRST_RETRY_SECONDS", 0)
    large(seconds=30)
    deployed.run()
    sources = deployed.handler.processor().sources
    works, broken = sources.store, Breaking(clients.s3(), put_object=ConnectionError("S3 is away"))
    monkeypatch.setattr(sources, "store", type(works)(broken))
    deployed.run()
    monkeypatch.setattr(sources, "store", works)
    deployed.run_until_empty()
    assert total(metrics_in(capsys.readouterr().out), "Lines") == enriched_rows() == len(lines())
