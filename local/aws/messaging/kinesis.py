"""Kinesis: data streams with all template properties, and event source mappings that read them."""

import concurrent.futures
import datetime as dt
import functools
import json
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from moto.awslambda.models import EventSourceMapping, LambdaFunction, lambda_backends
from moto.kinesis.models import Shard, Stream, kinesis_backends

from local.aws.compute.destinations import put_record
from local.aws.compute.lambda_functions import Functions
from local.aws.compute.permissions import Call, is_allowed
from local.aws.messaging.polling import FailureLog, Poller
from local.aws.messaging.shards import Reader, succeeded
from local.aws.monitoring import cloudwatch
from local.aws.moto_patches import replaces
from local.aws.settings import ACCOUNT, Settings

REQUIRED_ACTIONS = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
"""Permissions that Lambda requires of the function's role if the function has no dedicated consumer.
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html"""

MOST_EVENT_BYTES, ENVELOPE_BYTES = 6 << 20, 600
"""Of the event of a synchronous invocation: Lambda ends a batch before it; and of a record in it beside its base64.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

Records = Sequence[Mapping[str, Any]]
_write_lock = threading.RLock()


@replaces(Stream, "put_record")
def store_record_only(
    original: Callable[..., Any], stream: Stream, partition_key: str, explicit_hash_key: str, data: str
) -> Any:
    """Moto invokes functions during PutRecord, one record at a time, and may give two writers one sequence number."""
    with _write_lock:
        mappings, stream.lambda_event_source_mappings = stream.lambda_event_source_mappings, {}
        try:
            return original(stream, partition_key, explicit_hash_key, data)
        finally:
            stream.lambda_event_source_mappings = mappings


@replaces(Stream, "create_from_cloudformation_json")
def create_with_all_properties(
    original: Callable[..., Any], cls: Any, resource_name: str, cloudformation_json: Any, *rest: Any, **more: Any
) -> Any:
    """Moto's CloudFormation ignores a stream's encryption and mode; an on-demand stream starts with four shards."""
    properties = cloudformation_json.get("Properties", {})
    stream = original(cls, resource_name, cloudformation_json, *rest, **more)
    encryption = properties.get("StreamEncryption", {})
    stream.encryption_type, stream.key_id = encryption.get("EncryptionType", "NONE"), encryption.get("KeyId")
    if properties.get("StreamModeDetails") == ON_DEMAND:
        stream.stream_mode = dict(ON_DEMAND)
        stream.shards.clear()
        stream.init_shards(ON_DEMAND_SHARDS)
    return stream


ON_DEMAND = {"StreamMode": "ON_DEMAND"}
ON_DEMAND_SHARDS = 4


class ShardPoller:
    """Polls data streams for Lambda: one batch of a shard at a time, shards in parallel."""

    def __init__(self, functions: Functions, settings: Settings, failures: FailureLog) -> None:
        self._functions = functions
        self._settings = settings
        self._failures = failures
        self._readers: dict[tuple[str, str], Reader] = {}
        self._running: dict[tuple[str, str], concurrent.futures.Future[None]] = {}
        self._executor = concurrent.futures.ThreadPoolExecutor(8, "kinesis")
        self._poller = Poller("kinesis", self._poll, settings.polling_seconds, failures)
        self._poller.start()

    @property
    def is_quiet(self) -> bool:
        """True if every record of every shard was processed or discarded."""
        return all(
            self._reader(mapping, shard).position >= len(shard.records)
            for mapping in self._mappings()
            for shard in self._shards(mapping)
        )

    def stop(self) -> None:
        self._poller.stop()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _mappings(self) -> Sequence[EventSourceMapping]:
        known = list(lambda_backends[ACCOUNT][self._settings.region]._event_source_mappings.values())  # noqa: SLF001
        return [each for each in known if each.enabled and ":kinesis:" in each.event_source_arn]

    def _shards(self, mapping: EventSourceMapping) -> Sequence[Shard]:
        streams = list(kinesis_backends[ACCOUNT][self._settings.region].streams.values())
        return [shard for each in streams if each.arn == mapping.event_source_arn for shard in each.shards.values()]

    def _reader(self, mapping: EventSourceMapping, shard: Shard) -> Reader:
        start = len(shard.records) if mapping.starting_position == "LATEST" else 0
        reader = Reader(mapping, start, self._settings.stream_retry_seconds)
        return self._readers.setdefault((mapping.uuid, shard.shard_id), reader)  # atomic: called from two threads

    def _poll(self) -> None:
        for mapping in self._mappings():
            for shard in self._shards(mapping):
                key = (mapping.uuid, shard.shard_id)
                reader = self._reader(mapping, shard)
                is_free = key not in self._running or self._running[key].done()
                if is_free and (batch := self._batch(mapping, shard, reader)):
                    self._running[key] = self._executor.submit(self._process, mapping, shard, reader, batch)

    def _batch(self, mapping: EventSourceMapping, shard: Shard, reader: Reader) -> Records:
        """The next records, if the batch is full or its batching window has ended."""
        with _write_lock:
            records = list(shard.records.values())
        waiting = reader.next_batch(records)
        batch = waiting[: fitting([len(each.data) for each in waiting])]
        window = min(float(mapping.max_batch_window or 0), self._settings.batch_window_seconds)
        is_full = len(batch) == mapping.batch_size or len(batch) < len(waiting)
        if not batch or (not is_full and time.time() < batch[0].created_at + window):
            return ()
        function = self._function(mapping)
        return [stream_record(each, shard.shard_id, mapping.event_source_arn, function.role) for each in batch]

    def _process(self, mapping: EventSourceMapping, shard: Shard, reader: Reader, batch: Records) -> None:
        try:
            self._require_grants(mapping)
            invoke_function = functools.partial(self._invoke_function, mapping)
            reader.process(batch, invoke_function, functools.partial(self._discard, mapping, shard))
        except Exception:  # noqa: BLE001 recorded as a failure, which tests check
            self._failures.add(traceback.format_exc())

    def _invoke_function(self, mapping: EventSourceMapping, records: Records) -> int:
        function = self._function(mapping)
        answer = self._functions.invoke(function, json.dumps({"Records": records}).encode())
        age_ms = (time.time() - records[-1]["kinesis"]["approximateArrivalTimestamp"]) * 1000
        dimensions = {"FunctionName": function.function_name}
        cloudwatch.gauge(self._settings.region, "AWS/Lambda", dimensions, {"IteratorAge": age_ms})
        return succeeded(answer, [each["kinesis"]["sequenceNumber"] for each in records], mapping)

    def _discard(self, mapping: EventSourceMapping, shard: Shard, records: Records, attempts: int) -> None:
        """Sends the record of a discarded batch to the mapping's on-failure destination, if it has one."""
        destination = (mapping.destination_config or {}).get("OnFailure", {}).get("Destination")
        if destination:
            function = self._function(mapping)
            record = failed_batch_record(function, shard.shard_id, records, attempts)
            key = record_key(mapping.uuid, shard.shard_id, dt.datetime.now(tz=dt.UTC))
            put_record(function, destination, json.dumps(record), key)

    def _function(self, mapping: EventSourceMapping) -> LambdaFunction:
        return lambda_backends[ACCOUNT][self._settings.region].get_function(mapping.function_arn)

    def _require_grants(self, mapping: EventSourceMapping) -> None:
        role = self._function(mapping).role
        wanted = [Call(f"kinesis:{read}", mapping.event_source_arn) for read in REQUIRED_ACTIONS]
        if missing := [call.action for call in wanted if not is_allowed(role, call)]:
            raise PermissionError(f"{role} is not allowed to {', '.join(missing)} on {mapping.event_source_arn}")


