"""The notifier: its triggers, its channels, and what its messages link to."""

import json
from collections.abc import Callable
from typing import Any

from tests.stacks.functions import SOURCE, PropertiesOf, grants


def test_the_notifier_receives_only_new_findings(properties_of: PropertiesOf) -> None:
    (source,) = [
        m for m in properties_of("AWS::Lambda::EventSourceMapping").values() if "findings" in str(m["EventSourceArn"])
    ]
    assert [json.loads(f["Pattern"]) for f in source["FilterCriteria"]["Filters"]] == [{"eventName": ["INSERT"]}]
    assert source["BisectBatchOnFunctionError"] is True
    assert source["MaximumRetryAttempts"] == 3


def test_a_failing_batch_of_findings_blocks_part_of_its_shard_for_at_most_five_minutes(
    properties_of: PropertiesOf,
) -> None:
    (source,) = [
        m for m in properties_of("AWS::Lambda::EventSourceMapping").values() if "findings" in str(m["EventSourceArn"])
    ]
    assert (source["BatchSize"], source["ParallelizationFactor"]) == (100, 4)
    assert source["MaximumRecordAgeInSeconds"] == 300


def test_the_notifier_may_publish_to_every_topic_with_their_key(properties_of: PropertiesOf) -> None:
    found = grants(properties_of, "notifier")
    assert {"kms:GenerateDataKey", "kms:Decrypt"} <= set(found)
    topics = json.dumps(sorted(found["sns:Publish"]))
    assert [each in topics for each in ("alerttopicarn", "digesttopicarn", "chattopicarn")] == [True] * 3
    assert len(found["sns:Publish"]) == 3
    assert {each.split("/index/")[1].split('"')[0] for each in found["dynamodb:Query"]} == {"unpublished", "by_thread"}


def test_with_an_event_bus_and_security_hub_the_notifier_may_send_to_them(properties_of: PropertiesOf) -> None:
    found = grants(properties_of, "notifier")
    assert ":event-bus/security" in next(iter(found["events:PutEvents"]))
    assert "/default" in next(iter(found["securityhub:BatchImportFindings"]))


def test_without_other_channels_the_notifier_may_publish_only_to_the_alert_topic(
    synthesise: Callable[..., Any],
) -> None:
    text = json.dumps(synthesise({"sources": [SOURCE]})["Processing"])
    assert not [each for each in ("events:PutEvents", "securityhub:", "digesttopicarn", "chattopicarn") if each in text]


def test_an_event_bus_of_another_account_is_granted_by_its_arn(synthesise: Callable[..., Any]) -> None:
    bus = "arn:aws:events:eu-west-1:210987654321:event-bus/security"
    policies = synthesise({"sources": [SOURCE], "event_bus": bus})["Processing"]["Resources"].values()
    statements = [s for each in policies for s in each["Properties"].get("PolicyDocument", {}).get("Statement", [])]
    assert [each["Resource"] for each in statements if each["Action"] == "events:PutEvents"] == [bus]


def test_every_deployed_stack_of_this_deployment_and_no_other_is_followed_by_a_canary(
    properties_of: PropertiesOf,
) -> None:
    (rule,) = [each for each in properties_of("AWS::Events::Rule").values() if "cloudformation" in str(each)]
    assert rule["EventPattern"]["detail-type"] == ["CloudFormation Stack Status Change"]
    prefixes = [each["prefix"]["Fn::Join"][1][-1] for each in rule["EventPattern"]["detail"]["stack-id"]]
    purposes = ("flow-logs", "state", "analytics", "processing", "monitoring")
    assert prefixes == [f":stack/flowsentry-{purpose}/" for purpose in purposes]
    assert rule["EventPattern"]["detail"]["status-details"] == {"status": ["CREATE_COMPLETE", "UPDATE_COMPLETE"]}
    assert rule["Targets"][0]["Arn"]["Fn::GetAtt"][0].startswith("Alerting")


def test_without_canaries_no_stack_is_followed(synthesise: Callable[..., Any]) -> None:
    template = json.dumps(synthesise({"sources": [SOURCE], "canary_after_deploy": False})["Processing"])
    assert "CloudFormation Stack Status Change" not in template
    assert "CANARY_AFTER_DEPLOY" not in template


def test_the_notifier_may_write_canaries_and_no_other_flow_logs(properties_of: PropertiesOf) -> None:
    found = grants(properties_of, "notifier")
    assert [each for each in found["s3:PutObject"] if "logbucket" in each and "*_fl-canary_*" not in each] == []
    assert any("logbucket" in each and "*_fl-canary_*" in each for each in found["s3:PutObject"])
    in_flow_logs = [each for each in found["logs:PutLogEvents"] if "loggroupnames" in each]
    assert [":log-stream:flowsentry-canary" in each for each in in_flow_logs] == [True]
    assert len(found["sns:ListSubscriptionsByTopic"]) == 4


def test_messages_link_to_at_most_ten_log_groups(synthesise: Callable[..., Any]) -> None:
    groups = [{"name": f"/network/{number}", "log_formats": ["default"]} for number in range(12)]
    made = synthesise({"sources": [SOURCE], "existing_log_groups": groups})["Processing"]["Resources"].values()
    variables = [each["Properties"]["Environment"]["Variables"] for each in made if "Environment" in str(each)]
    (actual,) = [each["LOG_GROUPS"] for each in variables if "LOG_GROUPS" in each]
    text = json.dumps(actual)
    assert (text.count("/network/"), text.count("loggroupnames")) == (9, 1)


def test_the_notifier_has_the_vpcs_that_are_logged_to_s3(synthesise: Callable[..., Any]) -> None:
    in_s3 = {"vpc_ids": ["vpc-0fedcba9876543210"], "destination": "s3"}
    made = synthesise({"sources": [SOURCE, in_s3]})["Processing"]["Resources"].values()
    variables = [each["Properties"]["Environment"]["Variables"] for each in made if "Environment" in str(each)]
    assert [each["VPCS_IN_S3"] for each in variables if "VPCS_IN_S3" in each] == ["vpc-0fedcba9876543210"]
