"""The dashboard of the pipeline: whether flow logs arrive and are processed."""

from collections.abc import Iterator, Sequence

from flowsentry.emit.log_lines.report import Report
from flowsentry.metric_names import PipelineMetric
from stacks.limits.observability import WIDGET_ALARMS
from stacks.monitoring.alarms.functions import RULE_USAGE
from stacks.monitoring.alarms.row import Statistic
from stacks.monitoring.dashboards.cost import cost_so_far
from stacks.monitoring.dashboards.lines import PROCESSORS, of_function, of_queue
from stacks.monitoring.dashboards.log_queries import MAX_ROWS, items_of
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import (
    THIRD,
    AlarmStates,
    Dashboard,
    Graph,
    Line,
    LogTable,
    Section,
)

IN_SNAPSHOT: tuple[PipelineMetric, ...] = ("InventoryInterfaces", "UnrecognisedInterfaces", "InventoryAssignments")
INCOMPLETE: tuple[PipelineMetric, ...] = (
    *("InventoryMissing", "InventoryRequestsFailed", "GeoDatabasesMissing", "IdempotencyUnavailable"),
    *("SuppressionsUnreadable", "StoredObjectsUnreadable"),
)
NOT_READ: tuple[PipelineMetric, ...] = ("S3TestEvents", "IgnoredObjectEvents", "IgnoredObjects", "DuplicateObjects")
AGAIN: tuple[PipelineMetric, ...] = (
    *("RetriedObjectEvents", "PostponedObjectEvents", "InterruptedObjects", "RecoveredPayloads"),
)
NOT_DRAWABLE: tuple[PipelineMetric, ...] = ("MeasurementsTooOld", "MeasurementsTooNew", "MeasurementsUnnameable")
AGES = ("age_seconds", "records", "skipped")
FRESHNESS = (
    *items_of(Report.FLOW_LOGS, "flow_logs", "flow_log"),
    'fields row.flow_log as flow_log, row.resource as resource, coalesce(row.name, "-") as name_of_flow_log',
    f"stats {', '.join(f'latest(row.{each}) as {each}' for each in AGES)} by flow_log, resource, name_of_flow_log",
    "sort age_seconds desc",
    f"limit {MAX_ROWS}",
)
NORMAL = """\
All alarms are OK, the newest record is 5 to 15 minutes old, and no queue grows. An alarm's text links to its entry in \
docs/runbook.md."""


def pipeline(watched: Watched) -> Dashboard:
    """The state of all alarms, then each stage of the pipeline, and what it costs."""
    alarms = Section("Is anything wrong?", "No alarm.", tuple(_alarms(watched.alarm_arns)))
    stages = (*_flow_logs(watched), *_records(watched), *_inventory(watched), *_functions(watched))
    return Dashboard("pipeline", "Pipeline", NORMAL, (alarms, *stages, cost_so_far(watched)))


def _alarms(arns: Sequence[str]) -> Iterator[AlarmStates]:
    for start in range(0, max(1, len(arns)), WIDGET_ALARMS):
        yield AlarmStates("Alarms, continued" if start else "Alarms", arns[start : start + WIDGET_ALARMS])


def _flow_logs(watched: Watched) -> Iterator[Section]:
    lines = watched.lines
    percent = lines.pipeline("SkippedRecordsPercent", "inventory", "Maximum", "percent")
    yield Section(
        "Does every flow log deliver?",
        "Records are 5 to 15 minutes old, and every VPC with network interfaces has a flow log. A flow log whose "
        "VPC has nothing to record may be older.",
        (
            Graph("Age of the newest record (s)", lines.by_processor("FreshnessSeconds", "Minimum")),
            LogTable("Oldest flow logs: seconds since their newest records", ("inventory",), FRESHNESS, 2 * THIRD),
            Graph("Flow logs that stopped", lines.each(("SilentFlowLogs", "FailedFlowLogs"), "inventory", "Maximum")),
            Graph("Highest share of skipped records (%)", [percent]),
            Graph("VPCs without flow log", [lines.pipeline("VpcsWithoutFlowLog", "inventory", "Maximum", "VPCs")]),
        ),
    )


