"""The functions: what they are told, what triggers them, and what they may do."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import pytest

from flowsentry import settings
from flowsentry.settings import SUPPRESSIONS_KEY
from stacks.ownership.describe_actions import DESCRIBES
from tests.stacks.functions import FUNCTIONS, SOURCE, Every, functions, grants


def test_there_are_four_functions_and_each_is_its_folder(every: Every) -> None:
    assert set(functions(every)) == set(FUNCTIONS)


@pytest.mark.parametrize("service", FUNCTIONS)
def test_every_function_keeps_the_rules_of_the_house(every: Every, service: str) -> None:
    function = functions(every)[service]
    assert (function["Runtime"], function["Architectures"]) == ("python3.14", ["arm64"])
    assert function["Handler"] == "handler.lambda_handler"
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert function["LoggingConfig"]["LogGroup"]["Ref"] in every("AWS::Logs::LogGroup")
    assert function["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] == "Flowsentry"
    assert [each["Ref"].startswith("Layers") for each in function["Layers"]] == [True, True]


@pytest.mark.parametrize(
    ("service", "kind"),
    [
        ("stream_processor", settings.ProcessorSettings),
        ("object_processor", settings.ObjectProcessorSettings),
        ("inventory", settings.InventorySettings),
        ("notifier", settings.NotifierSettings),
    ],
)
def test_a_function_is_told_all_that_its_settings_know_and_no_more(every: Every, service: str, kind: type[Any]) -> None:
    variables = functions(every)[service]["Environment"]["Variables"]
    told = {name for name in variables if not name.startswith("POWERTOOLS_")}
    assert told == {field.name.upper() for field in fields(kind)}


def test_without_inside_networks_the_processors_use_their_own_default(synthesise: Callable[..., Any]) -> None:
    assert "INSIDE_NETWORKS" not in json.dumps(synthesise({"sources": [SOURCE]})["Processing"])


def test_python_and_processor_are_settings_and_nothing_else_differs(synthesise: Callable[..., Any]) -> None:
    here = {"python": "3.11", "architecture": "x86_64"}
    default, other = (synthesise({"sources": [SOURCE], **target})["Processing"] for target in ({}, here))
    text = json.dumps(other).replace("python3.11", "python3.14").replace("x86_64", "arm64")
    assert _without_assets(json.loads(text)) == _without_assets(default)


def _without_assets(template: Mapping[str, Any]) -> Any:
    """Layer ids carry a hash of their content."""
    layers = [id_ for id_, each in template["Resources"].items() if each["Type"] == "AWS::Lambda::LayerVersion"]
    text = json.dumps(template)
    for number, id_ in enumerate(layers):
        key = template["Resources"][id_]["Properties"]["Content"]["S3Key"]
        text = text.replace(id_, f"layer{number}").replace(key, f"content{number}")
    return json.loads(text)


def test_every_log_group_of_the_app_is_subscribed_by_one_permission(every: Every) -> None:
    """A permission for each group would burst the function's policy at about thirty."""
    subscriptions = every("AWS::Logs::SubscriptionFilter")
    assert {each["FilterPattern"] for each in subscriptions.values()} == {""}
    assert len({json.dumps(each["LogGroupName"]) for each in subscriptions.values()}) == len(subscriptions) == 5
    for permission in permissions(every):
        assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert len([each for each in permissions(every) if ":flowsentry-flow-logs-*:*" in json.dumps(each)]) == 1


def permissions(every: Every) -> list[dict[str, Any]]:
    """Of CloudWatch Logs to invoke the stream processor."""
    return [each for each in every("AWS::Lambda::Permission").values() if each["Principal"] == "logs.amazonaws.com"]


def test_a_subscription_waits_until_its_payloads_can_be_taken(templates: Mapping[str, Any]) -> None:
    resources = templates["Processing"]["Resources"].items()
    permitted = {id_ for id_, each in resources if each["Type"] == "AWS::Lambda::Permission"}
    (follower,) = [id_ for id_, each in resources if "BisectBatch" in str(each) and "payloadstream" in str(each)]
    subscriptions = [each for _, each in resources if each["Type"] == "AWS::Logs::SubscriptionFilter"]
    for subscription in subscriptions:
        (waited_for,) = subscription["DependsOn"]
        assert waited_for == follower if "Distribution" in subscription["Properties"] else waited_for in permitted


def test_a_payload_that_fails_thrice_is_kept_in_a_bucket(every: Every) -> None:
    (config,) = every("AWS::Lambda::EventInvokeConfig").values()
    assert config["MaximumRetryAttempts"] == 2
    assert "failedinvocationbucket" in json.dumps(config["DestinationConfig"]["OnFailure"])


def test_a_busy_log_group_writes_to_all_shards_of_the_stream_by_a_role(every: Every) -> None:
    streamed = [each for each in every("AWS::Logs::SubscriptionFilter").values() if "Distribution" in each]
    assert len(streamed) == 2
    for each in streamed:
        assert "payloadstreamarn" in json.dumps(each["DestinationArn"])
        assert each["Distribution"] == "Random"
        assert each["RoleArn"]["Fn::GetAtt"][0] in every("AWS::IAM::Role")


