"""Flow logs of a busy log group: through the Kinesis data stream, around it, and set aside from it."""

import base64
import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from stacks.constructs.parameters import Value
from tests.builders import payload
from tests.end_to_end.account import DRAINING, FIRST, STREAMED, Sources
from tests.end_to_end.deployed_app import OBJECTS, STREAM, DeployedApp, increase
from tests.end_to_end.test_payloads import paused_object_processor

FORMATS = f"/flowsentry/{Value.LOG_FORMATS}"


@dataclass
class StreamedApp(DeployedApp):
    """The app whose CloudWatch Logs source can use the data stream."""

    @property
    def stream_name(self) -> str:
        return self.value(Value.PAYLOAD_STREAM_ARN).rpartition("/")[2]

    def put_payloads(self, *payloads: bytes) -> None:
        """Writes a batch to one shard and waits until it was processed."""
        records = [{"Data": each, "PartitionKey": "same"} for each in payloads]
        self.aws.client("kinesis").put_records(StreamName=self.stream_name, Records=records)
        self.settle()

    def streamed(self) -> int:
        """The number of payloads with log events in the stream."""
        kinesis = self.aws.client("kinesis")
        shards = kinesis.list_shards(StreamName=self.stream_name)["Shards"]
        start = {"StreamName": self.stream_name, "ShardIteratorType": "TRIM_HORIZON"}
        iterators = [kinesis.get_shard_iterator(ShardId=each["ShardId"], **start)["ShardIterator"] for each in shards]
        records = [each for iterator in iterators for each in kinesis.get_records(ShardIterator=iterator)["Records"]]
        return sum(b'"DATA_MESSAGE"' in gzip.decompress(record["Data"]) for record in records)

    def destinations(self) -> list[str]:
        """The service of each subscription filter's destination."""
        filters = self.aws.client("logs").describe_subscription_filters(logGroupName=self.log_group)
        return [each["destinationArn"].split(":")[2] for each in filters["subscriptionFilters"]]

    def failed_batches(self, log_group: str) -> dict[str, Mapping[str, Any]]:
        """The records of batches, set aside or discarded, with payloads of this log group, by key."""
        objects = self.objects(self.value(Value.FAILED_INVOCATION_BUCKET)).items()
        records = {
            key: json.loads(content) for key, content in objects if "/shardId-" in key or "/refused-payloads/" in key
        }
        return {key: record for key, record in records.items() if log_group in log_groups_in(record)}

    def put_formats(self, text: str) -> None:
        self.aws.client("ssm").put_parameter(Name=FORMATS, Value=text, Overwrite=True)


@pytest.fixture
def app(deployed: DeployedApp, redeploy: Callable[[Sources], None]) -> Iterator[StreamedApp]:
    """The app with its source through the stream; fails the test if the embedded AWS has new failures."""
    app = StreamedApp(deployed.aws, deployed.company, deployed.at)
    with app.without_failures():
        redeploy(STREAMED)
        yield app


def of_group(log_group: str, lines: Iterable[str]) -> bytes:
    """The payload of these lines, as CloudWatch Logs writes it to a stream."""
    envelope = json.loads(gzip.decompress(payload(lines)))
    return gzip.compress(json.dumps({**envelope, "logGroup": log_group}).encode(), mtime=0)


def log_groups_in(record: Mapping[str, Any]) -> list[str]:
    payloads = [base64.b64decode(each["kinesis"]["data"]) for each in json.loads(record["payload"])["Records"]]
    return [str(json.loads(gzip.decompress(each))["logGroup"]) for each in payloads]


def test_log_events_through_the_stream_become_an_alert(app: StreamedApp) -> None:
    source, network = "10.40.0.31", app.in_logs
    before = app.totals(STREAM, "Lines", "Records", "FindingsRaised"), app.streamed()
    app.log(app.scan(network, source, range(1, 21), app.log_group_names))
    assert app.streamed() - before[1] == 1
    assert increase(before[0], app.totals(STREAM, *before[0])) == {"Lines": 20, "Records": 20, "FindingsRaised": 1}
    [finding] = app.findings(source)
    assert (finding.kind, finding.severity, finding.scope) == ("port_scan", "high", network.vpc_id)
    assert len(app.enriched(source)) == len(app.emails_about(finding.id)) == 1


def test_a_payload_without_a_log_format_is_a_dead_letter_and_does_not_block_others(app: StreamedApp) -> None:
    """The format is added later and the dead letter is redriven."""
    sources = ("10.40.0.32", "10.40.0.33", "10.40.0.34")
    early, bad, late = (app.scan(app.in_logs, each, range(1, 21), app.log_group_names) for each in sources)
    app.put_payloads(of_group(app.log_group, early), of_group("no-format", bad), of_group(app.log_group, late))
    assert [len(app.findings(source)) for source in sources] == [1, 0, 1]
    [(key, record)] = app.failed_batches("no-format").items()
    assert record["KinesisBatchInfo"]["batchSize"] == 1
    [letter] = app.dead_letters(key)
    assert letter.reason == "unknown-log-group"
    formats = app.value(Value.LOG_FORMATS)
    app.put_formats(json.dumps({**json.loads(formats), "no-format": json.loads(formats)[app.log_group]}))
    before = app.totals(OBJECTS, "RecoveredPayloads", "Lines")
    app.notify(letter.body)
    assert increase(before, app.totals(OBJECTS, *before)) == {"RecoveredPayloads": 1, "Lines": 20}
    assert [finding.kind for finding in app.findings(sources[1])] == ["port_scan"]
    app.put_formats(formats)


def test_payloads_set_aside_are_processed_after_the_cause_is_repaired(app: StreamedApp) -> None:
    """Log formats are unreadable, and are repaired while the object events wait in the queue."""
    sources, formats = ("10.40.0.35", "10.40.0.36"), app.value(Value.LOG_FORMATS)
    lines = [app.scan(app.in_logs, source, range(1, 21), app.log_group_names) for source in sources]
    before = app.totals(OBJECTS, "RecoveredPayloads", "Lines")
    with paused_object_processor(app) as resume:
        app.put_formats("{")
        app.put_payloads(*(of_group("unreadable", each) for each in lines))
        kept = app.failed_batches("unreadable").values()
        assert sum(each["KinesisBatchInfo"]["batchSize"] for each in kept) == 2
        app.put_formats(json.dumps({**json.loads(formats), "unreadable": json.loads(formats)[app.log_group]}))
        resume()
    assert increase(before, app.totals(OBJECTS, *before)) == {"RecoveredPayloads": 2, "Lines": 40}
    assert [len(app.findings(source)) for source in sources] == [1, 1]
    app.put_formats(formats)


@pytest.mark.deploy
def test_a_source_changes_to_the_stream_and_back_without_loss(
    app: StreamedApp, redeploy: Callable[[Sources], None]
) -> None:
    """Also without the deployment that drains the stream. Streams that are no longer read are retained."""
    changes = [DRAINING, FIRST, STREAMED, FIRST]
    streams = app.aws.client("kinesis").list_streams()["StreamNames"]
    for number, sources in enumerate(changes):
        redeploy(sources)
        assert app.destinations() == ["kinesis" if sources == STREAMED else "lambda"]
        before = app.totals(STREAM, "Lines")
        app.log(app.scan(app.in_logs, f"10.40.0.{50 + number}", range(1, 21), app.log_group_names))
        assert increase(before, app.totals(STREAM, "Lines")) == {"Lines": 20}
    assert len(app.aws.client("kinesis").list_streams()["StreamNames"]) == len(streams) + changes.count(STREAMED)
