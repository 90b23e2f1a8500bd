"""DynamoDB: a table's stream hands its records to functions, and writes with conditions do not race."""

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
from local.aws.gaps import adds, fills
from local.aws.messaging.polling import Failures, Poller
from local.aws.messaging.shards import Reader, succeeded
from local.aws.settings import ACCOUNT, Settings

_one_write_at_a_time = threading.RLock()


@fills(DynamoHandler, "call_action")
def do_not_race(original: Callable[..., Any], handler: Any) -> Any:
    """Moto checks a condition and then writes; two threads of its server can both find the condition true."""
    with _one_write_at_a_time:
        return original(handler)


@fills(StreamShard, "add")
def only_keep_the_record(original: Callable[..., Any], shard: Any, old: Any, new: Any) -> None:
    """Moto invokes functions inside the write, with every record the stream ever had until one call succeeds."""
    mappings, shard.table.lambda_event_source_mappings = shard.table.lambda_event_source_mappings, {}
    try:
        original(shard, old, new)
    finally:
        shard.table.lambda_event_source_mappings = mappings


@fills(Table, "create_from_cloudformation_json")
def keep_time_to_live(
    original: Callable[..., Any], cls: Any, resource_name: str, cloudformation_json: Any, *rest: Any, **more: Any
) -> Any:
    """Moto's CloudFormation drops a table's time to live, its point-in-time recovery, and a stream's being enabled."""
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
def change_the_table_in_place(
    _cls: Any, original_resource: Any, new_resource_name: str, cloudformation_json: Any, **_: Any
) -> Any:
    """Moto forgets a table whose properties change."""
    del new_resource_name
    properties = cloudformation_json["Properties"]
    if properties.get("KeySchema", original_resource.schema) != original_resource.schema:
        raise NotImplementedError(f"the embedded AWS does not replace tables: {original_resource.name}")
    wanted = properties.get("TimeToLiveSpecification")
    if wanted:
        original_resource.ttl = {"TimeToLiveStatus": "ENABLED", "AttributeName": wanted["AttributeName"]}
    return original_resource


class StreamPoller:
    """Lambda's side of every table stream: in order, filtered, one batch at a time, tried again until it succeeds."""

    def __init__(self, functions: Functions, settings: Settings, failures: Failures) -> None:
        self._functions = functions
        self._settings = settings
        self._readers: dict[str, Reader] = {}
        self._poller = Poller("dynamodb", self._look, settings.polling_seconds, failures)
        self._poller.start()

    @property
    def is_quiet(self) -> bool:
        """Every record of every stream was taken by its function."""
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
        return self._readers.setdefault(mapping.uuid, reader)  # at once: two threads ask

    def _look(self) -> None:
        for mapping in self._mappings():
            reader = self._reader(mapping)
            if batch := reader.next_batch(self._records(mapping)):
                records = [stream_record(each, mapping) for each in batch]
                reader.take(records, functools.partial(self._hand_over, mapping), _pass_over)

    def _hand_over(self, mapping: EventSourceMapping, records: Sequence[Mapping[str, Any]]) -> int:
        wanted = [each for each in records if passes(each, mapping.filter_criteria)]
        if not wanted:
            return len(records)
        function = lambda_backends[ACCOUNT][self._settings.region].get_function(mapping.function_arn)
        answer = self._functions.invoke(function, json.dumps({"Records": wanted}).encode())
        done = succeeded(answer, [each["dynamodb"]["SequenceNumber"] for each in wanted], mapping)
        return len(records) if done == len(wanted) else records.index(wanted[done])


def _pass_over(_records: Sequence[Mapping[str, Any]], _tries: int) -> None:
    """No function of ours keeps what it fails on for good."""


def stream_record(item: Any, mapping: EventSourceMapping) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html."""
    told = item.to_json()
    created = told["dynamodb"].get("ApproximateCreationDateTime")
    stamped = {"ApproximateCreationDateTime": unix_time(created)} if hasattr(created, "timetuple") else {}
    return {
        "eventID": told["eventID"],
        "eventName": told["eventName"],
        "eventVersion": told["eventVersion"],
        "eventSource": told["eventSource"],
        "awsRegion": told["awsRegion"],
        "dynamodb": {**told["dynamodb"], **stamped},
        "eventSourceARN": mapping.event_source_arn,
    }


def passes(record: Mapping[str, Any], criteria: Mapping[str, Any] | None) -> bool:
    """Whether one of the filters lets the record through; no filters let all through.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html; exact values and `exists` are known
    here, the rest is refused rather than guessed.
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
    raise NotImplementedError(f"the embedded AWS does not know this filter rule: {rule}")
