"""The functions: environment variables, triggers and permissions."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import pytest

from flowsentry import settings
from flowsentry.settings import SUPPRESSIONS_KEY
from stacks.ownership.describe_actions import DESCRIBE_ACTIONS
from tests.stacks.functions import FUNCTIONS, SOURCE, PropertiesOf, functions, grants


def test_there_are_five_functions(properties_of: PropertiesOf) -> None:
    assert set(functions(properties_of)) == set(FUNCTIONS)


@pytest.mark.parametrize("service", FUNCTIONS)
def test_every_function_has_the_shared_properties(properties_of: PropertiesOf, service: str) -> None:
    function = functions(properties_of)[service]
    assert (function["Runtime"], function["Architectures"]) == ("python3.14", ["arm64"])
    assert function["Handler"] == "handler.lambda_handler"
    assert function["RecursiveLoop"] == "Terminate"
    assert "TracingConfig" not in function
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert function["LoggingConfig"]["LogGroup"]["Ref"] in properties_of("AWS::Logs::LogGroup")
    assert function["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] == "Flowsentry/flowsentry"
    assert [each["Ref"].startswith("Layers") for each in function["Layers"]] == [True, True]


@pytest.mark.parametrize(
    ("service", "kind"),
    [
        ("stream_processor", settings.StreamProcessorSettings),
        ("object_processor", settings.ObjectProcessorSettings),
        ("inventory", settings.InventorySettings),
        ("notifier", settings.NotifierSettings),
    ],
)
def test_a_function_has_the_environment_variables_of_its_settings_and_no_others(
    properties_of: PropertiesOf, service: str, kind: type[Any]
) -> None:
    variables = functions(properties_of)[service]["Environment"]["Variables"]
    actual = {name for name in variables if not name.startswith(("POWERTOOLS_", "POLARS_", "MALLOC_"))}
    assert actual == {field.name.upper() for field in fields(kind)}


@pytest.mark.parametrize(("memory_mb", "threads"), [(3_537, "1"), (3_538, "2")])
def test_polars_has_a_thread_for_each_whole_vcpu(synthesise: Callable[..., Any], memory_mb: int, threads: str) -> None:
    made = synthesise({"sources": [SOURCE], "stream_processor": {"memory_mb": memory_mb}})["Processing"]
    variables = [
        each["Properties"]["Environment"]["Variables"]
        for each in made["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function" and "Environment" in each["Properties"]
    ]
    threads_of = {each["POWERTOOLS_SERVICE_NAME"]: each["POLARS_MAX_THREADS"] for each in variables}
    assert threads_of["stream_processor"] == threads


def test_without_detection_settings_nothing_is_uploaded(synthesise: Callable[..., Any]) -> None:
    assert "DETECTION_SETTINGS" not in json.dumps(synthesise({"sources": [SOURCE]})["Processing"])


def test_processors_may_read_the_detection_settings_that_their_environment_names(properties_of: PropertiesOf) -> None:
    for service in ("stream_processor", "object_processor"):
        variables = functions(properties_of)[service]["Environment"]["Variables"]
        address = json.dumps(variables["DETECTION_SETTINGS"])
        (key,) = re.findall(r"[0-9a-f]{64}\.json", address)
        assert sum(key in resource for resource in grants(properties_of, service)["s3:GetObject"]) == 1
    for service in ("inventory", "notifier"):
        assert key not in json.dumps(sorted(grants(properties_of, service)["s3:GetObject"]))


def test_another_python_and_architecture_change_nothing_else(synthesise: Callable[..., Any]) -> None:
    here = {"python": "3.11", "architecture": "x86_64"}
    default, other = (synthesise({"sources": [SOURCE], **target})["Processing"] for target in ({}, here))
    text = json.dumps(other).replace("python3.11", "python3.14").replace("x86_64", "arm64")
    assert _without_assets(json.loads(text)) == _without_assets(default)


def _without_assets(template: Mapping[str, Any]) -> Any:
    """The template without the ids of layers, which contain a hash of their content."""
    layers = [id_ for id_, each in template["Resources"].items() if each["Type"] == "AWS::Lambda::LayerVersion"]
    text = json.dumps(template)
    for number, id_ in enumerate(layers):
        key = template["Resources"][id_]["Properties"]["Content"]["S3Key"]
        text = text.replace(id_, f"layer{number}").replace(key, f"content{number}")
    return json.loads(text)


def test_log_groups_of_the_app_share_one_permission(properties_of: PropertiesOf) -> None:
    """With a permission for each log group, the function's policy would exceed its limit at about 30 of them."""
    subscriptions = properties_of("AWS::Logs::SubscriptionFilter")
    assert {each["FilterPattern"] for each in subscriptions.values()} == {""}
    assert len({json.dumps(each["LogGroupName"]) for each in subscriptions.values()}) == len(subscriptions) == 5
    for permission in permissions(properties_of):
        assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert len([each for each in permissions(properties_of) if ":flowsentry-flow-logs-*:*" in json.dumps(each)]) == 1


