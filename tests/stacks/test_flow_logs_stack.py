"""Flow logs, their destinations, and who may write there."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from stacks.settings.sources import FULL_LOG_FORMAT

PropertiesOf = Callable[[str], dict[str, Any]]
VPC, OTHER_VPC = "vpc-0123456789abcdef0", "vpc-0fedcba9876543210"
CLOUDWATCH = {"vpc_ids": [VPC], "destination": "cloudwatch", "kinesis": False}
S3 = {"vpc_ids": [VPC], "destination": "s3"}


def of_kind(templates: Mapping[str, Any], kind: str, stack: str = "FlowLogs") -> dict[str, Any]:
    resources = templates[stack]["Resources"]
    return {id_: each["Properties"] for id_, each in resources.items() if each["Type"] == kind}


def flow_log_of(templates: Mapping[str, Any], vpc_id: str) -> dict[str, Any]:
    flow_logs: list[dict[str, Any]] = list(of_kind(templates, "AWS::EC2::FlowLog").values())
    return next(each for each in flow_logs if each["ResourceId"] == vpc_id)


def subscribed(templates: Mapping[str, Any]) -> int:
    return len(of_kind(templates, "AWS::Logs::SubscriptionFilter", "Processing"))


def test_a_source_for_cloudwatch_writes_to_its_log_group_with_the_delivery_role(templates: Mapping[str, Any]) -> None:
    flow_log = flow_log_of(templates, VPC)
    assert flow_log["LogDestinationType"] == "cloud-watch-logs"
    assert flow_log["LogGroupName"]["Ref"] in of_kind(templates, "AWS::Logs::LogGroup")
    assert flow_log["DeliverLogsPermissionArn"]["Fn::GetAtt"][0] in of_kind(templates, "AWS::IAM::Role")


def test_a_source_for_s3_writes_to_the_log_bucket_in_the_layout_of_the_settings(templates: Mapping[str, Any]) -> None:
    flow_log = flow_log_of(templates, OTHER_VPC)
    bucket, prefix = flow_log["LogDestination"]["Fn::Join"][1]
    assert bucket == {"Fn::GetAtt": ["LogBucketCC3B17E8", "Arn"]}
    assert re.fullmatch("/flow-logs/[0-9a-f]{12}/", prefix)
    options = {"FileFormat": "plain-text", "HiveCompatiblePartitions": True, "PerHourPartition": False}
    assert flow_log["DestinationOptions"] == options


def test_each_vpc_of_a_source_has_a_flow_log_and_they_share_a_log_group(synthesise: Callable[..., Any]) -> None:
    made = synthesise({"sources": [{**CLOUDWATCH, "vpc_ids": [VPC, OTHER_VPC]}]})
    assert flow_log_of(made, VPC)["LogGroupName"] == flow_log_of(made, OTHER_VPC)["LogGroupName"]
    assert len(of_kind(made, "AWS::Logs::LogGroup")) == 1


def test_a_flow_log_to_s3_is_created_after_the_bucket_policy(templates: Mapping[str, Any]) -> None:
    resources = templates["FlowLogs"]["Resources"].values()
    flow_log = next(
        r for r in resources if r["Type"] == "AWS::EC2::FlowLog" and r["Properties"]["ResourceId"] == OTHER_VPC
    )
    assert "LogBucketPolicy900DBE48" in flow_log["DependsOn"]


def test_the_policy_of_the_delivery_role_is_inline(templates: Mapping[str, Any]) -> None:
    (role,) = of_kind(templates, "AWS::IAM::Role").values()
    (statement,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]


def test_the_delivery_role_may_write_to_log_groups_of_flow_logs_also_to_those_that_left_the_template(
    templates: Mapping[str, Any],
) -> None:
    (role,) = of_kind(templates, "AWS::IAM::Role").values()
    (statement,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert statement["Resource"]["Fn::Join"][1][-1] == ":log-group:flowsentry-flow-logs-LogGroup*"
    assert all(id_.startswith("LogGroup") for id_ in of_kind(templates, "AWS::Logs::LogGroup"))


def test_nothing_can_replace_the_delivery_role_whose_arn_is_part_of_every_flow_log(
    templates: Mapping[str, Any],
) -> None:
    """A name or a path would (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html)."""
    (role,) = of_kind(templates, "AWS::IAM::Role").values()
    assert {"RoleName", "Path"} & set(role) == set()


def test_only_flow_logs_of_this_account_may_assume_the_delivery_role(templates: Mapping[str, Any]) -> None:
    (role,) = of_kind(templates, "AWS::IAM::Role").values()
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert ":vpc-flow-log/*" in json.dumps(trust["Condition"]["ArnLike"]["aws:SourceArn"])


def test_only_log_delivery_for_this_account_may_write_to_the_log_bucket(templates: Mapping[str, Any]) -> None:
    policy = of_kind(templates, "AWS::S3::BucketPolicy")["LogBucketPolicy900DBE48"]["PolicyDocument"]
    allowed = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    assert {each["Principal"]["Service"] for each in allowed} == {"delivery.logs.amazonaws.com"}
    for each in allowed:
        assert each["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
        assert "aws:SourceArn" in each["Condition"]["ArnLike"]


@pytest.mark.parametrize(
    ("bucket", "prefixes"),
    [("LogBucketCC3B17E8", ["flow-logs/", "AWSLogs/"]), ("FailedInvocationsED025904", ["aws/lambda/"])],
)
def test_a_bucket_sends_object_events_of_its_prefixes_after_the_queue_policy_exists(
    templates: Mapping[str, Any], bucket: str, prefixes: list[str]
) -> None:
    resource = templates["FlowLogs"]["Resources"][bucket]
    object_events = resource["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert {json.dumps(each["Queue"]) for each in object_events} == {'{"Fn::GetAtt": ["NoticesQueue8F17BA1B", "Arn"]}'}
    rules = [each["Filter"]["S3Key"]["Rules"] for each in object_events]
    assert rules == [[{"Name": "prefix", "Value": prefix}] for prefix in prefixes]
    assert resource["DependsOn"] == ["NoticesQueuePolicyE99F59CA"]


def test_the_output_bucket_sends_no_object_events(templates: Mapping[str, Any]) -> None:
    (output,) = of_kind(templates, "AWS::S3::Bucket", "State").values()
    assert "NotificationConfiguration" not in output


def test_only_buckets_of_this_stack_and_account_may_send_object_events(templates: Mapping[str, Any]) -> None:
    policy = of_kind(templates, "AWS::SQS::QueuePolicy")["NoticesQueuePolicyE99F59CA"]["PolicyDocument"]
    admitted = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    (allowed,) = [each for each in admitted if each["Principal"] == {"Service": "s3.amazonaws.com"}]
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    (bucket,) = allowed["Condition"]["ArnLike"].values()
    assert bucket == {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:::flowsentry-flow-logs*"]]}


def test_every_other_queue_has_a_dead_letter_queue(templates: Mapping[str, Any]) -> None:
    queues = of_kind(templates, "AWS::SQS::Queue")
    dead = {q["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for q in queues.values() if "RedrivePolicy" in q}
    assert [id_ for id_, queue in queues.items() if "RedrivePolicy" not in queue and id_ not in dead] == []


def test_an_object_event_is_invisible_for_six_timeouts_and_received_at_most_100_times(
    properties_of: PropertiesOf,
) -> None:
    queue = properties_of("AWS::SQS::Queue")["NoticesQueue8F17BA1B"]
    functions = properties_of("AWS::Lambda::Function").values()
    (timeout,) = [f["Timeout"] for f in functions if "OBJECT_DLQ_URL" in f["Environment"]["Variables"]]
    assert queue["VisibilityTimeout"] >= 6 * timeout
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 100


def test_dead_letters_are_retained_for_longer_than_object_events(properties_of: PropertiesOf) -> None:
    queues = properties_of("AWS::SQS::Queue")
    queued, dead = queues["NoticesQueue8F17BA1B"], queues["NoticesDeadLetters9751A95B"]
    assert dead["MessageRetentionPeriod"] > queued["MessageRetentionPeriod"]


def test_failed_invocations_are_retained_for_longer_than_their_object_events(properties_of: PropertiesOf) -> None:
    (expiry,) = [
        rule["ExpirationInDays"]
        for rule in properties_of("AWS::S3::Bucket")["FailedInvocationsED025904"]["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    ]
    assert expiry * 86_400 > properties_of("AWS::SQS::Queue")["NoticesDeadLetters9751A95B"]["MessageRetentionPeriod"]


def test_the_format_of_every_log_group_is_published(templates: Mapping[str, Any]) -> None:
    parameters = of_kind(templates, "AWS::SSM::Parameter").values()
    (value,) = [each["Value"] for each in parameters if each["Name"] == "/flowsentry/log-formats"]
    text = "".join(part if isinstance(part, str) else part["Ref"] for part in value["Fn::Join"][1])
    forms = {group: form for group, form in json.loads(text).items() if isinstance(form, str)}
    assert set(forms) == set(of_kind(templates, "AWS::Logs::LogGroup"))
    assert set(forms.values()) == {FULL_LOG_FORMAT, DEFAULT_LOG_FORMAT}


def test_flow_logs_in_s3_can_be_parquet(synthesise: Callable[..., Any]) -> None:
    flow_log = flow_log_of(synthesise({"sources": [{**S3, "file_format": "parquet"}]}), VPC)
    assert flow_log["DestinationOptions"]["FileFormat"] == "parquet"


def test_log_groups_are_of_class_standard_and_expire(templates: Mapping[str, Any]) -> None:
    for log_group in of_kind(templates, "AWS::Logs::LogGroup").values():
        assert (log_group["LogGroupClass"], log_group["RetentionInDays"]) == ("STANDARD", 30)


def test_a_source_that_changed_its_destination_keeps_its_log_group_while_it_drains(
    synthesise: Callable[..., Any],
) -> None:
    before = synthesise({"sources": [CLOUDWATCH]})
    draining = synthesise({"sources": [S3, {**CLOUDWATCH, "draining": True}]})
    assert of_kind(draining, "AWS::Logs::LogGroup") == of_kind(before, "AWS::Logs::LogGroup")
    assert (subscribed(draining), subscribed(synthesise({"sources": [S3]}))) == (1, 0)
    assert flow_log_of(draining, VPC)["LogDestinationType"] == "s3"


def test_after_another_role_path_the_old_log_group_stays_subscribed_and_its_role_is_kept(
    synthesise: Callable[..., Any],
) -> None:
    drains = {**CLOUDWATCH, "draining": True, "draining_role_path": "/"}
    before = synthesise({"sources": [CLOUDWATCH]})
    after = synthesise({"sources": [CLOUDWATCH, drains], "role_path": "/network/"})
    for kind in ("AWS::Logs::LogGroup", "AWS::IAM::Role"):
        assert of_kind(before, kind).items() <= of_kind(after, kind).items()
    assert (subscribed(before), subscribed(after)) == (1, 2)
    assert flow_log_of(before, VPC)["LogGroupName"] != flow_log_of(after, VPC)["LogGroupName"]


def test_a_new_log_format_adds_a_log_group_and_the_draining_one_stays_subscribed(
    synthesise: Callable[..., Any],
) -> None:
    old = {**CLOUDWATCH, "log_format": "default"}
    before, after = synthesise({"sources": [old]}), synthesise({"sources": [CLOUDWATCH, {**old, "draining": True}]})
    assert of_kind(before, "AWS::Logs::LogGroup").keys() < of_kind(after, "AWS::Logs::LogGroup").keys()
    assert flow_log_of(before, VPC)["LogGroupName"] != flow_log_of(after, VPC)["LogGroupName"]
    assert subscribed(after) == 2


@pytest.mark.parametrize(
    ("shards", "mode"),
    [
        (1, {"StreamModeDetails": {"StreamMode": "PROVISIONED"}, "ShardCount": 1}),
        (0, {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}),
    ],
)
def test_busy_sources_share_one_encrypted_data_stream_of_the_given_size(
    synthesise: Callable[..., Any], shards: int, mode: dict[str, Any]
) -> None:
    sources = [{**CLOUDWATCH, "kinesis": True}, {"vpc_ids": [OTHER_VPC], "destination": "cloudwatch", "kinesis": True}]
    given = {"sources": sources, "payload_stream": {"shards": shards, "window_seconds": 300, "batch_payloads": 10_000}}
    made = synthesise(given)
    (stream,) = of_kind(made, "AWS::Kinesis::Stream").values()
    assert {name: stream[name] for name in ("StreamModeDetails", "ShardCount") if name in stream} == mode
    mappings = of_kind(made, "AWS::Lambda::EventSourceMapping", "Processing").values()
    (batches,) = (each for each in mappings if each.get("MaximumBatchingWindowInSeconds") == 300)
    assert (batches["BatchSize"], batches["ParallelizationFactor"]) == (10_000, 1)
    assert stream["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    assert stream["RetentionPeriodHours"] == 24


def test_a_source_that_changes_to_the_data_stream_keeps_the_logical_id_of_its_subscription(
    synthesise: Callable[..., Any],
) -> None:
    """Same id, other destination: the only subscription filter of the log group is updated in place."""
    streamed = {**CLOUDWATCH, "kinesis": True}
    before, moved, back = (synthesise({"sources": [source]}) for source in (CLOUDWATCH, streamed, CLOUDWATCH))
    filters = [of_kind(made, "AWS::Logs::SubscriptionFilter", "Processing") for made in (before, moved, back)]
    assert filters[0].keys() == filters[1].keys()
    assert filters[0] == filters[2]
    (there,) = filters[1].values()
    assert "payloadstream" in str(there["DestinationArn"])
    assert of_kind(before, "AWS::Kinesis::Stream") == {}


def test_a_draining_data_stream_is_still_read_while_log_groups_invoke_the_function(
    synthesise: Callable[..., Any],
) -> None:
    streamed, draining = (
        synthesise({"sources": [{**CLOUDWATCH, key: True}]}) for key in ("kinesis", "draining_kinesis")
    )
    assert draining["FlowLogs"] == streamed["FlowLogs"]
    kind = "AWS::Lambda::EventSourceMapping"
    assert of_kind(draining, kind, "Processing") == of_kind(streamed, kind, "Processing")
    (subscription,) = of_kind(draining, "AWS::Logs::SubscriptionFilter", "Processing").values()
    assert "Function" in str(subscription["DestinationArn"])
    assert [id_ for id_ in of_kind(draining, "AWS::IAM::Role", "Processing") if "PayloadRole" in id_] == []


def test_draining_log_groups_use_the_data_stream_like_their_source(synthesise: Callable[..., Any]) -> None:
    streamed = {**CLOUDWATCH, "kinesis": True}
    made = synthesise({"sources": [streamed, {**streamed, "log_format": "default", "draining": True}]})
    filters = of_kind(made, "AWS::Logs::SubscriptionFilter", "Processing").values()
    assert [each["Distribution"] for each in filters] == ["Random", "Random"]


def test_without_a_log_group_there_is_no_delivery_role(synthesise: Callable[..., Any]) -> None:
    assert of_kind(synthesise({"sources": [S3]}), "AWS::IAM::Role") == {}


def test_an_unknown_field_causes_a_warning_at_synth(tmp_path: Any) -> None:
    from aws_cdk import App  # noqa: PLC0415 - needs JSII_NODE, which conftest sets
    from aws_cdk.assertions import Annotations, Match  # noqa: PLC0415 - the same

    from stacks.settings.deployment import Deployment  # noqa: PLC0415 - the same
    from stacks.sources.stack import FlowLogsStack  # noqa: PLC0415 - the same

    source = {**CLOUDWATCH, "log_format": "${srcaddr} ${dstaddr} ${quantum-state}"}
    deployment = Deployment.from_context({"flowsentry": {"sources": [source]}})
    stack = FlowLogsStack(App(outdir=str(tmp_path)), "FlowLogs", deployment=deployment)
    warnings = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp(".*quantum-state is unknown.*"))
    assert len(warnings) == 1
    missing = Match.string_like_regexp(".*: missing dstport: the destination port is unknown: .*no findings.*")
    assert len(Annotations.from_stack(stack).find_warning("*", missing)) == 1
