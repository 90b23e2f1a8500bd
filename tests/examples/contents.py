"""Everything that an account contains, by type and name, as far as this app creates it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local.aws.embedded import EmbeddedAws

Names = Callable[[EmbeddedAws], Iterable[str]]


def listed(service: str, operation: str, key: str, name: str = "", **request: Any) -> Names:
    """The names in the answer of an operation: the values of `name` of the items in `key`, or the items themselves."""

    def names(aws: EmbeddedAws) -> Iterable[str]:
        answer = getattr(aws.client(service), operation)(**request)
        return [str(each[name] if name else each) for each in answer.get(key) or ()]

    return names


def paged(service: str, operation: str, key: str, name: str = "", **request: Any) -> Names:
    """As `listed`, of all pages."""

    def names(aws: EmbeddedAws) -> Iterable[str]:
        pages = aws.client(service).get_paginator(operation).paginate(**request)
        return [str(each[name] if name else each) for page in pages for each in page.get(key) or ()]

    return names


def of_each(outer: Names, inner: Callable[[EmbeddedAws, str], Iterable[str]]) -> Names:
    """Names that are listed for each of other names: `<outer>/<inner>`."""
    return lambda aws: [f"{name}/{each}" for name in outer(aws) for each in inner(aws, name)]


LOG_GROUPS = paged("logs", "describe_log_groups", "logGroups", "logGroupName")
WORKGROUPS = listed("athena", "list_work_groups", "WorkGroups", "Name")
CONTENTS: Mapping[str, Names] = {
    "alarm": paged("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "bucket": listed("s3", "list_buckets", "Buckets", "Name"),
    "composite alarm": paged("cloudwatch", "describe_alarms", "CompositeAlarms", "AlarmName"),
    "dashboard": listed("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "event source mapping": paged("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    "flow log": paged("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId"),
    "function": paged("lambda", "list_functions", "Functions", "FunctionName"),
    "Glue database": paged("glue", "get_databases", "DatabaseList", "Name"),
    "insight rule": listed("cloudwatch", "describe_insight_rules", "InsightRules", "Name"),
    "key": paged("kms", "list_keys", "Keys", "KeyId"),
    "layer": listed("lambda", "list_layers", "Layers", "LayerName"),
    "log group": LOG_GROUPS,
    "metric filter": paged("logs", "describe_metric_filters", "metricFilters", "filterName"),
    "named query": of_each(
        WORKGROUPS,
        lambda aws, name: listed("athena", "list_named_queries", "NamedQueryIds", WorkGroup=name)(aws),
    ),
    "parameter": paged("ssm", "describe_parameters", "Parameters", "Name"),
    "query definition": listed("logs", "describe_query_definitions", "queryDefinitions", "name"),
    "queue": paged("sqs", "list_queues", "QueueUrls"),
    "role": paged("iam", "list_roles", "Roles", "RoleName"),
    "rule": listed("events", "list_rules", "Rules", "Name"),
    "stream": listed("kinesis", "list_streams", "StreamNames"),
    "subscription": paged("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    "subscription filter": of_each(
        LOG_GROUPS,
        lambda aws, name: listed(
            "logs", "describe_subscription_filters", "subscriptionFilters", "filterName", logGroupName=name
        )(aws),
    ),
    "table": paged("dynamodb", "list_tables", "TableNames"),
    "topic": paged("sns", "list_topics", "Topics", "TopicArn"),
    "workgroup": WORKGROUPS,
}


def contents(aws: EmbeddedAws) -> dict[str, frozenset[str]]:
    """{type: names} of everything in the account, but no keys of AWS."""
    found = {kind: frozenset(names(aws)) for kind, names in CONTENTS.items()}
    aliases = aws.client("kms").list_aliases()["Aliases"]
    of_aws = {each.get("TargetKeyId") for each in aliases if each["AliasName"].startswith("alias/aws/")}
    return {**found, "key": found["key"] - of_aws}
