"""Flow logs of every VPC, against EC2 in memory."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.flow_logs import every_vpc
from flowsentry.aws.flow_logs.every_vpc import EveryVpc, FlowLogsRefusedError
from flowsentry.settings import FlowLogCreatorSettings
from tests.moto_world import REGION, aws_in_memory, forget_clients

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/delivery"
TO_S3 = FlowLogCreatorSettings(
    deployment_name="flowsentry",
    delivery_id="0a1b2c",
    log_format="${version} ${srcaddr} ${dstaddr}",
    traffic_type="ALL",
    aggregation_seconds=60,
    destination_arn="arn:aws:s3:::flow-logs",
    file_format="parquet",
    hive_partitions=True,
    flow_log_tags=("team=network", "url=a=b"),
)


@pytest.fixture(autouse=True)
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """EC2 without the default VPC, and a bucket."""
    forget_clients()
    with aws_in_memory(monkeypatch):
        client = clients.ec2()
        for vpc in client.describe_vpcs()["Vpcs"]:
            for subnet in client.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]:
                client.delete_subnet(SubnetId=subnet["SubnetId"])
            client.delete_vpc(VpcId=vpc["VpcId"])
        for name in ("flow-logs", "others", "third"):
            clients.s3().create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client
    forget_clients()


def vpc(ec2: Any, **tags: str) -> str:
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    if tags:
        ec2.create_tags(Resources=[made], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    return str(made)


def logged(ec2: Any) -> list[str]:
    return sorted(each["ResourceId"] for each in ec2.describe_flow_logs()["FlowLogs"])


def every(given: FlowLogCreatorSettings = TO_S3) -> EveryVpc:
    return EveryVpc(given, clients.ec2(), ACCOUNT, sleep=lambda _: None)


def counts(given: FlowLogCreatorSettings = TO_S3) -> tuple[int, int]:
    changes = every(given).reconcile()
    return changes.created, changes.deleted


def test_every_vpc_gets_a_flow_log_as_the_settings_state_it(ec2: Any) -> None:
    vpcs = {vpc(ec2), vpc(ec2)}
    assert counts() == (2, 0)
    flow_logs = ec2.describe_flow_logs()["FlowLogs"]
    assert {each["ResourceId"] for each in flow_logs} == vpcs
    assert {each["LogFormat"] for each in flow_logs} == {TO_S3.log_format}
    assert {(each["TrafficType"], each["MaxAggregationInterval"]) for each in flow_logs} == {("ALL", 60)}
    assert {tag["Key"]: tag["Value"] for tag in flow_logs[0]["Tags"]} == {
        "flowsentry:every-vpc": "flowsentry",
        "flowsentry:delivery": "0a1b2c",
        "team": "network",
        "url": "a=b",
    }


def test_a_second_run_changes_nothing_and_a_new_vpc_is_found_by_the_next(ec2: Any) -> None:
    first = vpc(ec2)
    assert [counts(), counts()] == [(1, 0), (0, 0)]
    second = vpc(ec2)
    assert counts() == (1, 0)
    assert logged(ec2) == sorted([first, second])


def test_a_flow_log_to_a_log_group_is_created_with_the_delivery_role(ec2: Any) -> None:
    vpc(ec2)
    given = replace(TO_S3, destination_arn="", log_group_name="/flow-logs", delivery_role_arn=ROLE)
    assert counts(given) == (1, 0)
    (flow_log,) = ec2.describe_flow_logs()["FlowLogs"]
    assert (flow_log["LogGroupName"], flow_log["DeliverLogsPermissionArn"]) == ("/flow-logs", ROLE)


@pytest.mark.parametrize("condition", ["flow-logs", "flow-logs=none"])
def test_a_vpc_with_an_excluded_tag_gets_none(ec2: Any, condition: str) -> None:
    vpc(ec2, **{"flow-logs": "none"})
    other = vpc(ec2, flow="logs")
    assert counts(replace(TO_S3, except_tags=(condition, "flow-logs=other"))) == (1, 0)
    assert logged(ec2) == [other]


def test_a_vpc_that_is_excluded_later_loses_its_flow_log(ec2: Any) -> None:
    by_id, by_tag, kept = vpc(ec2), vpc(ec2), vpc(ec2)
    assert counts() == (3, 0)
    ec2.create_tags(Resources=[by_tag], Tags=[{"Key": "private", "Value": ""}])
    assert counts(replace(TO_S3, except_vpc_ids=(by_id,), except_tags=("private",))) == (0, 2)
    assert logged(ec2) == [kept]


def test_other_settings_make_new_flow_logs_before_the_old_ones_are_deleted(ec2: Any) -> None:
    made = vpc(ec2)
    counts()
    other = replace(TO_S3, delivery_id="ffffff", destination_arn="arn:aws:s3:::others")
    assert counts(other) == (1, 1)
    assert logged(ec2) == [made]
    assert counts(other) == (0, 0)


def test_a_vpc_whose_new_flow_log_is_refused_keeps_its_old_one(ec2: Any) -> None:
    made = vpc(ec2)
    counts()
    with pytest.raises(FlowLogsRefusedError, match=f"{made}: .*missing does not exist"):
        counts(replace(TO_S3, delivery_id="ffffff", destination_arn="arn:aws:s3:::missing"))
    assert logged(ec2) == [made]


def test_flow_logs_of_others_are_neither_counted_nor_deleted(ec2: Any) -> None:
    made = vpc(ec2)
    same = {"ResourceIds": [made], "ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3"}
    ec2.create_flow_logs(**same, LogDestination="arn:aws:s3:::others")
    vpc(ec2)
    assert counts() == (2, 0)
    assert counts(replace(TO_S3, deployment_name="another", destination_arn="arn:aws:s3:::third")) == (2, 0)
    assert every().remove_all().deleted == 2
    assert len(logged(ec2)) == 3


class SharedCalls:
    """EC2 that refuses a whole call if one of its VPCs has such a flow log, as it may."""

    def __init__(self, ec2: Any, refusing: str) -> None:
        self._ec2, self._refusing = ec2, refusing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ec2, name)

    def create_flow_logs(self, **request: Any) -> Any:
        if self._refusing in request["ResourceIds"]:
            raise ClientError({"Error": {"Code": "FlowLogAlreadyExists", "Message": "x"}}, "CreateFlowLogs")
        return self._ec2.create_flow_logs(**request)


def test_one_flow_log_that_exists_does_not_stop_those_of_the_same_call(ec2: Any) -> None:
    vpcs = [vpc(ec2) for _ in range(3)]
    changes = EveryVpc(TO_S3, SharedCalls(ec2, vpcs[1]), ACCOUNT).reconcile()  # type: ignore[arg-type]
    assert changes.created == 2
    assert logged(ec2) == sorted([vpcs[0], vpcs[2]])


def test_an_old_flow_log_is_deleted_only_when_a_new_one_of_its_vpc_is_listed(ec2: Any) -> None:
    vpcs = [vpc(ec2) for _ in range(3)]
    counts()
    other = replace(TO_S3, delivery_id="ffffff", destination_arn="arn:aws:s3:::others")
    changes = EveryVpc(other, SharedCalls(ec2, vpcs[1]), ACCOUNT).reconcile()  # type: ignore[arg-type]
    assert (changes.created, changes.deleted) == (2, 2)
    assert logged(ec2) == sorted(vpcs)
    assert counts(other) == (1, 1)


def test_kept_flow_logs_are_replaced_when_the_deployment_has_another_bucket(ec2: Any) -> None:
    vpc(ec2)
    counts()
    assert counts(replace(TO_S3, destination_arn="arn:aws:s3:::others")) == (1, 1)
    (flow_log,) = ec2.describe_flow_logs()["FlowLogs"]
    assert flow_log["LogDestination"] == "arn:aws:s3:::others"


def test_a_slash_at_the_end_makes_no_other_destination(ec2: Any) -> None:
    vpc(ec2)
    counts()
    assert counts(replace(TO_S3, destination_arn="arn:aws:s3:::flow-logs/")) == (0, 0)


@pytest.mark.parametrize("change", [{"log_group_name": "/other"}, {"delivery_role_arn": f"{ROLE}-2"}])
def test_kept_flow_logs_are_replaced_when_the_deployment_has_another_log_group_or_role(
    ec2: Any, change: dict[str, str]
) -> None:
    vpc(ec2)
    given = replace(TO_S3, destination_arn="", log_group_name="/flow-logs", delivery_role_arn=ROLE)
    counts(given)
    other = replace(given, **change)  # type: ignore[arg-type]
    assert [counts(other), counts(other)] == [(1, 1), (0, 0)]
    (flow_log,) = ec2.describe_flow_logs()["FlowLogs"]
    assert (flow_log["LogGroupName"], flow_log["DeliverLogsPermissionArn"]) == (
        other.log_group_name,
        other.delivery_role_arn,
    )


def test_tags_that_change_reach_the_flow_logs_that_exist_and_those_of_others_stay(ec2: Any) -> None:
    vpc(ec2)
    counts()
    (flow_log,) = ec2.describe_flow_logs()["FlowLogs"]
    ec2.create_tags(Resources=[flow_log["FlowLogId"]], Tags=[{"Key": "audited", "Value": "2026"}])
    assert counts(replace(TO_S3, flow_log_tags=("team=security", "cost=1"))) == (0, 0)
    (flow_log,) = ec2.describe_flow_logs()["FlowLogs"]
    assert {tag["Key"]: tag["Value"] for tag in flow_log["Tags"]} == {
        "flowsentry:every-vpc": "flowsentry",
        "flowsentry:delivery": "0a1b2c",
        "team": "security",
        "cost": "1",
        "url": "a=b",
        "audited": "2026",
    }


def test_a_removal_deletes_also_what_a_run_at_the_same_time_creates(ec2: Any) -> None:
    vpc(ec2)
    counts()
    waited = list[float]()

    def run_that_began_before(seconds: float) -> None:
        waited.append(seconds)
        counts()

    changes = EveryVpc(TO_S3, clients.ec2(), ACCOUNT, sleep=run_that_began_before).remove_all()
    assert (changes.deleted, logged(ec2), waited) == (2, [], [every_vpc.LAST_RUN_SECONDS])


def test_a_vpc_that_another_account_shares_gets_none(ec2: Any) -> None:
    vpc(ec2)
    assert EveryVpc(TO_S3, clients.ec2(), "210987654321").reconcile().created == 0


@pytest.mark.parametrize("size", [1, 2, 3])
def test_many_vpcs_are_created_in_parts(ec2: Any, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(every_vpc, "VPCS_OF_A_CALL", size)
    vpcs = [vpc(ec2) for _ in range(3)]
    assert counts() == (3, 0)
    assert logged(ec2) == sorted(vpcs)
    assert every().remove_all().deleted == 3
