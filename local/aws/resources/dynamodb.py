"""DynamoDB: event source mappings of table streams, conditional writes without races, and template properties."""

import functools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.awslambda.models import EventSourceMapping, lambda_backends
from moto.core.utils import unix_time
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodb.responses import DynamoHandler

from local.aws.compute.lambda_functions import Functions
from local.aws.messaging.polling import FailureLog, Poller
from local.aws.messaging.shards import Reader, succeeded
from local.aws.moto_patches import adds, replaces
from local.aws.settings import ACCOUNT, Settings

_write_lock = threading.RLock()


@replaces(DynamoHandler, "call_action")
def write_under_lock(original: Callable[..., Any], handler: Any) -> Any:
    """Moto checks a condition and then writes without a lock: it may be true for two threads of its server."""
    with _write_lock:
        return original(handler)


@replaces(StreamShard, "add")
def store_record_only(original: Callable[..., Any], shard: Any, old: Any, new: Any) -> None:
    """Moto invokes functions during the write, with all records of the stream until an invocation succeeds."""
    mappings, shard.table.lambda_event_source_mappings = shard.table.lambda_event_source_mappings, {}
    try:
        original(shard, old, new)
    finally:
        shard.table.lambda_event_source_mappings = mappings


@replaces(Table, "create_from_cloudformation_json")
def create_with_all_properties(
    original: Callable[..., Any], cls: Any, resource_name: str, cloudformation_json: Any, *rest: Any, **more: Any
) -> Any:
    """Moto's CloudFormation ignores a table's time to live and point-in-time recovery, and does not enable streams."""
    properties = cloudformation_json["Properties"]
    if "StreamSpecification" in properties:
        properties["StreamSpecification"].setdefault("StreamEnabled", True)
    table = original(cls, resource_name, cloudformation_json, *rest, **more)
    wanted = properties.get("TimeToLiveSpecification")
    if wanted:
        table.ttl = {
            "TimeToLiveStatus": "ENABLED" if wanted.get("Enabled", True) else "DISABLED",
            "AttributeName": wanted["AttributeName"],
        }
    recovery = properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
    if recovery:
        dynamodb_backends[table.account_id][table.region_name].update_continuous_backups(
            table.name, {"PointInTimeRecoveryEnabled": True}
        )
    return table


@adds(Table, "update_from_cloudformation_json", classmethod)
def update_table_in_place(
    _cls: Any, original_resource: Any, new_resource_name: str, cloudformation_json: Any, **_: Any
) -> Any:
    """Moto loses a table whose properties change."""
    del new_resource_name
    properties = cloudformation_json["Properties"]
    if properties.get("KeySchema", original_resource.schema) != original_resource.schema:
        raise NotImplementedError(f"the embedded AWS does not replace tables: {original_resource.name}")
    wanted = properties.get("TimeToLiveSpecification")
    if wanted:
        original_resource.ttl = {"TimeToLiveStatus": "ENABLED", "AttributeName": wanted["AttributeName"]}
    return original_resource


class StreamPoller:
    """Polls table streams for Lambda: filtered batches in order, one at a time, with retries."""

    def __init__(self, functions: Functions, settings: Settings, failures: FailureLog) -> None:
        self._functions = functions
        self._settings = settings
        self._readers: dict[str, Reader] = {}
        self._poller = Poller("dynamodb", self._poll, settings.polling_seconds, failures)
        self._poller.start()

    @property
    def is_quiet(self) -> bool:
        """True if every record of every stream was processed or discarded."""
        return all(self._reader(each).position >= len(self._records(each)) for each in self._mappings())

    def stop(self) -> None:
        self._poller.stop()

    def _mappings(self) -> Sequence[EventSourceMapping]:
        known = list(lambda_backends[ACCOUNT][self._settings.region]._event_source_mappings.values())  # noqa: SLF001
        return [each for each in known if each.enabled and ":dynamodb:" in each.event_source_arn]

    def _records(self, mapping: EventSourceMapping) -> Sequence[Any]:
        name = mapping.event_source_arn.split("/")[1]
        table = dynamodb_backends[ACCOUNT][self._settings.region].tables.get(name)
        return table.stream_shard.items if table is not None and table.stream_shard else []

    def _reader(self, mapping: EventSourceMapping) -> Reader:
        start = len(self._records(mapping)) if mapping.starting_position == "LATEST" else 0
        reader = Reader(mapping, start, self._settings.stream_retry_seconds)
        return self._readers.setdefault(mapping.uuid, reader)  # atomic: called from two threads

    def _poll(self) -> None:
        for mapping in self._mappings():
            reader = self._reader(mapping)
            if batch := reader.next_batch(self._records(mapping)):
                records = [stream_record(each, mapping) for each in batch]
                reader.process(records, functools.partial(self._invoke_function, mapping), _discard_records)

    def _invoke_function(self, mapping: EventSourceMapping, records: Sequence[Mapping[str, Any]]) -> int:
        wanted = [each for each in records if passes(each, mapping.filter_criteria)]
        if not wanted:
            return len(records)
        function = lambda_backends[ACCOUNT][self._settings.region].get_function(mapping.function_arn)
        answer = self._functions.invoke(function, json.dumps({"Records": wanted}).encode())
        done = succeeded(answer, [each["dynamodb"]["SequenceNumber"] for each in wanted], mapping)
        return len(records) if done == len(wanted) else records.index(wanted[done])


def _discard_records(_records: Sequence[Mapping[str, Any]], _attempts: int) -> None:
    """Drops discarded records: no mapping of a table stream here has an on-failure destination."""


def stream_record(item: Any, mapping: EventSourceMapping) -> dict[str, Any]:
    """A stream record as Lambda passes it to functions: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html."""
    described = item.to_json()
    created = described["dynamodb"].get("ApproximateCreationDateTime")
    stamped = {"ApproximateCreationDateTime": unix_time(created)} if hasattr(created, "timetuple") else {}
    return {
        "eventID": described["eventID"],
        "eventName": described["eventName"],
        "eventVersion": described["eventVersion"],
        "eventSource": described["eventSource"],
        "awsRegion": described["awsRegion"],
        "dynamodb": {**described["dynamodb"], **stamped},
        "eventSourceARN": mapping.event_source_arn,
    }


def passes(record: Mapping[str, Any], criteria: Mapping[str, Any] | None) -> bool:
    """True if the record matches one of the filters, or if there are none.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html; exact values and `exists` are
    supported, other rules raise NotImplementedError.
    """
    filters = (criteria or {}).get("Filters", [])
    return not filters or any(_matches(json.loads(each["Pattern"]), record) for each in filters)


def _matches(pattern: Mapping[str, Any], value: Any) -> bool:
    return all(
        _matches_key(wanted, value.get(key) if isinstance(value, Mapping) else None) for key, wanted in pattern.items()
    )


def _matches_key(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Mapping):
        return _matches(wanted, value)
    return any(_matches_rule(rule, value) for rule in wanted)


def _matches_rule(rule: Any, value: Any) -> bool:
    if not isinstance(rule, Mapping):
        return bool(rule == value)
    if set(rule) == {"exists"}:
        return bool(rule["exists"]) == (value is not None)
    raise NotImplementedError(f"the embedded AWS does not support this filter rule: {rule}")