def test_only_log_groups_of_this_account_take_the_role_and_only_to_put(every: Every) -> None:
    (role,) = [each for id_, each in every("AWS::IAM::Role").items() if "PayloadRole" in id_]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "logs.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert ":logs:" in json.dumps(trust["Condition"]["StringLike"]["aws:SourceArn"])
    (statement,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "kinesis:PutRecord"
    assert "payloadstreamarn" in json.dumps(statement["Resource"])


def test_the_stream_is_read_from_its_oldest_payload_and_what_fails_thrice_is_kept(every: Every) -> None:
    (source,) = [m for m in every("AWS::Lambda::EventSourceMapping").values() if "payload" in str(m["EventSourceArn"])]
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (source["BisectBatchOnFunctionError"], source["MaximumRetryAttempts"]) == (True, 2)
    assert "failedinvocationbucket" in json.dumps(source["DestinationConfig"]["OnFailure"])


def test_a_payload_leaves_the_stream_for_the_bucket_before_the_stream_forgets_it(every: Every) -> None:
    (source,) = [m for m in every("AWS::Lambda::EventSourceMapping").values() if "payload" in str(m["EventSourceArn"])]
    (stream,) = every("AWS::Kinesis::Stream").values()
    assert source["MaximumRecordAgeInSeconds"] * 2 <= stream["RetentionPeriodHours"] * 3600


def test_the_stream_processor_reads_its_stream_and_has_no_consumer_of_its_own(every: Every) -> None:
    found = grants(every, "stream_processor")
    reads = {action: resources for action, resources in found.items() if action.startswith("kinesis:")}
    assert {
        resource for resources in reads.values() for resource in resources if "payloadstreamarn" not in resource
    } == set()
    assert {"kinesis:GetRecords", "kinesis:ListShards"} <= set(reads)
    assert "kinesis:SubscribeToShard" not in reads
    assert not any(action.startswith("kinesis:") for action in grants(every, "object_processor"))


def test_the_stream_processor_ends_within_a_minute_and_may_be_bounded(every: Every) -> None:
    function = functions(every)["stream_processor"]
    assert function["Timeout"] <= 60
    assert function["ReservedConcurrentExecutions"] == 5


def test_object_events_are_received_in_batches_that_report_single_failures(every: Every) -> None:
    (source,) = [
        m for m in every("AWS::Lambda::EventSourceMapping").values() if "objectqueue" in str(m["EventSourceArn"])
    ]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 10}
    assert source["BatchSize"] == 10


def test_the_object_processor_is_bounded_by_its_queue_and_not_by_reserved_concurrency(every: Every) -> None:
    assert "ReservedConcurrentExecutions" not in functions(every)["object_processor"]


def test_the_notifier_follows_new_findings_only(every: Every) -> None:
    (source,) = [m for m in every("AWS::Lambda::EventSourceMapping").values() if "findings" in str(m["EventSourceArn"])]
    assert [json.loads(f["Pattern"]) for f in source["FilterCriteria"]["Filters"]] == [{"eventName": ["INSERT"]}]
    assert source["BisectBatchOnFunctionError"] is True
    assert source["MaximumRetryAttempts"] == 3


def test_a_batch_of_findings_that_fails_holds_up_a_part_of_its_shard_for_five_minutes_at_most(every: Every) -> None:
    (source,) = [m for m in every("AWS::Lambda::EventSourceMapping").values() if "findings" in str(m["EventSourceArn"])]
    assert (source["BatchSize"], source["ParallelizationFactor"]) == (100, 4)
    assert source["MaximumRecordAgeInSeconds"] == 300


def test_the_notifier_runs_every_minute_and_the_inventory_every_five(every: Every) -> None:
    rules = [rule for rule in every("AWS::Events::Rule").values() if "ScheduleExpression" in rule]
    rates = {rule["Targets"][0]["Arn"]["Fn::GetAtt"][0]: rule["ScheduleExpression"] for rule in rules}
    wanted = {"Alerting": "rate(1 minute)", "Ownership": "rate(5 minutes)"}
    assert {name: rate for name in wanted for target, rate in rates.items() if target.startswith(name)} == wanted


@pytest.mark.parametrize("service", ["stream_processor", "object_processor"])
def test_a_processor_writes_evidence_findings_and_output_only(every: Every, service: str) -> None:
    found = grants(every, service)
    read = found["dynamodb:BatchGetItem"]
    assert all(any(table in each for each in read) for table in ("evidencetable", "findingstable"))
    assert all("evidencetable" in each or "findingstable" in each for each in read)
    assert {"dynamodb:UpdateItem", "dynamodb:PutItem", "ssm:GetParameter", "s3:PutObject"} <= set(found)
    assert [action for action in found if action.startswith("sns:")] == []


