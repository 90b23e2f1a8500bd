"""Verifies a deployment: checks by each service's API that every resource of a stack's template exists.

CloudFormation's list is not sufficient: moto reports a stack as complete even if resources are missing.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws.embedded import EmbeddedAws

Properties = Mapping[str, Any]
Check = Callable[[EmbeddedAws, str, Properties], Any]


def missing_resources(aws: EmbeddedAws, stack_name: str) -> list[str]:
    """A message for each resource of the template that does not exist or lacks some of its properties."""
    formation = aws.client("cloudformation")
    template = formation.get_template(StackName=stack_name)["TemplateBody"]
    listed = formation.describe_stack_resources(StackName=stack_name)["StackResources"]
    ids = {each["LogicalResourceId"]: each.get("PhysicalResourceId") for each in listed}
    found = (
        _problem(aws, name, resource, ids.get(name))
        for name, resource in template["Resources"].items()
        if resource["Type"] not in NOT_CHECKED and "Condition" not in resource and not _is_custom(resource)
    )
    return [problem for problem in found if problem]


def _is_custom(resource: Mapping[str, Any]) -> bool:
    """Whether its function has answered that it exists: otherwise the stack would have failed."""
    return str(resource["Type"]).startswith("Custom::")


def _problem(aws: EmbeddedAws, name: str, resource: Mapping[str, Any], physical_id: str | None) -> str:
    label = f"{resource['Type']} {name}"
    if not physical_id:
        return f"{label} was not created"
    if resource["Type"] not in CHECKS:
        return f"{label}: {__name__} has no check for this type"
    try:
        is_there = CHECKS[resource["Type"]](aws, physical_id, resource.get("Properties", {}))
    except (ClientError, BotoCoreError, LookupError) as error:
        return f"{label} ({physical_id}): {error}"
    return "" if is_there else f"{label} ({physical_id}) does not exist, or differs from the template"


def _queue(aws: EmbeddedAws, url: str, wanted: Properties) -> Any:
    described = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return ("RedrivePolicy" in described) == ("RedrivePolicy" in wanted)


def _queue_policy(aws: EmbeddedAws, _id: str, wanted: Properties) -> Any:
    queues = aws.client("sqs").list_queues()["QueueUrls"]
    described = [aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]) for url in queues]
    policies = [
        json.loads(each["Attributes"]["Policy"]) for each in described if each.get("Attributes", {}).get("Policy")
    ]
    return any(_sids(policy) == _sids(wanted["PolicyDocument"]) for policy in policies)


def _topic_policy(aws: EmbeddedAws, _id: str, wanted: Properties) -> Any:
    sns = aws.client("sns")
    arns = [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]
    described = [json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]) for arn in arns]
    return any(_sids(policy) == _sids(wanted["PolicyDocument"]) for policy in described)


def _sids(policy: Properties) -> list[str | None]:
    return [statement.get("Sid") for statement in policy["Statement"]]


def _bucket(aws: EmbeddedAws, name: str, wanted: Properties) -> Any:
    s3 = aws.client("s3")
    s3.head_bucket(Bucket=name)
    if "LifecycleConfiguration" in wanted:
        s3.get_bucket_lifecycle_configuration(Bucket=name)
    if "PublicAccessBlockConfiguration" in wanted:
        s3.get_public_access_block(Bucket=name)
    described = s3.get_bucket_notification_configuration(Bucket=name)
    for key in ("QueueConfigurations", "TopicConfigurations"):
        if len(described.get(key, [])) != len(wanted.get("NotificationConfiguration", {}).get(key, [])):
            return False
    return True


def _function(aws: EmbeddedAws, name: str, wanted: Properties) -> Any:
    described = aws.client("lambda").get_function(FunctionName=name)["Configuration"]
    return (
        len(described.get("Layers", [])) == len(wanted.get("Layers", []))
        and described["Architectures"] == wanted.get("Architectures", ["x86_64"])
        and ("LogGroup" in wanted.get("LoggingConfig", {}))
        == (described["LoggingConfig"]["LogGroup"] != f"/aws/lambda/{name}")
        and set(described.get("Environment", {}).get("Variables", {}))
        == set(wanted.get("Environment", {}).get("Variables", {}))
    )


def _table(aws: EmbeddedAws, name: str, wanted: Properties) -> Any:
    dynamodb = aws.client("dynamodb")
    described = dynamodb.describe_table(TableName=name)["Table"]
    time_to_live = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return (
        len(described.get("GlobalSecondaryIndexes", [])) == len(wanted.get("GlobalSecondaryIndexes", []))
        and ("LatestStreamArn" in described) == ("StreamSpecification" in wanted)
        and time_to_live.get("AttributeName") == wanted.get("TimeToLiveSpecification", {}).get("AttributeName")
    )


def _flow_log(aws: EmbeddedAws, id_: str, wanted: Properties) -> Any:
    described = aws.client("ec2").describe_flow_logs(FlowLogIds=[id_])["FlowLogs"][0]
    return (
        described["LogFormat"] == wanted.get("LogFormat", described["LogFormat"])
        and described["DeliverLogsStatus"] == "SUCCESS"
    )


def _rule(aws: EmbeddedAws, name: str, wanted: Properties) -> Any:
    return len(aws.client("events").list_targets_by_rule(Rule=name)["Targets"]) == len(wanted.get("Targets", []))


def _alarm(aws: EmbeddedAws, name: str, wanted: Properties) -> Any:
    described = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])
    return [
        alarm
        for alarm in described.get("MetricAlarms", []) + described.get("CompositeAlarms", [])
        if len(alarm.get("AlarmActions", [])) == len(wanted.get("AlarmActions", []))
    ]


def _anomaly_detector(aws: EmbeddedAws, _id: str, wanted: Properties) -> Any:
    model = wanted["SingleMetricAnomalyDetector"]
    described = aws.client("cloudwatch").describe_anomaly_detectors()["AnomalyDetectors"]
    return model in [each["SingleMetricAnomalyDetector"] for each in described]


def _named(listed: Any, key: str, name: str) -> bool:
    return any(each[key] == name for each in listed)


def _subscription_filter(aws: EmbeddedAws, name: str, _wanted: Properties) -> Any:
    groups = [group["logGroupName"] for group in aws.client("logs").describe_log_groups()["logGroups"]]
    logs = aws.client("logs")
    return any(
        _named(logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"], "filterName", name)
        for group in groups
    )


def _permission(aws: EmbeddedAws, _id: str, wanted: Properties) -> Any:
    functions = [each["FunctionName"] for each in aws.client("lambda").list_functions()["Functions"]]
    policies = (_policy_of(aws, name) for name in functions)
    return any(wanted["Principal"] in policy for policy in policies)


def _policy_of(aws: EmbeddedAws, function_name: str) -> str:
    try:
        return str(aws.client("lambda").get_policy(FunctionName=function_name)["Policy"])
    except ClientError:
        return ""


def _role_policy(aws: EmbeddedAws, _name: str, wanted: Properties) -> Any:
    roles = [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]]
    iam = aws.client("iam")
    return any(wanted["PolicyName"] in iam.list_role_policies(RoleName=role)["PolicyNames"] for role in roles)


def _data_stream(aws: EmbeddedAws, name: str, wanted: Properties) -> Any:
    described = aws.client("kinesis").describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return (
        described["StreamModeDetails"] == wanted.get("StreamModeDetails", described["StreamModeDetails"])
        and described["EncryptionType"] == wanted.get("StreamEncryption", {}).get("EncryptionType", "NONE")
        and described["RetentionPeriodHours"] == wanted.get("RetentionPeriodHours", 24)
    )


def _glue_table(aws: EmbeddedAws, name: str, _wanted: Properties) -> Any:
    glue = aws.client("glue")
    databases = [each["Name"] for each in glue.get_databases()["DatabaseList"]]
    return any(_named(glue.get_tables(DatabaseName=each)["TableList"], "Name", name) for each in databases)


NOT_CHECKED = {"AWS::CDK::Metadata"}

CHECKS: Mapping[str, Check] = {
    "AWS::Athena::NamedQuery": lambda aws, id_, _: aws.client("athena").get_named_query(NamedQueryId=id_),
    "AWS::Athena::WorkGroup": lambda aws, name, _: aws.client("athena").get_work_group(WorkGroup=name),
    "AWS::Budgets::Budget": lambda aws, name, _: aws.client("budgets").describe_budget(
        AccountId=aws.account, BudgetName=name
    ),
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::AnomalyDetector": _anomaly_detector,
    "AWS::CloudWatch::CompositeAlarm": _alarm,
    "AWS::CloudWatch::Dashboard": lambda aws, name, _: aws.client("cloudwatch").get_dashboard(DashboardName=name),
    "AWS::CloudWatch::InsightRule": lambda aws, name, _: _named(
        aws.client("cloudwatch").describe_insight_rules()["InsightRules"], "Name", name
    ),
    "AWS::DynamoDB::Table": _table,
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::Events::Rule": _rule,
    "AWS::Glue::Database": lambda aws, name, _: aws.client("glue").get_database(Name=name),
    "AWS::Glue::Table": _glue_table,
    "AWS::IAM::Policy": _role_policy,
    "AWS::IAM::Role": lambda aws, name, _: aws.client("iam").get_role(RoleName=name),
    "AWS::Kinesis::Stream": _data_stream,
    "AWS::KMS::Alias": lambda aws, name, _: _named(aws.client("kms").list_aliases()["Aliases"], "AliasName", name),
    "AWS::KMS::Key": lambda aws, id_, _: aws.client("kms").describe_key(KeyId=id_),
    "AWS::Lambda::EventInvokeConfig": lambda aws, id_, wanted: (
        ("DestinationConfig" in wanted)
        == (
            "DestinationConfig" in aws.client("lambda").get_function_event_invoke_config(FunctionName=id_.split(":")[0])
        )
    ),
    "AWS::Lambda::EventSourceMapping": lambda aws, id_, wanted: (
        ("FilterCriteria" in wanted) == ("FilterCriteria" in aws.client("lambda").get_event_source_mapping(UUID=id_))
    ),
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::LayerVersion": lambda aws, arn, _: aws.client("lambda").get_layer_version(
        LayerName=arn.split(":")[-2], VersionNumber=int(arn.split(":")[-1])
    ),
    "AWS::Lambda::Permission": _permission,
    "AWS::Logs::LogGroup": lambda aws, name, _: _named(
        aws.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"], "logGroupName", name
    ),
    "AWS::Logs::MetricFilter": lambda aws, name, _: aws.client("logs").describe_metric_filters(filterNamePrefix=name)[
        "metricFilters"
    ],
    "AWS::Logs::QueryDefinition": lambda aws, id_, _: _named(
        aws.client("logs").describe_query_definitions()["queryDefinitions"], "queryDefinitionId", id_
    ),
    "AWS::Logs::SubscriptionFilter": _subscription_filter,
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": lambda aws, bucket, _: aws.client("s3").get_bucket_policy(Bucket=bucket),
    "AWS::SNS::Subscription": lambda aws, arn, _: aws.client("sns").get_subscription_attributes(SubscriptionArn=arn),
    "AWS::SNS::Topic": lambda aws, arn, _: aws.client("sns").get_topic_attributes(TopicArn=arn),
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "AWS::SSM::Parameter": lambda aws, name, _: aws.client("ssm").get_parameter(Name=name),
}
