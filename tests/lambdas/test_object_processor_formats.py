"""object_processor: objects without a header, as Firehose writes them, read by the formats of their prefix."""

import gzip
import io
import json
from types import ModuleType

import polars as pl
import pytest

from flowsentry.aws import clients
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, World, metrics_in, total
from tests.lambdas.objects import DONE, log_file, object_event_of, put, reasons_in, scan, with_messages
from tests.moto_world import (
    FINDINGS_TABLE,
    LOG_BUCKET,
    LOG_FORMATS_PARAMETER,
    OUTPUT_BUCKET,
    items_of,
    keys_in,
    make_log_formats,
    object_in,
)

KEY = "firehose/2026/11/03/03/network-1-2026-11-03-03-15-00-0f1e2d3c"
BARE = "".join(f"{line}\n" for line in scan()).encode()
SOURCE_FIRST = "${dstaddr} ${srcaddr} ${dstport} ${srcport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action}"


@pytest.fixture
def handler(load_handler: LoadHandler) -> ModuleType:
    loaded = load_handler("object_processor")
    loaded.processor().sources.clock = lambda: NOW
    return loaded


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(BARE, id="plain"),
        pytest.param(gzip.compress(BARE, mtime=0), id="gzip"),
        pytest.param("".join(json.dumps({"message": line}) for line in scan()).encode(), id="json"),
        pytest.param(log_file(*scan()), id="with_a_header"),
    ],
)
def test_lines_of_firehose_are_read_by_the_format_of_their_prefix(
    handler: ModuleType, invocation: Invocation, content: bytes
) -> None:
    make_log_formats({f"s3://{LOG_BUCKET}/firehose/": [DEFAULT_LOG_FORMAT]})
    put(content, KEY)
    assert handler.lambda_handler(with_messages(object_event_of(KEY)), invocation) == DONE
    assert [item["kind"] for item in items_of(FINDINGS_TABLE)] == [{"S": "host_sweep"}]


def test_lines_of_several_formats_are_distinguished(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    make_log_formats({f"s3://{LOG_BUCKET}/": [DEFAULT_LOG_FORMAT, SOURCE_FIRST]})
    put(BARE + f"10.0.2.9 10.0.1.5 443 50001 6 12 6400 {NOW - 300} {NOW - 250} ACCEPT\n".encode(), KEY)
    handler.lambda_handler(with_messages(object_event_of(KEY)), invocation)
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "Records"), total(printed, "RejectedLines")) == (13, 0)


def test_rows_of_objects_that_are_sent_back_after_their_format_is_known_are_stored_once(
    invocation: Invocation, load_handler: LoadHandler
) -> None:
    """Together they would write another file than those that have the valid lines of each."""
    source_first = "".join(
        f"10.0.2.9 10.0.1.5 443 {port} 6 1 64 {NOW - 300} {NOW - 250} ACCEPT\n" for port in range(20)
    )
    batch = with_messages(*(object_event_of(f"{KEY}{number}", size=1_000) for number in range(2)))
    for number in range(2):
        put(BARE + source_first.encode(), f"{KEY}{number}")
    for formats in ([DEFAULT_LOG_FORMAT], [DEFAULT_LOG_FORMAT, SOURCE_FIRST]):
        make_log_formats({f"s3://{LOG_BUCKET}/firehose/": formats})
        assert load_handler("object_processor").lambda_handler(batch, invocation) == DONE
        for record in batch["Records"]:
            record["messageAttributes"] = {"reason": {"stringValue": "another-format", "dataType": "String"}}
    files = (io.BytesIO(object_in(OUTPUT_BUCKET, key)) for key in keys_in(OUTPUT_BUCKET, "enriched/"))
    assert sum(len(pl.read_parquet(file)) for file in files) == 2 * (12 + 20)


def test_an_object_without_a_header_or_a_format_of_its_prefix_is_set_aside(
    handler: ModuleType, invocation: Invocation, world: World
) -> None:
    make_log_formats({"s3://another-bucket/": [DEFAULT_LOG_FORMAT]})
    put(BARE, KEY)
    assert handler.lambda_handler(with_messages(object_event_of(KEY)), invocation) == DONE
    assert reasons_in(world.dead_letters) == ["no-header"]


@pytest.mark.parametrize(
    ("content", "reasons"),
    [pytest.param(BARE, ["bad-log-format"], id="bare"), pytest.param(log_file(*scan()), [], id="with_a_header")],
)
def test_with_damaged_formats_objects_are_read_by_their_header_or_set_aside(
    handler: ModuleType, invocation: Invocation, world: World, content: bytes, reasons: list[str]
) -> None:
    clients.ssm().put_parameter(Name=LOG_FORMATS_PARAMETER, Value="[]", Type="String", Overwrite=True)
    put(content, KEY)
    assert handler.lambda_handler(with_messages(object_event_of(KEY)), invocation) == DONE
    assert reasons_in(world.dead_letters) == reasons
