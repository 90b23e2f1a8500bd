"""The alarms of the deployed app: who is told, and of what."""

import datetime as dt
import json

from stacks.constructs.parameters import Value
from tests.end_to_end.deployed_app import DeployedApp
from tests.end_to_end.test_alerts_and_dashboard import widgets


def test_the_dashboard_shows_every_alarm_and_every_alarm_notifies_the_topic_or_is_told_by_one_that_does(
    app: DeployedApp,
) -> None:
    described = app.aws.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms, composites = described["MetricAlarms"], described["CompositeAlarms"]
    shown = {arn for widget in widgets(app) for arn in widget["properties"].get("alarms", ())}
    assert {alarm["AlarmArn"] for alarm in (*alarms, *composites)} == shown
    topic, rules = [app.value(Value.ALERT_TOPIC_ARN)], "".join(each["AlarmRule"] for each in composites)
    telling = [each for each in (*alarms, *composites) if f'ALARM("{each["AlarmName"]}")' not in rules]
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == topic for alarm in telling)


def test_a_processor_that_fails_sends_one_email_that_the_watch_is_broken(app: DeployedApp) -> None:
    alarm, composite = "flowsentry-function-errors-object-processor", "flowsentry-watch-broken"
    app.aws.evaluate_alarms()
    before = len(emails_of_alarms(app))
    put_errors(app, seconds_ago=(60, 400))
    assert {alarm, composite} <= app.aws.evaluate_alarms().keys()
    [email] = emails_of_alarms(app)[before:]
    told = json.loads(email["text"])
    assert (told["AlarmName"], told["NewStateValue"]) == (composite, "ALARM")
    assert f"describe-alarms --children-of-alarm-name {composite}" in told["AlarmDescription"]


def put_errors(app: DeployedApp, seconds_ago: tuple[int, ...]) -> None:
    """Errors of object_processor, as Lambda would count them."""
    dimensions = [{"Name": "FunctionName", "Value": app.value(Value.OBJECT_PROCESSOR)}]
    now = dt.datetime.now(tz=dt.UTC)
    data = [
        {"MetricName": "Errors", "Dimensions": dimensions, "Value": 1, "Timestamp": now - dt.timedelta(seconds=each)}
        for each in seconds_ago
    ]
    app.aws.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=data)


def emails_of_alarms(app: DeployedApp) -> list[dict[str, str]]:
    return [each for each in app.aws.emails() if '"AlarmName"' in each["text"]]
