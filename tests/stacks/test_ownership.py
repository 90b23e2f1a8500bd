"""The inventory function: its targets, triggers and permissions, and the requests of the processors."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.stacks.functions import FUNCTIONS, SOURCE, PropertiesOf, functions, grants


def test_the_inventory_function_writes_only_its_snapshot_and_discovery_claims(
    properties_of: PropertiesOf,
) -> None:
    claims, snapshot = sorted(grants(properties_of, "inventory")["s3:PutObject"], key=lambda each: "snapshot" in each)
    assert "/discovery/claims.json" in claims
    assert "/inventory/snapshot.zip" in snapshot


def test_the_inventory_function_may_assume_only_the_roles_of_the_settings(properties_of: PropertiesOf) -> None:
    assert grants(properties_of, "inventory")["sts:AssumeRole"] == {
        '"arn:aws:iam::222222222222:role/flowsentry-inventory"',
        '"arn:aws:iam::333333333333:role/read/inventory"',
    }


def test_without_roles_the_inventory_function_may_assume_none(synthesise: Callable[..., Any]) -> None:
    assert "AssumeRole" not in _policies(synthesise({"sources": [SOURCE]})["Processing"])


def _policies(template: Mapping[str, Any]) -> str:
    return json.dumps([each for each in template["Resources"].values() if each["Type"] == "AWS::IAM::Policy"])


def test_the_inventory_function_may_read_only_vpc_links_of_api_gateway(properties_of: PropertiesOf) -> None:
    assert all("::/vpclinks" in each for each in grants(properties_of, "inventory")["apigateway:GET"])
    assert any("eu-west-1" in each for each in grants(properties_of, "inventory")["apigateway:GET"])


def test_the_targets_of_the_inventory_are_in_a_parameter(properties_of: PropertiesOf) -> None:
    (actual,) = [
        each for each in properties_of("AWS::SSM::Parameter").values() if each["Name"].endswith("/inventory-targets")
    ]
    role, external_id = "arn:aws:iam::222222222222:role/flowsentry-inventory", "flowsentry"
    assert json.loads(actual["Value"]) == {
        "regions": ["eu-west-1"],
        "roles": [
            {"role_arn": role, "external_id": external_id, "regions": ["eu-west-1", "us-east-1"]},
            {"role_arn": "arn:aws:iam::333333333333:role/read/inventory", "external_id": "", "regions": []},
        ],
        "clusters": [{"name": "shop", "region": ""}],
    }


def test_the_inventory_function_has_access_to_its_clusters(properties_of: PropertiesOf) -> None:
    (resource,) = grants(properties_of, "inventory")["eks:DescribeCluster"]
    assert "cluster/shop" in resource
    (entry,) = properties_of("AWS::EKS::AccessEntry").values()
    assert entry["ClusterName"] == "shop"


def test_only_the_inventory_function_is_in_the_vpc_of_the_settings(properties_of: PropertiesOf) -> None:
    assert functions(properties_of)["inventory"]["VpcConfig"]["SubnetIds"] == ["subnet-0123456789abcdef0"]
    assert [service for service in FUNCTIONS if "VpcConfig" in functions(properties_of)[service]] == ["inventory"]


def request_queue(properties_of: PropertiesOf) -> dict[str, Any]:
    (queue,) = [
        each for id_, each in properties_of("AWS::SQS::Queue").items() if id_.startswith("InventoryRequestsQueue")
    ]
    return dict(queue)


def test_requests_are_received_in_batches_that_report_single_failures(properties_of: PropertiesOf) -> None:
    mappings = properties_of("AWS::Lambda::EventSourceMapping").values()
    (source,) = [each for each in mappings if "InventoryRequests" in str(each["EventSourceArn"])]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert (source["BatchSize"], source["MaximumBatchingWindowInSeconds"]) == (1_000, 60)


def test_a_request_is_invisible_for_six_timeouts_and_is_a_dead_letter_after_five_receives(
    properties_of: PropertiesOf,
) -> None:
    queue, timeout = request_queue(properties_of), functions(properties_of)["inventory"]["Timeout"]
    assert queue["VisibilityTimeout"] >= 6 * timeout
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert queue["SqsManagedSseEnabled"] is True
    assert "InventoryRequestsDeadLetters" in json.dumps(queue["RedrivePolicy"]["deadLetterTargetArn"])


def change_rules(properties_of: PropertiesOf) -> list[dict[str, Any]]:
    return [each for id_, each in properties_of("AWS::Events::Rule").items() if id_.startswith("InventoryRequests")]


def test_every_change_event_contains_only_its_target(properties_of: PropertiesOf) -> None:
    for rule in change_rules(properties_of):
        (target,) = rule["Targets"]
        transformer = target["InputTransformer"]
        assert transformer["InputPathsMap"] == {"account": "$.account", "region": "$.region"}
        assert transformer["InputTemplate"] == '{"target":"<account>/<region>"}'
        assert "InventoryRequestsDeadLetters" in json.dumps(target["DeadLetterConfig"])


def test_events_of_instances_tasks_and_api_calls_cause_change_events(properties_of: PropertiesOf) -> None:
    patterns = [rule["EventPattern"] for rule in change_rules(properties_of)]
    assert {(each["source"][0], each["detail-type"][0]) for each in patterns} == {
        ("aws.ec2", "EC2 Instance State-change Notification"),
        ("aws.ecs", "ECS Task State Change"),
        ("aws.ec2", "AWS API Call via CloudTrail"),
        ("aws.elasticloadbalancing", "AWS API Call via CloudTrail"),
    }
    assert all(len(json.dumps(each)) <= 2_048 for each in patterns)


def test_failed_calls_and_read_only_calls_cause_no_change_events(properties_of: PropertiesOf) -> None:
    for detail in (rule["EventPattern"]["detail"] for rule in change_rules(properties_of)):
        if "eventName" in detail:
            assert detail["errorCode"] == [{"exists": False}]
            assert [name for name in detail["eventName"] if name.startswith(("Describe", "Get", "List"))] == []


def test_only_the_change_rules_may_send_to_the_request_queue(properties_of: PropertiesOf) -> None:
    policies = [
        each for id_, each in properties_of("AWS::SQS::QueuePolicy").items() if id_.startswith("InventoryRequests")
    ]
    allowed = [s for each in policies for s in each["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert {each["Principal"]["Service"] for each in allowed} == {"events.amazonaws.com"}
    sources = [each["Condition"]["ArnEquals"]["aws:SourceArn"] for each in allowed]
    assert all("InventoryRequests" in json.dumps(each) for each in sources)
    assert len(allowed) == 2 * len(change_rules(properties_of))


@pytest.mark.parametrize("service", ["stream_processor", "object_processor"])
def test_a_processor_may_send_requests_to_the_inventory_and_not_receive_them(
    properties_of: PropertiesOf, service: str
) -> None:
    sent = grants(properties_of, service)["sqs:SendMessage"]
    assert any("InventoryRequestsQueue" in each for each in sent)
    received = grants(properties_of, service).get("sqs:ReceiveMessage", set())
    assert not any("InventoryRequests" in each for each in received)


@pytest.mark.parametrize("service", ["stream_processor", "object_processor"])
def test_a_processor_may_read_only_its_geoip_databases(properties_of: PropertiesOf, service: str) -> None:
    actual = json.dumps(functions(properties_of)[service]["Environment"]["Variables"]["GEO_DATABASES"])
    assert "s3://shared-databases/cities.mmdb,s3://" in actual
    assert re.search(r"cdk-hnb659fds-assets-.*/[0-9a-f]{64}\.mmdb", actual)
    readable = [each for each in grants(properties_of, service)["s3:GetObject"] if ".mmdb" in each]
    assert len(readable) == 2
    assert any("s3:::shared-databases/cities.mmdb" in each for each in readable)
    assert [each for each in readable if "*" in each] == []


def test_without_geoip_databases_the_variable_is_not_set(synthesise: Callable[..., Any]) -> None:
    assert "GEO_DATABASES" not in json.dumps(synthesise({"sources": [SOURCE]})["Processing"])