def fitting(sizes: Sequence[int]) -> int:
    """How many records, given by the sizes of their base64, fit into an event; the first always does."""
    totals = accumulate(size + ENVELOPE_BYTES for size in sizes)
    return max(1, sum(total <= MOST_EVENT_BYTES for total in totals))


def stream_record(record: Any, shard_id: str, stream_arn: str, role_arn: str) -> dict[str, Any]:
    """A record as Lambda passes it to functions: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html."""
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key,
            "sequenceNumber": str(record.sequence_number),
            "data": record.data,
            "approximateArrivalTimestamp": record.created_at,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{record.sequence_number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role_arn,
        "awsRegion": stream_arn.split(":")[3],
        "eventSourceARN": stream_arn,
    }


def record_key(mapping_id: str, shard_id: str, now: dt.datetime) -> str:
    """The S3 key of the record of a discarded batch."""
    return f"aws/lambda/{mapping_id}/{shard_id}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"


def failed_batch_record(function: LambdaFunction, shard_id: str, records: Records, attempts: int) -> dict[str, Any]:
    """The record of a discarded batch, without its S3 key.

    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    """
    first, last = records[0], records[-1]
    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": function.function_arn,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": attempts,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": _stamp(time.time()),
        "KinesisBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": first["kinesis"]["sequenceNumber"],
            "endSequenceNumber": last["kinesis"]["sequenceNumber"],
            "approximateArrivalOfFirstRecord": _stamp(first["kinesis"]["approximateArrivalTimestamp"]),
            "approximateArrivalOfLastRecord": _stamp(last["kinesis"]["approximateArrivalTimestamp"]),
            "batchSize": len(records),
            "streamArn": first["eventSourceARN"],
        },
        "payload": json.dumps({"Records": records}),
    }


def _stamp(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
