"""A canary takes the way of every record through the deployed app, and its test alert says who gets alerts."""

from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications.control_item import ControlItem
from flowsentry.aws.upkeep.canary_request import CANARY_ITEM, CanaryRequests
from flowsentry.findings.canary import KIND, Way
from stacks.constructs.parameters import Value
from tests.end_to_end.deployed_app import DeployedApp


def test_a_canary_comes_through_both_ways_and_leaves_nothing_else(app: DeployedApp) -> None:
    table, dynamodb = app.value(Value.FINDINGS_TABLE), app.aws.client("dynamodb")
    requests = CanaryRequests(ControlItem(CANARY_ITEM, table, dynamodb), FindingTable(table, dynamodb))
    evidence = dynamodb.scan(TableName=app.value(Value.EVIDENCE_TABLE))["Count"]
    raised = app.total("FindingsRaised", service="object_processor")
    last = requests.request()
    app.fire_schedules("Alerting")
    written = requests.after(last)
    assert written is not None
    assert written.problems == ()
    assert set(written.canaries) == set(Way)
    assert all(entry and entry.published_at for entry in written.entries(requests.findings).values())
    emails = app.emails_about("[test] flowsentry: alerts arrive")
    assert sorted(email["text"].splitlines()[0] for email in emails) == [
        "Test alert: a record that was written to a flow log group came through.",
        "Test alert: a record that was written to the flow log bucket came through.",
    ]
    assert all("topic of alerts: email" in email["text"] for email in emails)
    assert {each.kind for each in app.findings("canary")} == {KIND}
    assert dynamodb.scan(TableName=app.value(Value.EVIDENCE_TABLE))["Count"] == evidence
    assert app.total("FindingsRaised", service="object_processor") == raised
