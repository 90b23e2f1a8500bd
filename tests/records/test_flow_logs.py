"""Flow logs as EC2 describes them: where they deliver, what writes to a log stream, and what a deployment reads."""

import pytest

from flowsentry.records.flow_logs import Activity, Coverage, FlowLog, LogStream, destination_of

INTERFACE, SUBNET, VPC = "eni-0123456789abcdef0", "subnet-0123456789abcdef0", "vpc-0123456789abcdef0"
RESOURCES = {INTERFACE, SUBNET, VPC}


def flow_log(resource_id: str = VPC, destination: str = "/flow-logs", traffic_type: str = "ALL") -> FlowLog:
    return FlowLog("fl-1", resource_id, destination, 0, traffic_type)


@pytest.mark.parametrize(
    ("log_destination", "log_group_name", "destination"),
    [
        ("arn:aws:logs:eu-west-1:123456789012:log-group:/flow-logs", "/flow-logs", "/flow-logs"),
        ("arn:aws:logs:eu-west-1:123456789012:log-group:/flow-logs:*", "", "/flow-logs"),
        ("arn:aws:s3:::bucket", "", "s3://bucket/"),
        ("arn:aws-cn:s3:::bucket/network/", "", "s3://bucket/network/"),
        ("arn:aws:firehose:eu-west-1:123456789012:deliverystream/x", "", None),
        ("", "", ""),
    ],
)
def test_a_destination_is_a_log_group_or_the_address_of_a_bucket_or_else_unchanged(
    log_destination: str, log_group_name: str, destination: str | None
) -> None:
    expected = log_destination if destination is None else destination
    assert destination_of(log_destination, log_group_name) == expected


@pytest.mark.parametrize(
    ("name", "resource_id"),
    [
        (f"{INTERFACE}-all", INTERFACE),
        (f"{INTERFACE}-reject", INTERFACE),
        ("tgw-attach-0abc-all", "tgw-attach-0abc"),
        ("nat-0abc-all", "nat-0abc"),
        ("my-stream", ""),
    ],
)
def test_a_log_stream_is_named_by_its_interface_or_attachment(name: str, resource_id: str) -> None:
    assert LogStream("/flow-logs", name).resource_id == resource_id


@pytest.mark.parametrize("resource_id", sorted(RESOURCES))
def test_the_flow_log_of_an_interface_its_subnet_or_its_vpc_writes_its_log_stream(resource_id: str) -> None:
    assert LogStream("/flow-logs", f"{INTERFACE}-all").may_be_of(flow_log(resource_id), RESOURCES)


@pytest.mark.parametrize(
    "other",
    [flow_log("vpc-0fedcba9876543210"), flow_log(destination="/other"), flow_log(traffic_type="REJECT")],
    ids=["another VPC", "another log group", "another traffic type"],
)
def test_a_flow_log_of_something_else_does_not_write_it(other: FlowLog) -> None:
    assert not LogStream("/flow-logs", f"{INTERFACE}-all").may_be_of(other, RESOURCES)


def test_a_log_stream_without_a_traffic_type_in_its_name_may_be_of_any() -> None:
    assert LogStream("/flow-logs", "my-stream").may_be_of(flow_log(traffic_type="REJECT"), RESOURCES)


@pytest.mark.parametrize(
    ("destination", "is_read"),
    [
        ("/flow-logs", True),
        ("/flow-logs-of-others", False),
        ("s3://own/", True),
        ("s3://own/audit/", True),
        ("s3://central/network/", True),
        ("s3://central/", False),
        ("s3://central/audit/", False),
        ("s3://other/", False),
        ("s3://team/", False),
        ("s3://team/firehose/net/", True),
        ("s3://short/", True),
        ("s3://short/network/", False),
        ("arn:aws:firehose:eu-west-1:123456789012:deliverystream/x", False),
    ],
)
def test_a_flow_log_is_read_if_its_destination_is(destination: str, is_read: bool) -> None:  # noqa: FBT001
    buckets = {"s3://own/", "s3://central/network/AWSLogs/", "s3://team/firehose/", "s3://short/AWSLo"}
    coverage = Coverage(frozenset({"/flow-logs", *buckets}))
    assert coverage.includes(flow_log(destination=destination)) is is_read


def test_elsewhere_only_flow_logs_to_buckets_are_read() -> None:
    coverage = Coverage(frozenset({"/flow-logs", "s3://own/"}), (VPC,)).elsewhere
    assert coverage == Coverage(frozenset({"s3://own/"}))


def test_a_resource_is_missing_without_a_flow_log_that_is_read() -> None:
    coverage = Coverage(frozenset({"/flow-logs"}), (VPC, SUBNET, INTERFACE))
    flow_logs = [flow_log(VPC), flow_log(SUBNET, destination="/other")]
    assert coverage.missing(flow_logs) == [SUBNET, INTERFACE]


@pytest.mark.parametrize(
    ("records", "skipped", "percent"), [(0, 0, 0.0), (100, 0, 0.0), (99, 1, 1.0), (0, 5, 100.0), (997, 3, 0.3)]
)
def test_the_share_of_skipped_records_is_that_of_all_records(records: int, skipped: int, percent: float) -> None:
    assert Activity(0, records, skipped).skipped_percent == pytest.approx(percent)


def test_the_activity_of_two_hours_adds_up() -> None:
    assert Activity(7_200, 10, 1) + Activity(3_600, 20, 0) == Activity(7_200, 30, 1)
