"""object_processor: an object with mostly invalid lines is set aside, and its valid lines are processed."""

import base64
import gzip
import json
from types import ModuleType

import pytest

from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, World, metrics_in, recorded, total
from tests.lambdas.objects import DONE, FAILED_KEY, HEADER, object_event_of, put, reasons_in, scan, with_messages
from tests.moto_world import FINDINGS_TABLE, LOG_BUCKET, items_of, make_log_formats, messages_in

KEY = "firehose/2026/11/03/03/network-1-2026-11-03-03-15-00-0f1e2d3c"
SHORT_FORMAT = "${srcaddr} ${dstaddr}"
COMMAS = "".join(f"{line.replace(' ', ',')}\n" for line in scan()).encode()


@pytest.fixture
def handler(load_handler: LoadHandler) -> ModuleType:
    loaded = load_handler("object_processor")
    loaded.processor().sources.clock = lambda: NOW
    return loaded


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (COMMAS, "comma-separated"),
        (COMMAS.replace(b",", b"\t"), "tab-separated"),
        (b'{"name": "a", "value": 1}\n' * 3, "json"),
        (b"PK\x03\x04 and so on", "zip"),
        (HEADER.encode("utf-16-le"), "utf-16"),
        ("\n".join(scan()).encode(), "another-format"),
        (b"one bad line", "another-format"),
    ],
    ids=["commas", "tabs", "json", "zip", "utf-16", "another format", "one line"],
)
def test_an_object_that_does_not_match_its_format_is_set_aside_by_its_name(
    handler: ModuleType, invocation: Invocation, world: World, content: bytes, reason: str
) -> None:
    make_log_formats({f"s3://{LOG_BUCKET}/": [SHORT_FORMAT]})
    put(gzip.compress(content), KEY)
    assert handler.lambda_handler(with_messages(object_event_of(KEY)), invocation) == DONE
    assert reasons_in(world.dead_letters) == [reason]


@pytest.mark.parametrize(("bad", "is_set_aside"), [(1, False), (12, False), (13, True)])
def test_valid_lines_are_processed_whether_or_not_the_object_is_set_aside(
    handler: ModuleType,
    invocation: Invocation,
    world: World,
    capsys: pytest.CaptureFixture[str],
    bad: int,
    is_set_aside: bool,  # noqa: FBT001
) -> None:
    put("\n".join([HEADER, *scan(), *["bad"] * bad]).encode())
    assert handler.lambda_handler(recorded("object_processor_new_object"), invocation) == DONE
    assert [item["kind"] for item in items_of(FINDINGS_TABLE)] == [{"S": "host_sweep"}]
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "Records"), total(printed, "RejectedLines")) == (12, bad)
    assert total(printed, "PoisonSources") == len(messages_in(world.dead_letters)) == int(is_set_aside)


def test_an_object_set_aside_is_read_again_when_its_format_is_configured(
    handler: ModuleType, invocation: Invocation, world: World
) -> None:
    make_log_formats({f"s3://{LOG_BUCKET}/": [SHORT_FORMAT]})
    put("\n".join(scan()).encode(), KEY)
    handler.lambda_handler(with_messages(object_event_of(KEY)), invocation)
    assert (reasons_in(world.dead_letters), items_of(FINDINGS_TABLE)) == (["another-format"], [])
    make_log_formats({f"s3://{LOG_BUCKET}/": [DEFAULT_LOG_FORMAT]})
    handler.processor().payloads.formats.__dict__.pop("_provider")
    handler.lambda_handler(with_messages(object_event_of(KEY)), invocation)
    assert len(items_of(FINDINGS_TABLE)) == 1


def test_a_payload_of_another_format_goes_to_the_dead_letter_queue_and_is_measured_once(
    handler: ModuleType,
    load_handler: LoadHandler,
    invocation: Invocation,
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream, record = load_handler("stream_processor"), recorded("failed_invocation_record")
    group = json.loads(gzip.decompress(base64.b64decode(record["requestPayload"]["awslogs"]["data"])))
    make_log_formats({group["logGroup"]: SHORT_FORMAT})
    for _ in range(3):  # Lambda's two retries of an asynchronous invocation
        with pytest.raises(Exception, match="are not valid records"):
            stream.lambda_handler(record["requestPayload"], invocation)
    assert total(metrics_in(capsys.readouterr().out), "RejectedLines") == 0
    put(json.dumps(record).encode(), FAILED_KEY, "failed-invocations")
    assert handler.lambda_handler(recorded("object_processor_failed_invocation"), invocation) == DONE
    assert reasons_in(world.dead_letters) == ["another-format"]
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "RejectedLines"), total(printed, "PoisonSources")) == (len(group["logEvents"]), 1)