def _records(watched: Watched) -> Iterator[Section]:
    lines = watched.lines
    yield Section(
        "Can the records be read?",
        "Records follow the traffic, and records without traffic the number of interfaces. Rejected lines, skipped "
        "records, objects that can't be read and records of the future: none.",
        (
            Graph("Lines read", lines.by_processor("Lines")),
            Graph(
                "Records of traffic, and without", [*_each_of(watched, "Records"), *_each_of(watched, "NoDataRecords")]
            ),
            Graph("Rejected lines, by reason", [lines.search_parts("RejectedLines", "reason")]),
            Graph("Skipped records (SKIPDATA)", lines.by_processor("SkippedRecords")),
            Graph("Objects and payloads set aside, by reason", [lines.search_parts("PoisonSources", "reason")]),
            Graph(
                "Records of the future, unknown fields",
                [*_each_of(watched, "FutureRecords"), *_each_of(watched, "UnknownFields")],
            ),
            Graph("Events and objects that are not read", lines.each(NOT_READ, "object_processor")),
            Graph("Objects processed again", lines.each(AGAIN, "object_processor")),
            Graph("Control messages of CloudWatch Logs", [lines.pipeline("ControlMessages", "stream_processor")]),
            Graph(
                "Minutes that CloudWatch would reject",
                [line for name in NOT_DRAWABLE for line in _each_of(watched, name)],
            ),
        ),
    )


def _each_of(watched: Watched, name: PipelineMetric) -> list[Line]:
    return [watched.lines.pipeline(name, service, label=f"{name}, {service}") for service in PROCESSORS]


def _inventory(watched: Watched) -> Iterator[Section]:
    lines, waiting = watched.lines, "ApproximateNumberOfMessagesVisible"
    yield Section(
        "Does the inventory know who owns what?",
        "Its age stays below half an hour, and every target is discovered.",
        (
            Graph("Inventory", lines.each(IN_SNAPSHOT, "inventory", "Maximum")),
            Graph("Age of the inventory (s)", lines.by_processor("InventoryAgeSeconds", "Maximum")),
            Graph(
                "Targets not discovered",
                lines.each(("InventoryTargetsFailed", "ClustersFailed", "InventoryNamesMissing"), "inventory"),
            ),
            Graph("Longest discovery (s)", [lines.pipeline("InventorySeconds", "inventory", "Maximum", "seconds")]),
            Graph("Interfaces requested", lines.each(("InterfacesRequested", "InterfacesAbsent"), "inventory")),
            Graph("Unknown interfaces", lines.by_processor("UnknownInterfaces")),
            Graph(
                "Processed without all that is needed",
                [line for name in INCOMPLETE for line in _each_of(watched, name)],
            ),
            Graph("Inventory requests waiting", [of_queue(waiting, watched.inventory_queue, "requests")]),
        ),
    )


def _functions(watched: Watched) -> Iterator[Section]:
    waiting, oldest = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"
    yield Section(
        "Do the functions keep up?",
        "Queues are empty within minutes, dead letters are none, and no function fails or is throttled.",
        (
            Graph("Object events waiting", [of_queue(waiting, watched.object_queue, "object events")]),
            Graph("Oldest object event (s)", [of_queue(oldest, watched.object_queue, "seconds")]),
            Graph("Dead letters", [of_queue(waiting, watched.object_dead_letters, "dead letters")]),
            Graph("Function errors", _each(watched, "Errors", "Sum")),
            Graph("Longest invocation (ms)", _each(watched, "Duration", "Maximum")),
            Graph("Throttles", _each(watched, "Throttles", "Sum")),
            *(_of_stream(watched) if watched.has_payload_stream else ()),
            *(_of_rule_usage(watched) if RULE_USAGE in watched.functions else ()),
        ),
    )


def _each(watched: Watched, metric: str, statistic: Statistic) -> list[Line]:
    return [of_function(metric, name, statistic, service) for service, name in watched.functions.items()]


def _of_rule_usage(watched: Watched) -> Iterator[Graph]:
    behind = watched.lines.pipeline("RuleUsageDaysBehind", RULE_USAGE, "Minimum", "days")
    yield Graph("Days whose rule usage is not written yet", [behind])


def _of_stream(watched: Watched) -> Iterator[Graph]:
    """The Kinesis data stream, by the metrics of the function that reads it."""
    age = of_function("IteratorAge", watched.functions["stream_processor"], "Maximum", "age")
    failed = watched.lines.pipeline("FailedPayloads", "stream_processor", label="attempts")
    yield Graph("Age of payloads in the data stream (ms)", [age])
    yield Graph("Failed payloads of the data stream", [failed])
