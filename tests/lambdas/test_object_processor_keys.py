"""object_processor by key: keys of flow logs with their origin, keys of other objects, and unknown keys."""

import gzip
import json
from types import ModuleType
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.lambdas.conftest import NOW, Invocation, LoadHandler, LogLines, World, metrics_in, recorded, total
from tests.lambdas.objects import DONE, FAILED_KEY, KEY, log_file, object_event_of, put, reasons_in, scan, with_messages
from tests.moto_world import FINDINGS_TABLE, IDEMPOTENCY_TABLE, items_of, messages_in

FOLDER, _, NAME = KEY.rpartition("/")
STRANGER = f"{FOLDER}/test_file.log.gz"
TRAIL = "AWSLogs/123456789012/CloudTrail/eu-central-1/2026/11/03/123456789012_CloudTrail_eu-central-1_x.json.gz"
NO_LOGS = {
    "no header": gzip.compress(b"not a header\nnot a line\n", mtime=0),
    "a field twice": b"version account-id srcaddr srcaddr\n",
    "JSON": b'{"some": "json"}',
    "bytes": b"\x00\x01\x02 bytes",
}


@pytest.fixture
def handler(load_handler: LoadHandler) -> ModuleType:
    loaded = load_handler("object_processor")
    loaded.processor().sources.clock = lambda: NOW
    return loaded


def take(handler: ModuleType, invocation: Invocation, key: str) -> Any:
    return handler.lambda_handler(with_messages(object_event_of(quote_plus(key))), invocation)


@pytest.mark.parametrize("key", [TRAIL, f"{FOLDER}/", "inventory/all/2026-11-03T00-00Z/manifest.checksum"])
def test_an_object_with_a_key_of_something_else_is_not_read(
    handler: ModuleType, invocation: Invocation, world: World, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    assert take(handler, invocation, key) == DONE
    assert total(metrics_in(capsys.readouterr().out), "IgnoredObjects") == 1
    assert messages_in(world.dead_letters) == items_of(IDEMPOTENCY_TABLE) == []


def test_an_ignored_object_is_logged_at_level_debug(
    handler: ModuleType, invocation: Invocation, log_lines: LogLines
) -> None:
    take(handler, invocation, TRAIL)
    (line,) = log_lines("object ignored")
    assert (line["level"], line["source"]) == ("DEBUG", f"s3://flow-logs/{TRAIL}")


@pytest.mark.parametrize("content", NO_LOGS)
def test_an_object_with_an_unknown_key_among_flow_logs_is_ignored_when_it_is_no_flow_log(
    handler: ModuleType, invocation: Invocation, world: World, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    put(NO_LOGS[content], STRANGER)
    assert take(handler, invocation, STRANGER) == DONE
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "IgnoredObjects"), total(printed, "PoisonSources")) == (1, 0)
    assert messages_in(world.dead_letters) == []


@pytest.mark.parametrize("key", [KEY, f"copies/{NAME}", "copies/test_file.log.gz"])
@pytest.mark.parametrize("content", NO_LOGS)
def test_no_flow_log_under_a_key_of_aws_or_outside_its_folders_is_set_aside(
    handler: ModuleType, invocation: Invocation, world: World, content: str, key: str
) -> None:
    put(NO_LOGS[content], key)
    assert take(handler, invocation, key) == DONE
    assert len(reasons_in(world.dead_letters)) == 1


def test_an_object_with_an_unknown_key_among_flow_logs_is_set_aside_when_it_is_damaged(
    handler: ModuleType, invocation: Invocation, world: World
) -> None:
    take(handler, invocation, STRANGER)
    put(log_file(*scan())[:-4] + b"beef", STRANGER)
    take(handler, invocation, STRANGER)
    assert reasons_in(world.dead_letters) == ["object-missing", "gzip-corrupt"]


@pytest.mark.parametrize("key", [STRANGER, "copies/merged.log.gz", "firehose/2026/11/03/03/flow-logs-1-2026-11-03"])
def test_a_flow_log_is_processed_under_any_key(handler: ModuleType, invocation: Invocation, key: str) -> None:
    put(log_file(*scan()), key)
    assert take(handler, invocation, key) == DONE
    assert len(items_of(FINDINGS_TABLE)) == 1


def test_the_origin_in_the_key_is_logged_with_the_source(
    handler: ModuleType, invocation: Invocation, log_lines: LogLines
) -> None:
    put(log_file(*scan()))
    take(handler, invocation, KEY)
    (line,) = log_lines("source processed")
    assert line["source"] == f"s3://flow-logs/{KEY}"
    assert (line["account_id"], line["region"]) == ("123456789012", "eu-central-1")
    assert line["flow_log_id"] == "fl-0123456789abcdef0"


def test_an_object_of_a_member_account_and_another_region_is_read_like_an_own_one(
    handler: ModuleType, invocation: Invocation, world: World, log_lines: LogLines
) -> None:
    key = KEY.replace("123456789012", "222222222222").replace("eu-central-1", "us-west-2")
    put(log_file(*(line.replace("123456789012", "222222222222") for line in scan())), key)
    assert take(handler, invocation, key) == DONE
    (line,) = log_lines("source processed")
    assert (line["account_id"], line["region"]) == ("222222222222", "us-west-2")
    assert len(items_of(FINDINGS_TABLE)) == 1
    assert messages_in(world.dead_letters) == []


def test_an_unknown_key_has_no_origin(handler: ModuleType, invocation: Invocation, log_lines: LogLines) -> None:
    put(log_file(*scan()), STRANGER)
    take(handler, invocation, STRANGER)
    (line,) = log_lines("source processed")
    assert "account_id" not in line


def test_the_origin_of_a_recovered_payload_is_its_owner_and_the_region_of_the_function(
    handler: ModuleType, invocation: Invocation, log_lines: LogLines
) -> None:
    put(json.dumps(recorded("failed_invocation_record")).encode(), FAILED_KEY, "failed-invocations")
    handler.lambda_handler(recorded("object_processor_failed_invocation"), invocation)
    (line,) = log_lines("source processed")
    assert (line["account_id"], line["region"]) == ("123456789012", "eu-central-1")
    assert "flow_log_id" not in line
