"""The inventory function: where it looks, what starts it, and what it and the processors may ask of each other."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.stacks.functions import FUNCTIONS, SOURCE, Every, functions, grants


def test_the_inventory_writes_its_snapshot_and_when_it_began_to_look_and_nothing_else(every: Every) -> None:
    begun, snapshot = sorted(grants(every, "inventory")["s3:PutObject"], key=lambda each: "snapshot" in each)
    assert "/discovery/claims.json" in begun
    assert "/inventory/snapshot.zip" in snapshot


def test_the_inventory_assumes_the_roles_of_the_settings_and_no_others(every: Every) -> None:
    assert grants(every, "inventory")["sts:AssumeRole"] == {
        '"arn:aws:iam::222222222222:role/flowsentry-inventory"',
        '"arn:aws:iam::333333333333:role/read/inventory"',
    }


def test_without_roles_the_inventory_assumes_none(synthesise: Callable[..., Any]) -> None:
    assert "AssumeRole" not in _policies(synthesise({"sources": [SOURCE]})["Processing"])


def _policies(template: Mapping[str, Any]) -> str:
    return json.dumps([each for each in template["Resources"].values() if each["Type"] == "AWS::IAM::Policy"])


def test_the_inventory_reads_of_apis_nothing_but_their_links(every: Every) -> None:
    assert all("::/vpclinks" in each for each in grants(every, "inventory")["apigateway:GET"])
    assert any("eu-west-1" in each for each in grants(every, "inventory")["apigateway:GET"])


def test_the_inventory_is_told_its_places_by_a_parameter(every: Every) -> None:
    (told,) = [each for each in every("AWS::SSM::Parameter").values() if each["Name"].endswith("/inventory-targets")]
    role, external_id = "arn:aws:iam::222222222222:role/flowsentry-inventory", "flowsentry"
    assert json.loads(told["Value"]) == {
        "regions": ["eu-west-1"],
        "roles": [
            {"role_arn": role, "external_id": external_id, "regions": ["eu-west-1", "us-east-1"]},
            {"role_arn": "arn:aws:iam::333333333333:role/read/inventory", "external_id": "", "regions": []},
        ],
        "clusters": [{"name": "shop", "region": ""}],
    }


def test_the_inventory_describes_its_clusters_and_has_a_way_into_each(every: Every) -> None:
    (resource,) = grants(every, "inventory")["eks:DescribeCluster"]
    assert "cluster/shop" in resource
    (entry,) = every("AWS::EKS::AccessEntry").values()
    assert entry["ClusterName"] == "shop"


def test_the_inventory_is_in_the_network_of_the_settings(every: Every) -> None:
    assert functions(every)["inventory"]["VpcConfig"]["SubnetIds"] == ["subnet-0123456789abcdef0"]
    assert [service for service in FUNCTIONS if "VpcConfig" in functions(every)[service]] == ["inventory"]


def request_queue(every: Every) -> dict[str, Any]:
    (queue,) = [each for id_, each in every("AWS::SQS::Queue").items() if id_.startswith("InventoryRequestsQueue")]
    return dict(queue)


def test_requests_are_gathered_and_report_single_failures(every: Every) -> None:
    mappings = every("AWS::Lambda::EventSourceMapping").values()
    (source,) = [each for each in mappings if "InventoryRequests" in str(each["EventSourceArn"])]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert (source["BatchSize"], source["MaximumBatchingWindowInSeconds"]) == (1_000, 60)


def test_a_request_is_not_seen_by_two_runs_and_is_a_dead_letter_when_it_failed_too_often(every: Every) -> None:
    queue, timeout = request_queue(every), functions(every)["inventory"]["Timeout"]
    assert queue["VisibilityTimeout"] >= 6 * timeout
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert queue["SqsManagedSseEnabled"] is True
    assert "InventoryRequestsDeadLetters" in json.dumps(queue["RedrivePolicy"]["deadLetterTargetArn"])


def change_rules(every: Every) -> list[dict[str, Any]]:
    return [each for id_, each in every("AWS::Events::Rule").items() if id_.startswith("InventoryRequests")]


def test_every_change_becomes_a_mark_of_its_place_and_no_more(every: Every) -> None:
    for rule in change_rules(every):
        (target,) = rule["Targets"]
        transformer = target["InputTransformer"]
        assert transformer["InputPathsMap"] == {"account": "$.account", "region": "$.region"}
        assert transformer["InputTemplate"] == '{"target":"<account>/<region>"}'
        assert "InventoryRequestsDeadLetters" in json.dumps(target["DeadLetterConfig"])


def test_changes_of_instances_tasks_and_calls_are_marked(every: Every) -> None:
    patterns = [rule["EventPattern"] for rule in change_rules(every)]
    assert {(each["source"][0], each["detail-type"][0]) for each in patterns} == {
        ("aws.ec2", "EC2 Instance State-change Notification"),
        ("aws.ecs", "ECS Task State Change"),
        ("aws.ec2", "AWS API Call via CloudTrail"),
        ("aws.elasticloadbalancing", "AWS API Call via CloudTrail"),
    }
    assert all(len(json.dumps(each)) <= 2_048 for each in patterns)


def test_calls_that_failed_and_calls_that_only_read_mark_nothing(every: Every) -> None:
    for detail in (rule["EventPattern"]["detail"] for rule in change_rules(every)):
        if "eventName" in detail:
            assert detail["errorCode"] == [{"exists": False}]
            assert [name for name in detail["eventName"] if name.startswith(("Describe", "Get", "List"))] == []


def test_only_the_rules_of_changes_may_put_marks_into_the_queue(every: Every) -> None:
    policies = [each for id_, each in every("AWS::SQS::QueuePolicy").items() if id_.startswith("InventoryRequests")]
    allowed = [s for each in policies for s in each["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert {each["Principal"]["Service"] for each in allowed} == {"events.amazonaws.com"}
    sources = [each["Condition"]["ArnEquals"]["aws:SourceArn"] for each in allowed]
    assert all("InventoryRequests" in json.dumps(each) for each in sources)
    assert len(allowed) == 2 * len(change_rules(every))


@pytest.mark.parametrize("service", ["stream_processor", "object_processor"])
def test_a_processor_may_ask_the_inventory_and_not_listen(every: Every, service: str) -> None:
    sent = grants(every, service)["sqs:SendMessage"]
    assert any("InventoryRequestsQueue" in each for each in sent)
    received = grants(every, service).get("sqs:ReceiveMessage", set())
    assert not any("InventoryRequests" in each for each in received)


@pytest.mark.parametrize("service", ["stream_processor", "object_processor"])
def test_a_processor_reads_its_geographic_databases_and_nothing_beside_them(every: Every, service: str) -> None:
    told = json.dumps(functions(every)[service]["Environment"]["Variables"]["GEO_DATABASES"])
    assert "s3://their-databases/cities.mmdb,s3://" in told
    assert re.search(r"cdk-hnb659fds-assets-.*/[0-9a-f]{64}\.mmdb", told)
    readable = [each for each in grants(every, service)["s3:GetObject"] if ".mmdb" in each]
    assert len(readable) == 2
    assert any("s3:::their-databases/cities.mmdb" in each for each in readable)
    assert [each for each in readable if "*" in each] == []


def test_without_geographic_databases_none_is_named(synthesise: Callable[..., Any]) -> None:
    assert "GEO_DATABASES" not in json.dumps(synthesise({"sources": [SOURCE]})["Processing"])
