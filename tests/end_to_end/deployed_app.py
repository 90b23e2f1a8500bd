"""The deployed app: sends flow logs to it and reads its results."""

import gzip
import io
import json
import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Self

import polars as pl

from flowsentry.findings.finding import Finding
from flowsentry.metric_names import namespace_of
from flowsentry.records.fields import names_in_log_format
from local.aws.embedded import EmbeddedAws
from local.traffic.company.network import Company, Network
from stacks.constructs.parameters import Value
from tests.builders import V5, blocked

STREAM, OBJECTS = "stream_processor", "object_processor"
FUNCTIONS = {STREAM: Value.STREAM_PROCESSOR, OBJECTS: Value.OBJECT_PROCESSOR}
NAMESPACE = namespace_of("flowsentry")
BUSY_SECONDS, SETTLE_SECONDS = 60, 0.15
"""The app is settled when it has been quiet for several readings of the state, within a minute."""


class DeadLetter(NamedTuple):
    """A message of the dead-letter queue, with the reason and error from its attributes."""

    body: str
    reason: str
    message: str

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Self:
        attributes = {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()}
        return cls(message["Body"], attributes.get("reason", ""), attributes.get("message", ""))


@dataclass
class DeployedApp:
    """The app with flow logs of two networks: of one in CloudWatch Logs, of the other in S3."""

    aws: EmbeddedAws
    company: Company
    at: int = field(default_factory=lambda: int(time.time()) - 300)
    """Time of all traffic, so that it lies within one day."""
    at_first: dict[str, float] = field(default_factory=dict)
    """Metrics of the first deployment, before any traffic."""
    _contents: dict[tuple[str, str, str], bytes] = field(default_factory=dict, repr=False)
    """Objects that were read before, by bucket, key and ETag."""

    @contextmanager
    def without_failures(self) -> Iterator[None]:
        """Fails if the embedded AWS has new failures at the end of the block."""
        before = len(self.aws.failures())
        yield
        assert self.aws.failures()[before:] == []

    def value(self, value: Value) -> str:
        """A value that one stack exports to the others."""
        parameter = self.aws.client("ssm").get_parameter(Name=f"/flowsentry/{value}")
        return str(parameter["Parameter"]["Value"])

    @cached_property
    def log_bucket(self) -> str:
        return self.value(Value.LOG_BUCKET)

    @cached_property
    def output_bucket(self) -> str:
        return self.value(Value.OUTPUT_BUCKET)

    @cached_property
    def log_group(self) -> str:
        return str(self._flow_log_to_logs["LogGroupName"])

    @cached_property
    def log_group_names(self) -> tuple[str, ...]:
        """The fields of the records in the log group."""
        return names_in_log_format(str(self._flow_log_to_logs["LogFormat"]))

    @cached_property
    def _flow_log_to_logs(self) -> dict[str, Any]:
        flow_logs = self.aws.client("ec2").describe_flow_logs()["FlowLogs"]
        return dict(next(each for each in flow_logs if each["ResourceId"] == self.in_logs.vpc_id))

    @cached_property
    def in_logs(self) -> Network:
        return self.company.network("in-logs")

    @cached_property
    def in_bucket(self) -> Network:
        return self.company.network("in-bucket")

    def settle(self) -> None:
        self.aws.wait_until_quiet(BUSY_SECONDS, SETTLE_SECONDS)

    def put(self, name: str, content: bytes, *, folder: str = "", settle: bool = True) -> str:
        """Writes an object to the log bucket and waits until it was processed; returns its key.

        By default it is in AWS's folder for flow logs.
        """
        key = f"{folder or f'AWSLogs/{self.aws.account}/vpcflowlogs/{self.aws.region}'}/{name}"
        self.aws.client("s3").put_object(Bucket=self.log_bucket, Key=key, Body=content)
        if settle:
            self.settle()
        return key

    def etag(self, key: str) -> str:
        response = self.aws.client("s3").head_object(Bucket=self.log_bucket, Key=key)
        return str(response["ETag"]).strip('"')

    def log(self, lines: Iterable[str], log_group: str | None = None) -> None:
        """Writes log events of one network interface and waits until they were processed."""
        logs = self.aws.client("logs")
        stream = {"logGroupName": log_group or self.log_group, "logStreamName": "eni-all"}
        known = logs.describe_log_streams(logGroupName=stream["logGroupName"])["logStreams"]
        if not any(each["logStreamName"] == stream["logStreamName"] for each in known):
            logs.create_log_stream(**stream)
        logs.put_log_events(**stream, logEvents=[{"timestamp": self.at * 1000, "message": each} for each in lines])
        self.settle()

    def invoke(self, event: object) -> None:
        """Invokes stream_processor asynchronously, as CloudWatch Logs does, and waits until it has finished."""
        function, payload = self.value(Value.STREAM_PROCESSOR), json.dumps(event)
        self.aws.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=payload)
        self.settle()

    def fire_schedules(self, containing: str) -> None:
        """Fires the schedules with this in their names, and waits until their invocations have finished."""
        self.aws.fire_schedules(containing)
        self.settle()

    def notify(self, body: str) -> None:
        """Sends a message to the object queue and waits until it was processed."""
        self.aws.client("sqs").send_message(QueueUrl=self.queue_url(Value.OBJECT_QUEUE), MessageBody=body)
        self.settle()

    def object_event(self, key: str, etag: str = "d41d8cd98f00b204e9800998ecf8427e") -> str:
        """The body of an object event for the log bucket."""
        s3 = {"bucket": {"name": self.log_bucket}, "object": {"key": key, "size": 1, "eTag": etag}}
        return json.dumps({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}]})

    def dead_letters(self, containing: str) -> list["DeadLetter"]:
        """Receives and deletes the dead letters whose body contains this."""
        sqs, url = self.aws.client("sqs"), self.queue_url(Value.OBJECT_DLQ)
        messages: list[Any] = []
        while received := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=30
        ).get("Messages"):
            messages += received
        matching = [each for each in messages if containing in each["Body"]]
        for each in messages:
            handle = {"QueueUrl": url, "ReceiptHandle": each["ReceiptHandle"]}
            if each in matching:
                sqs.delete_message(**handle)
            else:
                sqs.change_message_visibility(**handle, VisibilityTimeout=0)
        return [DeadLetter.of(each) for each in matching]

    def findings(self, subject: str) -> list[Finding]:
        """The findings about this address."""
        return [each for item in self.finding_items() if (each := _finding(item)).subject == subject]

    def finding_items(self) -> list[dict[str, Any]]:
        """The items of findings. The table also contains the counts of sent messages."""
        table = self.value(Value.FINDINGS_TABLE)
        pages = self.aws.client("dynamodb").get_paginator("scan").paginate(TableName=table)
        return [item for page in pages for item in page["Items"] if "finding" in item]

    def output(self, prefix: str) -> dict[str, bytes]:
        """The objects of the output bucket under a prefix, by key."""
        return self.objects(self.output_bucket, prefix)

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        return {key: self._content(bucket, key, etag) for key, etag in self._listed(bucket, prefix).items()}

    def enriched_etags(self) -> dict[str, str]:
        """The ETags of the enriched objects, by key."""
        return self._listed(self.output_bucket, "enriched/")

    def _listed(self, bucket: str, prefix: str) -> dict[str, str]:
        pages = self.aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {str(entry["Key"]): str(entry["ETag"]) for page in pages for entry in page.get("Contents", ())}

    def _content(self, bucket: str, key: str, etag: str) -> bytes:
        known = (bucket, key, etag)
        if known not in self._contents:
            self._contents[known] = self.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return self._contents[known]

    def enriched_since(self, before: Container[str]) -> list[pl.DataFrame]:
        """The enriched objects whose keys are not in `before`."""
        keys = [key for key in self.enriched_etags() if key not in before]
        return [_frame(self.objects(self.output_bucket, key)[key]) for key in keys]

    def enriched(self, source: str) -> dict[str, pl.DataFrame]:
        """The enriched objects with records from this source address, by key."""
        frames = {key: _frame(content) for key, content in self.output("enriched/").items()}
        return {key: frame for key, frame in frames.items() if source in frame["srcaddr"].cast(pl.String)}

    def total(self, name: str, **dimensions: str) -> float:
        """The sum of one of the app's metrics since the deployment."""
        return self._sums(NAMESPACE, [name], dimensions)[name]

    def sum_of(self, namespace: str, name: str) -> float:
        """The sum of a metric without dimensions."""
        return self._sums(namespace, [name], {})[name]

    def errors(self, service: str) -> float:
        """The number of failed invocations of a function, by Lambda's metric."""
        return self._sums("AWS/Lambda", ["Errors"], {"FunctionName": self.value(FUNCTIONS[service])})["Errors"]

    def totals(self, service: str, *names: str) -> dict[str, float]:
        """The sums of several metrics of one function."""
        return self._sums(NAMESPACE, names, {"service": service})

    def totals_of(self, network: Network) -> dict[str, float]:
        """The sums of some traffic metrics of one network."""
        return self._sums(NAMESPACE, ("Flows", "RejectedFlows", "Packets"), {"vpc": network.vpc_id})

    def by_reason(self) -> dict[str, float]:
        """The sums of rejected lines of objects, by reason."""
        reasons = ("too-few-fields", "bad-value", "empty-line", "too-many-fields")
        return {reason: self.total("RejectedLines", service=OBJECTS, reason=reason) for reason in reasons}

    def emails_about(self, text: str) -> list[dict[str, str]]:
        return [email for email in self.aws.emails() if text in email["subject"] + email["text"]]

    def scan(self, network: Network, source: str, ports: Iterable[int], names: tuple[str, ...] = V5) -> list[str]:
        """Records of a source that connects to ports of the network's server; a rule rejects each connection."""
        server = network.host("server")
        return [blocked(source, server.address, port, names, **self.seen_by(network)) for port in ports]

    def seen_by(self, network: Network, host: str = "server") -> dict[str, object]:
        """Field values of a record of this host's network interface."""
        return {
            "vpc_id": network.vpc_id,
            "interface_id": network.host(host).interface_id,
            "start": self.at,
            "end": self.at + 50,
        }

    def _sums(self, namespace: str, names: Sequence[str], dimensions: Mapping[str, str]) -> dict[str, float]:
        pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        metrics = [{"Namespace": namespace, "MetricName": name, "Dimensions": pairs} for name in names]
        queries = [
            {"Id": f"sum{number}", "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "Sum"}}
            for number, metric in enumerate(metrics)
        ]
        now = datetime.now(UTC)
        read = self.aws.client("cloudwatch").get_metric_data(
            MetricDataQueries=queries, StartTime=now - timedelta(hours=12), EndTime=now + timedelta(minutes=5)
        )
        values = {each["Id"]: float(sum(each["Values"])) for each in read["MetricDataResults"]}
        return {name: values[f"sum{number}"] for number, name in enumerate(names)}

    def queue_url(self, value: Value) -> str:
        return str(self.aws.client("sqs").get_queue_url(QueueName=self.value(value))["QueueUrl"])


def increase(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


@lru_cache(maxsize=2_048)
def _frame(content: bytes) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(content))


def gz(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _finding(item: Mapping[str, Any]) -> Finding:
    return Finding.from_json(item["finding"]["S"])