def test_only_the_inventory_describes_more_than_flow_logs_and_streams(every: Every) -> None:
    described = {service: {a for a in grants(every, service) if ":Describe" in a} for service in FUNCTIONS}
    assert {each for each in DESCRIBES if ":Describe" in each} <= described.pop("inventory")
    assert described == {
        "stream_processor": {"ec2:DescribeFlowLogs", "kinesis:DescribeStream", "kinesis:DescribeStreamSummary"},
        "object_processor": {"ec2:DescribeFlowLogs"},
        "notifier": {"dynamodb:DescribeStream"},
    }


def test_only_the_inventory_writes_the_snapshot(every: Every) -> None:
    for service in ("stream_processor", "object_processor"):
        assert [each for each in grants(every, service)["s3:PutObject"] if "inventory" in each] == []


def test_the_object_processor_reads_the_buckets_that_are_noticed(every: Every) -> None:
    resources = grants(every, "object_processor")["s3:GetObject"]
    assert any("/AWSLogs/*" in each for each in resources)
    assert any("/aws/lambda/*" in each for each in resources)


def test_lambda_may_keep_what_the_stream_processor_fails_on(every: Every) -> None:
    found = grants(every, "stream_processor")
    for action, keys in (("s3:PutObject", "/aws/lambda/*"), ("s3:ListBucket", "")):
        assert any("failedinvocationbucket" in each and keys in each for each in found[action])


def test_the_notifier_publishes_to_every_topic_with_their_key(every: Every) -> None:
    found = grants(every, "notifier")
    assert {"kms:GenerateDataKey", "kms:Decrypt"} <= set(found)
    topics = json.dumps(sorted(found["sns:Publish"]))
    assert [each in topics for each in ("alerttopicarn", "digesttopicarn", "chattopicarn")] == [True] * 3
    assert len(found["sns:Publish"]) == 3
    assert {each.split("/index/")[1].split('"')[0] for each in found["dynamodb:Query"]} == {"unpublished", "by_thread"}


def test_the_notifier_tells_a_bus_and_security_hub_where_they_are_named(every: Every) -> None:
    found = grants(every, "notifier")
    assert ":event-bus/security" in next(iter(found["events:PutEvents"]))
    assert "/default" in next(iter(found["securityhub:BatchImportFindings"]))


def test_the_notifier_may_tell_only_the_topic_where_nothing_else_is_named(synthesise: Callable[..., Any]) -> None:
    text = json.dumps(synthesise({"sources": [SOURCE]})["Processing"])
    assert not [each for each in ("events:PutEvents", "securityhub:", "digesttopicarn", "chattopicarn") if each in text]


def test_a_bus_of_another_account_is_granted_as_it_is_named(synthesise: Callable[..., Any]) -> None:
    bus = "arn:aws:events:eu-west-1:210987654321:event-bus/security"
    policies = synthesise({"sources": [SOURCE], "event_bus": bus})["Processing"]["Resources"].values()
    statements = [s for each in policies for s in each["Properties"].get("PolicyDocument", {}).get("Statement", [])]
    assert [each["Resource"] for each in statements if each["Action"] == "events:PutEvents"] == [bus]


@pytest.mark.parametrize("service", ["stream_processor", "object_processor", "notifier"])
def test_suppressions_are_read_by_who_heeds_them_and_written_once_by_the_notifier(every: Every, service: str) -> None:
    found = grants(every, service)
    assert any(SUPPRESSIONS_KEY in each for each in found["s3:GetObject"])
    assert any("parameter/flowsentry/suppressions" in each for each in found["ssm:GetParameter"])
    assert any(SUPPRESSIONS_KEY in each for each in found["s3:PutObject"]) is (service == "notifier")


def test_messages_point_to_ten_log_groups_at_most(synthesise: Callable[..., Any]) -> None:
    groups = [{"name": f"/network/{number}", "log_formats": ["default"]} for number in range(12)]
    made = synthesise({"sources": [SOURCE], "existing_log_groups": groups})["Processing"]["Resources"].values()
    variables = [each["Properties"]["Environment"]["Variables"] for each in made if "Environment" in str(each)]
    (told,) = [each["LOG_GROUPS"] for each in variables if "LOG_GROUPS" in each]
    text = json.dumps(told)
    assert (text.count("/network/"), text.count("loggroupnames")) == (9, 1)


def test_messages_know_which_vpcs_are_in_no_log_group(synthesise: Callable[..., Any]) -> None:
    in_s3 = {"vpc_ids": ["vpc-0fedcba9876543210"], "destination": "s3"}
    made = synthesise({"sources": [SOURCE, in_s3]})["Processing"]["Resources"].values()
    variables = [each["Properties"]["Environment"]["Variables"] for each in made if "Environment" in str(each)]
    assert [each["VPCS_IN_S3"] for each in variables if "VPCS_IN_S3" in each] == ["vpc-0fedcba9876543210"]


def test_triggers_are_made_after_the_grants_they_are_checked_against(templates: Mapping[str, Any]) -> None:
    """They name the function, and the function waits for its role's policy."""
    resources = templates["Processing"]["Resources"]
    for each in resources.values():
        if each["Type"] == "AWS::Lambda::Function":
            assert any("DefaultPolicy" in waited for waited in each["DependsOn"])
