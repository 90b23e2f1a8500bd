"""Existing flow logs: they are subscribed or read, and their log groups and buckets are not changed."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from stacks.settings.deployment import SUBSCRIBED, Deployment
from stacks.settings.existing_flow_logs import ExistingBucket, object_events_pattern, permitted_names
from stacks.settings.flow_logs import unknown_fields
from stacks.settings.reading import SettingsError

Synthesise = Callable[[Mapping[str, Any]], Mapping[str, Any]]
VPC = "vpc-0123456789abcdef0"
GROUP, BUCKET = "/network/flow-logs", "central-flow-logs"
ONLY_A_GROUP: dict[str, Any] = {"existing_log_groups": [{"name": GROUP, "kinesis": False}]}
ONLY_A_BUCKET: dict[str, Any] = {"existing_buckets": [{"name": BUCKET, "prefix": "logs/"}]}


def of_kind(templates: Mapping[str, Any], kind: str, stack: str) -> list[dict[str, Any]]:
    resources = templates[stack]["Resources"].values()
    return [each["Properties"] for each in resources if each["Type"] == kind]


def refusal(settings: Mapping[str, Any]) -> str:
    with pytest.raises(SettingsError) as refused:
        Deployment.from_context({"flowsentry": settings})
    return str(refused.value)


def granted(templates: Mapping[str, Any], action: str) -> str:
    """The resources that the object processor is allowed this action on, as text."""
    policies = of_kind(templates, "AWS::IAM::Policy", "Processing")
    (policy,) = [each for each in policies if each["PolicyName"].startswith("ObjectProcessor")]
    statements = policy["PolicyDocument"]["Statement"]
    return json.dumps([each["Resource"] for each in statements if action in each["Action"]])


@pytest.mark.parametrize("settings", [ONLY_A_GROUP, ONLY_A_BUCKET, {**ONLY_A_GROUP, "sources": []}])
def test_with_existing_flow_logs_only_no_flow_log_is_created(
    synthesise: Synthesise, settings: Mapping[str, Any]
) -> None:
    made = synthesise(settings)
    for kind in ("AWS::EC2::FlowLog", "AWS::Logs::LogGroup", "AWS::IAM::Role"):
        assert of_kind(made, kind, "FlowLogs") == []


@pytest.mark.parametrize(("settings", "service"), [(ONLY_A_GROUP, "stream"), (ONLY_A_BUCKET, "object")])
def test_the_destination_of_existing_flow_logs_has_a_freshness_alarm(
    synthesise: Synthesise, settings: Mapping[str, Any], service: str
) -> None:
    alarms = of_kind(synthesise(settings), "AWS::CloudWatch::Alarm", "Monitoring")
    names = [alarm["AlarmName"] for alarm in alarms]
    assert [name for name in names if "freshness" in name] == [f"flowsentry-freshness-{service}-processor"]


def test_an_existing_log_group_is_only_subscribed(synthesise: Synthesise) -> None:
    made = synthesise(ONLY_A_GROUP)
    (subscription,) = of_kind(made, "AWS::Logs::SubscriptionFilter", "Processing")
    assert (subscription["LogGroupName"], subscription["FilterPattern"]) == (GROUP, "")
    assert "StreamProcessor" in json.dumps(subscription["DestinationArn"])
    named = {stack: json.dumps(template).count(GROUP) for stack, template in made.items()}
    # Its subscription, the permission for it, and the log groups that alerts link to; and that its flow logs are read.
    assert named == {"FlowLogs": 1, "State": 0, "Analytics": 0, "Processing": 3, "Monitoring": 0}


def test_each_existing_log_group_has_its_own_permission(synthesise: Synthesise) -> None:
    made = synthesise({"existing_log_groups": [{"name": name, "kinesis": False} for name in (GROUP, "other")]})
    arns = [json.dumps(each["SourceArn"]) for each in of_kind(made, "AWS::Lambda::Permission", "Processing")]
    for name in (GROUP, "other"):
        assert len([arn for arn in arns if f":log-group:{name}:*" in arn]) == 1


def test_log_groups_that_exceed_the_function_policy_share_a_permission_for_their_common_prefix() -> None:
    few, many = ([f"/network/{number:03d}" for number in range(count)] for count in (20, 200))
    assert permitted_names(few) == {name: [name] for name in few}
    assert permitted_names(many) == {"/network/*": many}
    assert permitted_names([*many, "other"]) == {"*": [*many, "other"]}


def test_the_permissions_of_200_log_groups_fit_into_the_function_policy(synthesise: Synthesise) -> None:
    made = synthesise({"existing_log_groups": [{"name": f"/network/{number}"} for number in range(200)]})
    permissions = of_kind(made, "AWS::Lambda::Permission", "Processing")
    assert len(json.dumps(permissions)) < 20 * 1024
    assert len(of_kind(made, "AWS::Logs::SubscriptionFilter", "Processing")) == 200


def test_an_existing_log_group_can_use_the_data_stream(synthesise: Synthesise) -> None:
    made = synthesise({"existing_log_groups": [{"name": GROUP, "kinesis": True}]})
    (subscription,) = of_kind(made, "AWS::Logs::SubscriptionFilter", "Processing")
    assert (subscription["LogGroupName"], subscription["Distribution"]) == (GROUP, "Random")
    assert len(of_kind(made, "AWS::Kinesis::Stream", "FlowLogs")) == 1
    assert GROUP not in json.dumps(of_kind(made, "AWS::Lambda::Permission", "Processing"))


def test_a_draining_existing_log_group_keeps_the_data_stream(synthesise: Synthesise) -> None:
    made = synthesise({"existing_log_groups": [{"name": GROUP, "kinesis": False, "draining_kinesis": True}]})
    (subscription,) = of_kind(made, "AWS::Logs::SubscriptionFilter", "Processing")
    assert "Distribution" not in subscription
    assert len(of_kind(made, "AWS::Kinesis::Stream", "FlowLogs")) == 1


def test_log_groups_with_names_that_differ_only_in_punctuation_are_distinct(synthesise: Synthesise) -> None:
    names = ["a/b", "a--b", "a.b", "a#b"]
    made = synthesise({"existing_log_groups": [{"name": name} for name in names]})
    subscriptions = of_kind(made, "AWS::Logs::SubscriptionFilter", "Processing")
    assert sorted(each["LogGroupName"] for each in subscriptions) == sorted(names)


def test_a_rule_sends_object_events_of_an_existing_bucket_to_the_queue(synthesise: Synthesise) -> None:
    (rule,) = of_kind(synthesise(ONLY_A_BUCKET), "AWS::Events::Rule", "FlowLogs")
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [BUCKET]}, "object": {"key": [{"prefix": "logs/"}]}},
    }
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["NoticesQueue8F17BA1B", "Arn"]}
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["NoticesDeadLetters9751A95B", "Arn"]}}


@pytest.mark.parametrize("policy", ["NoticesQueuePolicyE99F59CA", "NoticesDeadLettersPolicy4DAC0DCD"])
def test_only_that_rule_may_send_to_both_queues(templates: Mapping[str, Any], policy: str) -> None:
    resources = templates["FlowLogs"]["Resources"]
    (rule,) = [id_ for id_, each in resources.items() if each["Type"] == "AWS::Events::Rule"]
    statements = resources[policy]["Properties"]["PolicyDocument"]["Statement"]
    (admitted,) = [each for each in statements if each["Principal"] == {"Service": "events.amazonaws.com"}]
    assert admitted["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": [rule, "Arn"]}}}


def test_without_an_existing_bucket_no_rule_may_send_object_events(synthesise: Synthesise) -> None:
    made = synthesise(ONLY_A_GROUP)
    assert of_kind(made, "AWS::Events::Rule", "FlowLogs") == []
    assert "events.amazonaws.com" not in json.dumps(made["FlowLogs"])


def test_many_buckets_share_one_rule_grouped_by_prefix() -> None:
    prefixes = {"bucket-b": "", "bucket-c": "x/", "bucket-a": "", "bucket-d": "x/"}
    buckets = [ExistingBucket(name=name, prefix=prefix) for name, prefix in prefixes.items()]
    whole, part = object_events_pattern(buckets)["detail"]["$or"]
    assert whole == {"bucket": {"name": ["bucket-a", "bucket-b"]}}
    assert part == {"bucket": {"name": ["bucket-c", "bucket-d"]}, "object": {"key": [{"prefix": "x/"}]}}
    assert object_events_pattern(buckets[::-1]) == object_events_pattern(buckets)


def test_a_prefix_inside_another_has_one_event_rule_and_one_grant(synthesise: Synthesise) -> None:
    nested = [{"name": BUCKET}, {"name": BUCKET, "prefix": "firehose/", "log_formats": ["default"]}]
    made = synthesise({"existing_buckets": nested})
    (rule,) = of_kind(made, "AWS::Events::Rule", "FlowLogs")
    assert rule["EventPattern"]["detail"] == {"bucket": {"name": [BUCKET]}}
    assert "firehose/" not in granted(made, "s3:GetObject")


def test_the_object_processor_may_read_only_the_prefix_and_use_the_key_of_the_settings(
    templates: Mapping[str, Any],
) -> None:
    for action in ("s3:GetObject", "s3:GetObjectVersion"):
        assert f":s3:::{BUCKET}/logs/*" in granted(templates, action)
        assert ":s3:::central-firehose/*" in granted(templates, action)
    assert f':s3:::{BUCKET}"' in granted(templates, "s3:ListBucket")
    (key,) = json.loads(granted(templates, "kms:Decrypt"))
    assert key.startswith("arn:aws:kms:us-east-1:123456789012:key/")


def test_without_a_key_the_object_processor_may_not_decrypt(synthesise: Synthesise) -> None:
    assert json.loads(granted(synthesise(ONLY_A_BUCKET), "kms:Decrypt")) == []


def test_log_formats_are_published_by_log_group_and_by_s3_uri(synthesise: Synthesise) -> None:
    custom = "${version} ${srcaddr} ${dstaddr}"
    group = {"name": GROUP, "log_formats": [custom, "default"]}
    bucket = {"name": BUCKET, "prefix": "firehose/", "log_formats": [custom]}
    made = synthesise({"existing_log_groups": [group, {"name": "other"}], "existing_buckets": [bucket]})
    parameters = of_kind(made, "AWS::SSM::Parameter", "FlowLogs")
    (formats,) = [each["Value"] for each in parameters if each["Name"] == "/flowsentry/log-formats"]
    assert json.loads(formats) == {GROUP: [custom, DEFAULT_LOG_FORMAT], f"s3://{BUCKET}/firehose/": [custom]}


@pytest.mark.parametrize(
    ("log_group", "words"),
    [
        ({}, "existing_log_groups[0].name is missing; allowed: the name of a log group"),
        ({"name": "arn:aws:logs:us-east-1:1:log-group:x"}, "allowed: the name of a log group, not its ARN, such as"),
        ({"name": GROUP, "log_formats": "default"}, 'existing_log_groups[0].log_formats is "default"; allowed: a list'),
        ({"name": GROUP, "log_formats": ["x"]}, "existing_log_groups[0].log_formats[0]"),
        ({"name": GROUP, "kinesis": "yes"}, 'existing_log_groups[0].kinesis is "yes"; allowed: true or false'),
        ({"name": GROUP, "format": "default"}, "there is no such setting; did you mean log_formats?"),
        (
            {"name": "flowsentry-flow-logs-LogGroupx"},
            "existing_log_groups names flowsentry-flow-logs-LogGroupx, which this app created",
        ),
    ],
)
def test_an_invalid_log_group_is_refused_with_what_is_allowed(log_group: Mapping[str, Any], words: str) -> None:
    assert words in refusal({"existing_log_groups": [log_group]})


@pytest.mark.parametrize(
    ("bucket", "words"),
    [
        ({}, "existing_buckets[0].name is missing; allowed: the name of a bucket"),
        ({"name": "arn:aws:s3:::x"}, 'existing_buckets[0].name is "arn:aws:s3:::x"; allowed: the name of a bucket'),
        ({"name": BUCKET, "prefix": "/logs"}, 'existing_buckets[0].prefix is "/logs"; allowed: the beginning of keys'),
        (
            {"name": BUCKET, "prefix": "logs/*"},
            'existing_buckets[0].prefix is "logs/*"; allowed: the beginning of keys',
        ),
        ({"name": BUCKET, "kms_key_arn": "alias/x"}, 'kms_key_arn is "alias/x"; allowed: the ARN of a KMS key'),
        ({"name": "flowsentry-state-output-1"}, "existing_buckets names flowsentry-state-output-1, which this app"),
        (
            {"name": "flowsentry-flow-logs-logbucket-1"},
            "existing_buckets names flowsentry-flow-logs-logbucket-1, which this app",
        ),
    ],
)
def test_an_invalid_bucket_is_refused_with_what_is_allowed(bucket: Mapping[str, Any], words: str) -> None:
    assert words in refusal({"existing_buckets": [bucket]})


def test_a_log_group_of_another_deployment_is_accepted() -> None:
    groups = [{"name": "flowsentry-flow-logs-x"}]
    settings = {"name": "second", "existing_log_groups": groups}
    assert Deployment.from_context({"flowsentry": settings}).existing_log_groups[0].name == "flowsentry-flow-logs-x"


def test_a_log_group_named_twice_is_refused() -> None:
    twice = [{"name": GROUP}, {"name": GROUP, "kinesis": True}]
    words = f"flowsentry.existing_log_groups: {GROUP} is named 2 times; allowed: once"
    assert words in refusal({"existing_log_groups": twice})


def test_the_same_prefix_of_a_bucket_named_twice_is_refused() -> None:
    twice = [{"name": BUCKET}, {"name": BUCKET, "log_formats": ["default"]}]
    words = f"flowsentry.existing_buckets: s3://{BUCKET}/ is named 2 times; allowed: once"
    assert words in refusal({"existing_buckets": twice})


def test_buckets_that_exceed_the_event_pattern_are_refused_with_a_remedy() -> None:
    one_prefix, prefixes = (
        [{"name": f"flow-logs-of-{number:02d}", "prefix": prefix.format(number)} for number in range(40)]
        for prefix in ("logs/", "logs-{:02d}/")
    )
    assert len(Deployment.from_context({"flowsentry": {"existing_buckets": one_prefix}}).existing_buckets) == 40
    assert "characters in one rule; allowed: 2048. Buckets of the same prefix" in refusal(
        {"existing_buckets": prefixes}
    )


def test_log_formats_that_exceed_their_parameter_are_refused_with_a_remedy() -> None:
    many = [{"name": f"/network/{number}", "log_formats": ["default"]} for number in range(60)]
    assert "Leave out formats of existing log groups: they are looked up" in refusal({"existing_log_groups": many})
    without = [{"name": each["name"]} for each in many]
    assert len(Deployment.from_context({"flowsentry": {"existing_log_groups": without}}).existing_log_groups) == 60


def test_an_unknown_field_of_an_existing_log_format_is_reported() -> None:
    settings = {"existing_log_groups": [{"name": GROUP, "log_formats": ["${version} ${quantum-state}"]}]}
    deployment = Deployment.from_context({"flowsentry": settings})
    assert list(unknown_fields(deployment)) == [(GROUP, "quantum-state")]


def test_as_many_log_groups_as_one_stack_can_subscribe_are_accepted_and_one_more_is_refused() -> None:
    names = [{"name": f"/v/{number}"} for number in range(SUBSCRIBED + 1)]
    assert Deployment.from_context({"flowsentry": {"existing_log_groups": names[1:]}}).existing_log_groups
    sentence = f"have {SUBSCRIBED + 1} log groups, each with a subscription filter; allowed in one stack: {SUBSCRIBED}"
    assert sentence in refusal({"existing_log_groups": names})
