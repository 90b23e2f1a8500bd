"""Flow logs of a Region as EC2 describes them, and since when something runs in their resources."""

from datetime import UTC, datetime
from typing import Any

import pytest

from flowsentry.records.flow_logs import FlowLog
from tests.aws.inventory.described_region import ENI, NOW, SUBNET, VPC, Region
from tests.aws.inventory.stubbed_aws import failure, paged

CREATED = NOW - 86_400


def described(**changed: Any) -> dict[str, Any]:
    to_group = {"LogGroupName": "/flow-logs", "LogDestinationType": "cloud-watch-logs"}
    about = {"FlowLogId": "fl-1", "ResourceId": VPC, "FlowLogStatus": "ACTIVE", "TrafficType": "ALL"}
    status = {"DeliverLogsStatus": "SUCCESS", "CreationTime": datetime.fromtimestamp(CREATED, UTC)}
    return {**about, **to_group, **status, "Tags": [{"Key": "Name", "Value": "web"}], **changed}


def flow_logs(region: Region) -> tuple[FlowLog, ...] | None:
    return region.source.discover().state.flow_logs


def test_a_discovery_has_the_flow_logs_of_all_pages_in_the_order_of_their_ids() -> None:
    region = Region()
    to_bucket = {"LogGroupName": "", "LogDestination": "arn:aws:s3:::bucket/audit"}
    second = described(FlowLogId="fl-0", ResourceId=SUBNET, TrafficType="REJECT", Tags=[], **to_bucket)
    region.aws.respond("ec2", "describe_flow_logs", paged("FlowLogs", [described()], [second]))
    assert flow_logs(region) == (
        FlowLog("fl-0", SUBNET, "s3://bucket/audit/", CREATED, "REJECT"),
        FlowLog("fl-1", VPC, "/flow-logs", CREATED, name="web"),
    )


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ({"DeliverLogsStatus": "FAILED", "DeliverLogsErrorMessage": "Access error"}, "Access error"),
        ({"DeliverLogsStatus": "FAILED"}, "no reason given"),
        ({"DeliverLogsStatus": "SUCCESS", "DeliverLogsErrorMessage": "Rate limited"}, ""),
    ],
)
def test_a_failed_delivery_has_the_reason_of_aws(status: dict[str, str], error: str) -> None:
    region = Region()
    region.aws.respond("ec2", "describe_flow_logs", {"FlowLogs": [described(**status)]})
    assert [each.delivery_error for each in flow_logs(region) or ()] == [error]


def test_a_flow_log_that_is_not_active_is_left_out() -> None:
    region = Region()
    region.aws.respond("ec2", "describe_flow_logs", {"FlowLogs": [described(FlowLogStatus="DELETING")]})
    assert flow_logs(region) == ()


def test_without_the_permission_flow_logs_are_unknown_and_the_discovery_goes_on() -> None:
    region = Region()
    region.aws.respond("ec2", "describe_flow_logs", failure("UnauthorizedOperation", 403))
    assert flow_logs(region) is None
    assert "ec2 describe_flow_logs: UnauthorizedOperation" in region.source.failed_calls


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def region_with(attachments: list[dict[str, Any]], instances: list[dict[str, Any]]) -> Region:
    region = Region()
    rows = [{"NetworkInterfaceId": f"eni-{n}", "Attachment": each} for n, each in enumerate(attachments)]
    region.aws.respond("ec2", "describe_network_interfaces", {"NetworkInterfaces": rows})
    reservations = [{"ReservationId": "r-1", "Instances": instances}]
    region.aws.respond("ec2", "describe_instances", {"Reservations": reservations})
    return region


def test_a_vpc_records_since_its_oldest_running_instance_or_interface_of_a_service() -> None:
    of_service = {"AttachTime": at(NOW - 500), "InstanceOwnerId": "amazon-aws"}
    region = region_with([of_service], [{"InstanceId": "i-1", "LaunchTime": at(NOW - 900)}])
    assert region.source.running_since(VPC) == NOW - 900
    assert region_with([of_service], []).source.running_since(VPC) == NOW - 500


def test_an_interface_of_a_stopped_instance_has_nothing_to_record() -> None:
    of_instance = {"AttachTime": at(NOW - 500), "InstanceId": "i-1"}
    assert region_with([of_instance], []).source.running_since(VPC) is None


@pytest.mark.parametrize(
    ("resource_id", "interfaces_by", "instances_by"),
    [
        (VPC, "vpc-id", "vpc-id"),
        (SUBNET, "subnet-id", "subnet-id"),
        (ENI, "network-interface-id", "network-interface.network-interface-id"),
    ],
)
def test_only_the_resource_itself_is_asked_for(resource_id: str, interfaces_by: str, instances_by: str) -> None:
    region, asked = Region(), dict[str, Any]()

    def answer(rows_of: str) -> Any:
        return lambda arguments: (
            asked.update({rows_of: {each["Name"]: each["Values"] for each in arguments["Filters"]}}) or {rows_of: []}
        )

    region.aws.respond("ec2", "describe_network_interfaces", answer("NetworkInterfaces"))
    region.aws.respond("ec2", "describe_instances", answer("Reservations"))
    assert region.source.running_since(resource_id) is None
    assert asked["NetworkInterfaces"] == {interfaces_by: [resource_id], "status": ["in-use"]}
    assert asked["Reservations"] == {instances_by: [resource_id], "instance-state-name": ["running"]}


def test_of_a_transit_gateway_nothing_is_asked() -> None:
    region = Region()
    assert region.source.running_since("tgw-0123456789abcdef0") is None
    assert region.aws.calls == []


def test_without_the_permission_it_is_unknown_whether_anything_runs() -> None:
    region = region_with([], [])
    region.aws.respond("ec2", "describe_instances", failure("UnauthorizedOperation", 403))
    assert region.source.running_since(VPC) is None
    assert region.source.failed_calls == ["running resources: UnauthorizedOperation"]


def test_resources_have_the_names_of_their_name_tags() -> None:
    region = Region()
    region.aws.respond("ec2", "describe_tags", {"Tags": [{"ResourceId": VPC, "Key": "Name", "Value": "production"}]})
    assert region.source.names_of([VPC, SUBNET]) == {VPC: "production"}
