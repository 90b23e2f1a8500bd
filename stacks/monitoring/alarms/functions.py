"""Alarms on functions: errors and throttles of each, and what the functions can't read."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from stacks.constructs.parameters import Value
from stacks.monitoring.alarms.records import READERS
from stacks.monitoring.alarms.row import (
    PERIOD_MINUTES,
    Missing,
    Row,
    Service,
    ToldBy,
    of_function,
    of_pipeline,
    of_queue,
)
from stacks.settings.deployment import Deployment

FAILING_PERIODS, EVALUATED_PERIODS = 2, 3
"""The alarm on a function's errors needs errors in two of three periods. Lower: it also fires when a retry succeeded.
Higher: a function that always fails is noticed later."""
STALE_INVENTORY_MINUTES = 30
"""Highest accepted age of the inventory that a processor uses. Lower: a single failed discovery triggers the alarm.
Higher: owners stay outdated for longer before anybody is notified."""
FUNCTIONS: Mapping[Service, Value] = {
    "stream_processor": Value.STREAM_PROCESSOR,
    "object_processor": Value.OBJECT_PROCESSOR,
    "inventory": Value.INVENTORY,
    "notifier": Value.NOTIFIER,
}
CREATOR: Service = "flow_log_creator"
"""The function that exists only with a source of all VPCs."""
RULE_USAGE: Service = "rule_usage"
"""The function that exists unless `rule_usage_days` is 0."""
HOURS_BEHIND = 12
"""How many hourly runs may leave a day without its rule usage. Higher: the versions of the inventory, which S3 keeps
for three days, may be gone when somebody looks. Lower: it fires for a large day, which takes several runs."""
TOLD_BY: Mapping[Service, ToldBy] = {
    "stream_processor": ToldBy.WATCH,
    "object_processor": ToldBy.WATCH,
    "notifier": ToldBy.PEOPLE,
}
"""What it means that a function does not run. The others run again and again, and what they do can wait."""


def functions_of(deployment: Deployment) -> dict[Service, Value]:
    """The functions of a deployment, and the parameters with their names."""
    creator = {CREATOR: Value.FLOW_LOG_CREATOR} if deployment.source_of_all_vpcs else {}
    rule_usage = {RULE_USAGE: Value.RULE_USAGE} if deployment.rule_usage_days else {}
    return {**FUNCTIONS, **creator, **rule_usage}


def alarms_on_functions(deployment: Deployment) -> Iterator[Row]:
    """Errors and throttles of each function."""
    for service, value in functions_of(deployment).items():
        of_service, told_by = service.replace("_", "-"), TOLD_BY.get(service, ToldBy.ITSELF)
        yield Row(
            name=f"function-errors-{of_service}",
            entry="function-errors",
            wrong=f"Invocations of the function {service} failed in {FAILING_PERIODS} of the last {EVALUATED_PERIODS} "
            f"periods of {PERIOD_MINUTES} minutes.",
            measure=of_function("Errors", value),
            names=(("<service>", of_service),),
            periods=EVALUATED_PERIODS,
            failing=FAILING_PERIODS,
            missing=Missing.GOOD,
            told_by=told_by,
        )
        yield Row(
            name=f"throttled-{of_service}",
            entry="throttled",
            wrong=f"Lambda throttled {service} in each of the last {EVALUATED_PERIODS} periods of {PERIOD_MINUTES} "
            "minutes: it has reached its concurrency limit, or that of the account.",
            measure=of_function("Throttles", value),
            periods=EVALUATED_PERIODS,
            missing=Missing.GOOD,
            told_by=told_by,
        )


def alarms_on_stored_objects(deployment: Deployment) -> Iterator[Row]:
    """What the processors and the inventory function read of what is stored for them."""
    for destination, service in READERS:
        if deployment.uses(destination):
            yield _on_inventory_age(service)
            yield Row(
                name=f"suppressions-unreadable-{service.replace('_', '-')}",
                entry="suppressions-unreadable",
                wrong=f"{service} can't read the suppressions: the last valid version is active, later changes are "
                "not.",
                measure=of_pipeline("SuppressionsUnreadable", service),
                names=(("<service>", service.replace("_", "-")),),
                missing=Missing.GOOD,
            )
            yield _on_unreadable(service)
    yield _on_unreadable("inventory")


def _on_inventory_age(service: Service) -> Row:
    """A processor that reads no records states no age: what it last stated is still the case."""
    return Row(
        name=f"inventory-stale-{service.replace('_', '-')}",
        entry="inventory-stale",
        wrong=f"The inventory that {service} uses was not refreshed for {STALE_INVENTORY_MINUTES} minutes: new "
        "interfaces, and addresses whose owner changed since, have no owner.",
        measure=of_pipeline("InventoryAgeSeconds", service, "Minimum"),
        threshold=STALE_INVENTORY_MINUTES * 60,
        missing=Missing.UNCHANGED,
    )


def _on_unreadable(service: Service) -> Row:
    """Inventory, log formats, inventory targets, discovery claims, GeoIP databases, known services."""
    return Row(
        name=f"stored-object-unreadable-{service.replace('_', '-')}",
        entry="stored-object-unreadable",
        wrong=f"{service} can't read one of its stored objects: it uses the last valid version, or none.",
        measure=of_pipeline("StoredObjectsUnreadable", service),
        names=(("<service>", service.replace("_", "-")),),
        missing=Missing.GOOD,
    )


def alarms_on_inventory(deployment: Deployment) -> Iterator[Row]:
    """Requests that failed too often, and targets and clusters whose discovery fails."""
    yield Row(
        name="inventory-dead-letters",
        entry="inventory-dead-letters",
        wrong="Requests to the inventory failed too often or are invalid: they are in its dead-letter queue.",
        measure=of_queue("ApproximateNumberOfMessagesVisible", Value.INVENTORY_DLQ),
        missing=Missing.GOOD,
    )
    repeated = f"in {FAILING_PERIODS} of the last {EVALUATED_PERIODS} periods of {PERIOD_MINUTES} minutes"
    yield Row(
        name="inventory-target-failed",
        id="inventory-place-failed",
        entry="inventory-target-failed",
        wrong=f"The discovery of an account and Region failed {repeated}: its owners are those of the last successful "
        "discovery.",
        measure=of_pipeline("InventoryTargetsFailed", "inventory"),
        periods=EVALUATED_PERIODS,
        failing=FAILING_PERIODS,
        missing=Missing.GOOD,
    )
    if deployment.kubernetes_clusters:
        yield Row(
            name="cluster-unreachable",
            entry="cluster-unreachable",
            wrong=f"The pods of an EKS cluster could not be listed {repeated}: its pods are those of the last "
            "successful discovery.",
            measure=of_pipeline("ClustersFailed", "inventory"),
            periods=EVALUATED_PERIODS,
            failing=FAILING_PERIODS,
            missing=Missing.GOOD,
        )


def alarms_on_rule_usage(deployment: Deployment) -> Iterator[Row]:
    """Days whose rule usage is not written, which each hourly run counts."""
    if deployment.rule_usage_days:
        yield Row(
            name="rule-usage-behind",
            entry="rule-usage-behind",
            wrong=f"For {HOURS_BEHIND} hours the rule usage of a day with records could not be finished (state ALARM), "
            "or its function does not run (state INSUFFICIENT_DATA): the day may be missing for good.",
            measure=replace(of_pipeline("RuleUsageDaysBehind", RULE_USAGE, "Minimum"), minutes=60),
            periods=HOURS_BEHIND,
            missing=Missing.UNKNOWN,
        )
