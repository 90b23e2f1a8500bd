"""Synth refuses at the limits at which the embedded AWS refuses: both state them, so that one can't hide the other."""

import pytest

from local.aws.compute import function_limits
from local.aws.messaging import limits as messaging
from local.aws.monitoring import alarm_limits, log_limits
from local.aws.resources import analytics_limits
from local.aws.resources import limits as resources
from local.aws.resources.flow_logs import MOST_FLOW_LOGS
from local.doctor.flow_log_checks import FLOW_LOGS_OF_A_RESOURCE
from stacks.limits import analytics, functions, log_searches, names_and_values, observability, policies
from stacks.settings import deployment
from stacks.settings.values import LOG_GROUP_DAYS

POLICIES = {policy.name: policy.max_bytes for policy in policies.RESOURCE_POLICIES.values()}
TIERS = resources.MOST_CHARACTERS_OF_A_PARAMETER
QUERY = analytics_limits.MOST_CHARACTERS_OF_A_QUERY
SAME = {
    "bytes of an environment": (functions.ENVIRONMENT_BYTES, function_limits.MOST_BYTES_OF_VARIABLES),
    "bytes of a function's policy": (functions.POLICY_BYTES, function_limits.MOST_BYTES_OF_A_POLICY),
    "bytes of a function's packages": (functions.UNZIPPED_BYTES, function_limits.MOST_BYTES_UNZIPPED),
    "layers of a function": (functions.LAYERS, function_limits.MOST_LAYERS),
    "bytes of a queue's policy": (POLICIES["queue"], messaging.QUEUE_POLICY["bytes"]),
    "statements of a queue's policy": (policies.QUEUE_POLICY["statements"], messaging.QUEUE_POLICY["statements"]),
    "principals of a queue's policy": (policies.QUEUE_POLICY["principals"], messaging.QUEUE_POLICY["principals"]),
    "conditions of a queue's policy": (policies.QUEUE_POLICY["conditions"], messaging.QUEUE_POLICY["conditions"]),
    "actions of a queue's policy": (policies.QUEUE_ACTIONS, messaging.QUEUE_POLICY["actions per statement"]),
    "bytes of a topic's policy": (POLICIES["topic"], messaging.TOPIC_POLICY["bytes"]),
    "bytes of a bucket's policy": (POLICIES["bucket"], resources.MOST_BYTES_OF_A_BUCKET_POLICY),
    "bytes of a key's policy": (POLICIES["key"], resources.MOST_BYTES_OF_A_KEY_POLICY),
    "inline policies of a role": (policies.INLINE_CHARACTERS, resources.MOST_CHARACTERS_OF_INLINE_POLICIES),
    "trust policy of a role": (policies.TRUST_CHARACTERS, resources.MOST_CHARACTERS_OF_A_TRUST_POLICY),
    "a managed policy": (policies.MANAGED_CHARACTERS, resources.MOST_CHARACTERS_OF_A_MANAGED_POLICY),
    "managed policies of a role": (policies.MANAGED_POLICIES, resources.MOST_MANAGED_POLICIES),
    "name of a role": (names_and_values.NAMES["AWS::IAM::Role"][1], resources.MOST_CHARACTERS_OF_A_ROLE_NAME),
    "a standard parameter": (names_and_values.STANDARD_BYTES, TIERS["Standard"]),
    "an advanced parameter": (names_and_values.ADVANCED_BYTES, TIERS["Advanced"]),
    "a parameter in the settings": (deployment.PARAMETER_BYTES, TIERS["Advanced"]),
    "an event pattern": (names_and_values.PATTERN_CHARACTERS, messaging.MOST_CHARACTERS_OF_A_PATTERN),
    "targets of a rule": (names_and_values.TARGETS, messaging.MOST_TARGETS),
    "widgets of a dashboard": (observability.WIDGETS, alarm_limits.MOST_WIDGETS),
    "metrics of a widget": (observability.WIDGET_METRICS, alarm_limits.MOST_METRICS_OF_A_WIDGET),
    "alarms of a widget": (observability.WIDGET_ALARMS, alarm_limits.MOST_ALARMS_OF_A_WIDGET),
    "log groups of a widget's query": (observability.QUERY_LOG_GROUPS, alarm_limits.MOST_LOG_GROUPS_OF_A_QUERY),
    "metrics of a dashboard": (observability.DASHBOARD_METRICS, alarm_limits.MOST_METRICS_OF_A_DASHBOARD),
    "actions of an alarm": (observability.ACTIONS, alarm_limits.MOST_ACTIONS),
    "alarms of a composite alarm": (observability.CHILD_ALARMS, alarm_limits.MOST_CHILDREN),
    "rule of a composite alarm": (observability.RULE_CHARACTERS, alarm_limits.MOST_CHARACTERS["alarmRule"]),
    "metric filters of a log group": (log_searches.METRIC_FILTERS, log_limits.MOST_METRIC_FILTERS),
    "a filter pattern": (log_searches.FILTER_CHARACTERS, log_limits.MOST_CHARACTERS_OF_A_PATTERN),
    "a saved query": (log_searches.QUERY_CHARACTERS, log_limits.MOST_CHARACTERS_OF_A_QUERY["queryString"]),
    "name of a saved query": (
        names_and_values.NAMES["AWS::Logs::QueryDefinition"][1],
        log_limits.MOST_CHARACTERS_OF_A_QUERY["name"],
    ),
    "saved queries": (log_searches.SAVED_QUERIES, log_limits.MOST_QUERIES),
    "a name in Glue": (analytics.NAME_CHARACTERS, analytics_limits.MOST_CHARACTERS_OF_A_NAME),
    "description of a table": (
        analytics.TABLE_DESCRIPTION_CHARACTERS,
        analytics_limits.MOST_CHARACTERS_OF_A_TABLE_DESCRIPTION,
    ),
    "name of a query": (analytics.QUERY_NAME_CHARACTERS, QUERY["name"]),
    "description of a query": (analytics.QUERY_DESCRIPTION_CHARACTERS, QUERY["description"]),
    "text of a query": (analytics.QUERY_CHARACTERS, QUERY["queryString"]),
    "scanned bytes": (analytics.LEAST_SCANNED_BYTES, analytics_limits.LEAST_BYTES_SCANNED),
    "flow logs of a resource": (FLOW_LOGS_OF_A_RESOURCE, MOST_FLOW_LOGS),
    "retention of a log group": (frozenset(LOG_GROUP_DAYS), log_limits.RETENTION_DAYS),
}


@pytest.mark.parametrize("name", SAME)
def test_a_limit_is_the_same_wherever_it_is_stated(name: str) -> None:
    stated, enforced = SAME[name]
    assert stated == enforced