def permissions(properties_of: PropertiesOf) -> list[dict[str, Any]]:
    """The permissions of CloudWatch Logs to invoke the stream processor."""
    return [
        each for each in properties_of("AWS::Lambda::Permission").values() if each["Principal"] == "logs.amazonaws.com"
    ]


def test_a_subscription_is_created_after_its_permission_or_event_source_mapping(templates: Mapping[str, Any]) -> None:
    resources = templates["Processing"]["Resources"].items()
    permitted = {id_ for id_, each in resources if each["Type"] == "AWS::Lambda::Permission"}
    (follower,) = [id_ for id_, each in resources if "BisectBatch" in str(each) and "payloadstream" in str(each)]
    subscriptions = [each for _, each in resources if each["Type"] == "AWS::Logs::SubscriptionFilter"]
    for subscription in subscriptions:
        (waited_for,) = subscription["DependsOn"]
        assert waited_for == follower if "Distribution" in subscription["Properties"] else waited_for in permitted


def test_a_payload_that_failed_three_times_is_stored_in_a_bucket(properties_of: PropertiesOf) -> None:
    (config,) = properties_of("AWS::Lambda::EventInvokeConfig").values()
    assert config["MaximumRetryAttempts"] == 2
    assert "failedinvocationbucket" in json.dumps(config["DestinationConfig"]["OnFailure"])


def test_a_busy_log_group_writes_to_all_shards_of_the_data_stream(properties_of: PropertiesOf) -> None:
    streamed = [each for each in properties_of("AWS::Logs::SubscriptionFilter").values() if "Distribution" in each]
    assert len(streamed) == 2
    for each in streamed:
        assert "payloadstreamarn" in json.dumps(each["DestinationArn"])
        assert each["Distribution"] == "Random"
        assert each["RoleArn"]["Fn::GetAtt"][0] in properties_of("AWS::IAM::Role")


def test_only_log_groups_of_this_account_may_assume_the_role_which_only_puts_records(
    properties_of: PropertiesOf,
) -> None:
    (role,) = [each for id_, each in properties_of("AWS::IAM::Role").items() if "PayloadRole" in id_]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "logs.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert ":logs:" in json.dumps(trust["Condition"]["StringLike"]["aws:SourceArn"])
    (statement,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "kinesis:PutRecord"
    assert "payloadstreamarn" in json.dumps(statement["Resource"])


def test_the_data_stream_is_read_from_its_oldest_payload_and_failed_batches_are_stored(
    properties_of: PropertiesOf,
) -> None:
    (source,) = [
        m for m in properties_of("AWS::Lambda::EventSourceMapping").values() if "payload" in str(m["EventSourceArn"])
    ]
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (source["BisectBatchOnFunctionError"], source["MaximumRetryAttempts"]) == (True, 2)
    assert "failedinvocationbucket" in json.dumps(source["DestinationConfig"]["OnFailure"])


def test_a_payload_is_stored_in_the_bucket_before_the_data_stream_deletes_it(properties_of: PropertiesOf) -> None:
    (source,) = [
        m for m in properties_of("AWS::Lambda::EventSourceMapping").values() if "payload" in str(m["EventSourceArn"])
    ]
    (stream,) = properties_of("AWS::Kinesis::Stream").values()
    assert source["MaximumRecordAgeInSeconds"] * 2 <= stream["RetentionPeriodHours"] * 3600


def test_the_stream_processor_reads_its_data_stream_without_enhanced_fan_out(properties_of: PropertiesOf) -> None:
    found = grants(properties_of, "stream_processor")
    reads = {action: resources for action, resources in found.items() if action.startswith("kinesis:")}
    assert {
        resource for resources in reads.values() for resource in resources if "payloadstreamarn" not in resource
    } == set()
    assert {"kinesis:GetRecords", "kinesis:ListShards"} <= set(reads)
    assert "kinesis:SubscribeToShard" not in reads
    assert not any(action.startswith("kinesis:") for action in grants(properties_of, "object_processor"))


def test_the_stream_processor_has_a_timeout_of_a_minute_and_the_reserved_concurrency_of_the_settings(
    properties_of: PropertiesOf,
) -> None:
    function = functions(properties_of)["stream_processor"]
    assert function["Timeout"] <= 60
    assert function["ReservedConcurrentExecutions"] == 5


def test_object_events_are_received_in_batches_that_report_single_failures(properties_of: PropertiesOf) -> None:
    (source,) = [
        m
        for m in properties_of("AWS::Lambda::EventSourceMapping").values()
        if "objectqueue" in str(m["EventSourceArn"])
    ]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 10}
    assert source["BatchSize"] == 10


