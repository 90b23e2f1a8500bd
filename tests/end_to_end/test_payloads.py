"""Flow logs in CloudWatch Logs, from the log event to the alert or the dead letter."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stacks.constructs.parameters import Value
from tests.builders import payload
from tests.end_to_end.deployed_app import OBJECTS, STREAM, DeployedApp, increase


def test_log_events_are_counted_enriched_and_become_an_alert(app: DeployedApp) -> None:
    network = app.in_logs
    client, server = network.host("client"), network.host("server")
    before = app.totals(STREAM, "Lines", "Records", "FindingsRaised"), app.totals_of(network)
    known = app.enriched_etags()
    app.log(app.scan(network, client.address, range(1, 21), app.log_group_names))
    assert increase(before[0], app.totals(STREAM, *before[0])) == {"Lines": 20, "Records": 20, "FindingsRaised": 1}
    assert increase(before[1], app.totals_of(network)) == {"Flows": 20, "RejectedFlows": 20, "Packets": 60}
    [rows] = app.enriched_since(known)
    assert set(rows.select("source_owner_name", "destination_owner_id").iter_rows()) == {("client", server.instance_id)}
    [finding] = app.findings(client.address)
    assert (finding.kind, finding.severity, finding.scope) == ("port_scan", "high", network.vpc_id)
    [email] = app.emails_about(finding.id)
    assert "client" in email["subject"]


def test_a_payload_delivered_twice_gives_one_finding(app: DeployedApp) -> None:
    source = "10.40.0.21"
    lines = app.scan(app.in_logs, source, range(1, 21), app.log_group_names)
    app.log(lines)
    first = app.findings(source), app.enriched_etags(), app.emails_about(source)
    app.log(lines)
    assert (app.findings(source), app.enriched_etags(), app.emails_about(source)) == first
    assert len(app.enriched(source)) == len(first[0]) == len(first[2]) == 1


def test_a_control_message_is_ignored_and_counted(app: DeployedApp) -> None:
    assert app.at_first["ControlMessages"] == 2, "one for each log group"
    before = app.totals(STREAM, "Lines", "PoisonSources", "ControlMessages")
    message = payload(["CWL CONTROL MESSAGE: Checking health of destination Lambda function."], "CONTROL_MESSAGE")
    app.invoke({"awslogs": {"data": base64.b64encode(message).decode()}})
    assert increase(before, app.totals(STREAM, *before)) == {"Lines": 0, "PoisonSources": 0, "ControlMessages": 1}


def test_a_payload_that_fails_three_times_is_processed_after_the_cause_is_repaired(app: DeployedApp) -> None:
    """The log format is unreadable, and is repaired while the object event waits in the queue."""
    source = "10.40.0.22"
    with new_log_group(app, "not-yet-readable") as formats, paused_object_processor(app) as resume:
        formats.put("{")
        before = app.totals(OBJECTS, "Lines", "RecoveredPayloads"), app.errors(STREAM), app.totals(STREAM, "Lines")
        app.log(app.scan(app.in_logs, source, range(1, 21), app.log_group_names), formats.log_group)
        assert app.errors(STREAM) - before[1] == 3
        assert app.totals(STREAM, "Lines") == before[2]
        record = kept_failure(app, formats.log_group)
        assert record["requestContext"]["condition"] == "RetriesExhausted"
        assert record["requestContext"]["approximateInvokeCount"] == 3
        assert waiting_object_events(app) == 1
        assert app.findings(source) == []
        formats.add()
        resume()
        assert increase(before[0], app.totals(OBJECTS, *before[0])) == {"Lines": 20, "RecoveredPayloads": 1}
        assert [finding.kind for finding in app.findings(source)] == ["port_scan"]
        assert len(app.enriched(source)) == len(app.emails_about(source)) == 1


def test_a_payload_without_a_log_format_is_a_dead_letter_until_it_is_redriven(app: DeployedApp) -> None:
    """The format is added later and the dead letter is redriven."""
    source = "10.40.0.23"
    with new_log_group(app, "forgotten") as formats:
        app.log(app.scan(app.in_logs, source, range(1, 21), app.log_group_names), formats.log_group)
        [letter] = app.dead_letters("aws/lambda/async/")
        assert letter.reason == "unknown-log-group"
        assert formats.log_group in letter.message
        assert app.findings(source) == []
        formats.add()
        app.notify(letter.body)
        assert [finding.kind for finding in app.findings(source)] == ["port_scan"]


def test_an_invalid_payload_is_a_dead_letter_with_its_reason(app: DeployedApp) -> None:
    before = app.errors(STREAM)
    for data in ("not base64!", base64.b64encode(b"not gzip").decode()):
        app.invoke({"awslogs": {"data": data}})
    app.invoke({"hello": "world"})
    reasons = sorted(letter.reason for letter in app.dead_letters("aws/lambda/async/"))
    assert reasons == ["not-a-subscription", "payload-not-base64", "payload-not-gzip"]
    assert app.errors(STREAM) - before == 3 * 3


@dataclass(frozen=True)
class LogFormats:
    """The previous value of the log formats parameter, and a log group that it lacks."""

    app: DeployedApp
    log_group: str
    before: str

    def put(self, value: str) -> None:
        name = f"/flowsentry/{Value.LOG_FORMATS}"
        self.app.aws.client("ssm").put_parameter(Name=name, Value=value, Overwrite=True)

    def add(self) -> None:
        """Adds the log group to the parameter."""
        known = json.loads(self.before)
        self.put(json.dumps({**known, self.log_group: known[self.app.log_group]}))


@contextmanager
def new_log_group(app: DeployedApp, name: str) -> Iterator[LogFormats]:
    """A log group with a subscription filter and without a log format, until the end of the block. A function caches
    formats for minutes, so each test needs another name.
    """
    logs, function = app.aws.client("logs"), app.value(Value.STREAM_PROCESSOR)
    arn = app.aws.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    logs.create_log_group(logGroupName=name)
    app.aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId=name.replace("/", "-"),
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=f"arn:aws:logs:{app.aws.region}:{app.aws.account}:log-group:{name}:*",
    )
    logs.put_subscription_filter(logGroupName=name, filterName="all", filterPattern="", destinationArn=arn)
    app.settle()
    formats = LogFormats(app, name, app.value(Value.LOG_FORMATS))
    try:
        yield formats
    finally:
        formats.put(formats.before)
        logs.delete_log_group(logGroupName=name)


@contextmanager
def paused_object_processor(app: DeployedApp) -> Iterator[Callable[[], None]]:
    """Disables the object queue's event source mapping until the yielded function is called or the block ends."""
    client = app.aws.client("lambda")
    [mapping] = client.list_event_source_mappings(FunctionName=app.value(Value.OBJECT_PROCESSOR))["EventSourceMappings"]

    def resume() -> None:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
        app.settle()

    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield resume
    finally:
        resume()


def kept_failure(app: DeployedApp, log_group: str) -> dict[str, Any]:
    """The invocation record of the failed payload of this log group."""
    objects = app.objects(app.value(Value.FAILED_INVOCATION_BUCKET), "aws/lambda/async/").values()
    found: dict[str, Any]
    [found] = [each for each in map(json.loads, objects) if log_group_in(each["requestPayload"]) == log_group]
    return found


def log_group_in(event: Any) -> str:
    try:
        return str(json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))["logGroup"])
    except (KeyError, ValueError, OSError):
        return ""


def waiting_object_events(app: DeployedApp) -> int:
    url = app.queue_url(Value.OBJECT_QUEUE)
    queue = app.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(queue["Attributes"]["ApproximateNumberOfMessages"])
