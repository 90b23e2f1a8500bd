"""The health of each flow log in the deployed app: records are recorded, and the schedule checks them."""

from typing import Any

from stacks.constructs.parameters import Value
from tests.builders import V5, exchange, flow_log
from tests.end_to_end.deployed_app import DeployedApp


def activity_of(app: DeployedApp, flow_log_id: str) -> list[dict[str, Any]]:
    """The items of a flow log in the evidence table."""
    items = app.aws.client("dynamodb").query(
        TableName=app.value(Value.EVIDENCE_TABLE),
        KeyConditionExpression="#source = :source",
        ExpressionAttributeNames={"#source": "source"},
        ExpressionAttributeValues={":source": {"S": f"flow-log {flow_log_id}"}},
    )
    return list(items["Items"])


def has_metric(app: DeployedApp, name: str) -> bool:
    return bool(app.aws.client("cloudwatch").list_metrics(MetricName=name)["Metrics"])


def test_records_of_both_ways_in_are_recorded_by_flow_log_and_checked_on_schedule(app: DeployedApp) -> None:
    described = app.aws.client("ec2").describe_flow_logs()["FlowLogs"]
    own = {app.in_logs.vpc_id, app.in_bucket.vpc_id}
    ids = {each["LogDestinationType"]: each["FlowLogId"] for each in described if each["ResourceId"] in own}
    client, server = (app.in_bucket.host(name).address for name in ("client", "server"))
    seen = {"start": app.at, "end": app.at}
    name = f"{app.aws.account}_vpcflowlogs_{app.aws.region}_{ids['s3']}_20261103T0300Z_0a1b2c3d.log"
    app.put(name, flow_log(exchange(client, server, 443, V5, **app.seen_by(app.in_bucket, "client") | seen)))
    names = app.log_group_names
    app.log(exchange(client, server, 443, names, **app.seen_by(app.in_logs, "client") | seen))
    for flow_log_id in ids.values():
        [item] = activity_of(app, flow_log_id)
        assert int(item["records"]["N"]) >= 2
    app.fire_schedules("Ownership")
    assert all(has_metric(app, each) for each in ("SilentFlowLogs", "FailedFlowLogs", "VpcsWithoutFlowLog"))
    assert [each for each in app.finding_items() if each["kind"]["S"] == "flow_log_stopped"] == []