def test_the_object_processor_has_no_reserved_concurrency(
    properties_of: PropertiesOf,
) -> None:
    assert "ReservedConcurrentExecutions" not in functions(properties_of)["object_processor"]


def test_the_notifier_runs_every_minute_and_the_inventory_every_five(properties_of: PropertiesOf) -> None:
    rules = [rule for rule in properties_of("AWS::Events::Rule").values() if "ScheduleExpression" in rule]
    rates = {rule["Targets"][0]["Arn"]["Fn::GetAtt"][0]: rule["ScheduleExpression"] for rule in rules}
    expected = {"Alerting": "rate(1 minute)", "Ownership": "rate(5 minutes)"}
    assert {name: rate for name in expected for target, rate in rates.items() if target.startswith(name)} == expected


@pytest.mark.parametrize("service", ["stream_processor", "object_processor"])
def test_a_processor_writes_evidence_findings_and_output_only(properties_of: PropertiesOf, service: str) -> None:
    found = grants(properties_of, service)
    read = found["dynamodb:BatchGetItem"]
    assert all(any(table in each for each in read) for table in ("evidencetable", "findingstable"))
    assert all("evidencetable" in each or "findingstable" in each for each in read)
    assert {"dynamodb:UpdateItem", "dynamodb:PutItem", "ssm:GetParameter", "s3:PutObject"} <= set(found)
    assert [action for action in found if action.startswith("sns:")] == []


def test_only_the_inventory_function_may_describe_more_than_flow_logs_and_streams(properties_of: PropertiesOf) -> None:
    described = {service: {a for a in grants(properties_of, service) if ":Describe" in a} for service in FUNCTIONS}
    assert {each for each in DESCRIBE_ACTIONS if ":Describe" in each} <= described.pop("inventory")
    assert described == {
        "stream_processor": {"ec2:DescribeFlowLogs", "kinesis:DescribeStream", "kinesis:DescribeStreamSummary"},
        "object_processor": {"ec2:DescribeFlowLogs"},
        "notifier": {"dynamodb:DescribeStream"},
        "rule_usage": set(),
    }


def test_the_processors_may_not_write_the_snapshot(properties_of: PropertiesOf) -> None:
    for service in ("stream_processor", "object_processor"):
        assert [each for each in grants(properties_of, service)["s3:PutObject"] if "inventory" in each] == []


def test_the_object_processor_may_read_the_buckets_that_send_object_events(properties_of: PropertiesOf) -> None:
    resources = grants(properties_of, "object_processor")["s3:GetObject"]
    assert any("/AWSLogs/*" in each for each in resources)
    assert any("/aws/lambda/*" in each for each in resources)


def test_lambda_may_store_failed_invocations_of_the_stream_processor(properties_of: PropertiesOf) -> None:
    found = grants(properties_of, "stream_processor")
    for action, keys in (("s3:PutObject", "/aws/lambda/*"), ("s3:ListBucket", "")):
        assert any("failedinvocationbucket" in each and keys in each for each in found[action])


@pytest.mark.parametrize("service", ["stream_processor", "object_processor", "notifier"])
def test_processors_and_notifier_may_read_suppressions_and_only_the_notifier_may_write_them(
    properties_of: PropertiesOf, service: str
) -> None:
    found = grants(properties_of, service)
    assert any(SUPPRESSIONS_KEY in each for each in found["s3:GetObject"])
    assert any("parameter/flowsentry/suppressions" in each for each in found["ssm:GetParameter"])
    assert any(SUPPRESSIONS_KEY in each for each in found["s3:PutObject"]) is (service == "notifier")


def test_a_function_is_created_after_its_permissions(templates: Mapping[str, Any]) -> None:
    """Triggers refer to the function, so they are created after the policy of its role, which Lambda checks."""
    resources = templates["Processing"]["Resources"]
    for each in resources.values():
        if each["Type"] == "AWS::Lambda::Function":
            assert any("DefaultPolicy" in waited for waited in each["DependsOn"])


def test_rule_usage_reads_the_output_bucket_and_writes_its_own_objects_only(properties_of: PropertiesOf) -> None:
    allowed = grants(properties_of, "rule_usage")
    written = {resource.rpartition("/rule")[2] for resource in allowed["s3:PutObject"]}
    assert {"".join(each.partition("*")[:2]) for each in written} == {"-usage/*", "-usage-unfinished/*"}
    assert {"s3:ListBucket", "s3:ListBucketVersions", "s3:GetObject", "s3:GetObjectVersion"} < set(allowed)
    assert not any(action.startswith(("dynamodb:", "sqs:", "ec2:", "ssm:")) for action in allowed)
