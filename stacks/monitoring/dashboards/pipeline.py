"""The dashboard of the pipeline: whether flow logs arrive and are processed."""

from collections.abc import Iterator

from flowsentry.metric_names import PipelineMetric
from stacks.monitoring.dashboards.lines import of_function, of_queue
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import AlarmStates, Dashboard, Graph, Line, Section, Statistic

IN_SNAPSHOT: tuple[PipelineMetric, ...] = ("InventoryInterfaces", "UnrecognisedInterfaces", "InventoryAssignments")
NORMAL = """\
All alarms are OK, the newest record is 5 to 15 minutes old, and no queue grows. An alarm's text links to its entry in \
docs/runbook.md."""


def pipeline(watched: Watched) -> Dashboard:
    """The state of all alarms, then each stage of the pipeline."""
    alarms = Section("Is anything wrong", "No alarm.", (AlarmStates("Alarms", watched.alarm_arns),))
    return Dashboard(
        "pipeline", "Pipeline", NORMAL, (alarms, *_records(watched), *_inventory(watched), *_functions(watched))
    )


def _records(watched: Watched) -> Iterator[Section]:
    lines = watched.lines
    yield Section(
        "Do records arrive, and can they be read",
        "Lines follow the traffic. Rejected lines, skipped records and unreadable objects: none.",
        (
            Graph("Age of the newest record (s)", lines.by_processor("FreshnessSeconds", "Minimum")),
            Graph("Lines read", lines.by_processor("Lines")),
            Graph("Rejected lines", lines.by_processor("RejectedLines")),
            Graph("Skipped records (SKIPDATA)", lines.by_processor("SkippedRecords")),
            Graph("Unknown interfaces", lines.by_processor("UnknownInterfaces")),
            Graph("Poison objects and payloads", lines.by_processor("PoisonSources")),
        ),
    )
    yield Section(
        "Does every flow log deliver",
        "No flow log has stopped, and every VPC with network interfaces has one.",
        (
            Graph("Flow logs that stopped", lines.each(("SilentFlowLogs", "FailedFlowLogs"), "inventory", "Maximum")),
            Graph(
                "Highest share of skipped records (%)",
                [lines.pipeline("SkippedRecordsPercent", "inventory", "Maximum", "percent")],
            ),
            Graph("VPCs without flow log", [lines.pipeline("VpcsWithoutFlowLog", "inventory", "Maximum", "VPCs")]),
        ),
    )


def _inventory(watched: Watched) -> Iterator[Section]:
    lines, waiting = watched.lines, "ApproximateNumberOfMessagesVisible"
    yield Section(
        "Does the inventory know who owns what",
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
            Graph("Inventory requests waiting", [of_queue(waiting, watched.inventory_queue, "requests")]),
        ),
    )


def _functions(watched: Watched) -> Iterator[Section]:
    waiting, oldest = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"
    yield Section(
        "Do the functions keep up",
        "Queues are empty within minutes, dead letters are none, and no function fails or is throttled.",
        (
            Graph("Object events waiting", [of_queue(waiting, watched.object_queue, "object events")]),
            Graph("Oldest object event (s)", [of_queue(oldest, watched.object_queue, "seconds")]),
            Graph("Dead letters", [of_queue(waiting, watched.object_dead_letters, "dead letters")]),
            Graph("Function errors", _each(watched, "Errors", "Sum")),
            Graph("Longest invocation (ms)", _each(watched, "Duration", "Maximum")),
            Graph("Throttles", _each(watched, "Throttles", "Sum")),
            *(_of_stream(watched) if watched.has_payload_stream else ()),
        ),
    )


def _each(watched: Watched, metric: str, statistic: Statistic) -> list[Line]:
    return [of_function(metric, name, statistic, service) for service, name in watched.functions.items()]


def _of_stream(watched: Watched) -> Iterator[Graph]:
    """The Kinesis data stream, by the metrics of the function that reads it."""
    age = of_function("IteratorAge", watched.functions["stream_processor"], "Maximum", "age")
    failed = watched.lines.pipeline("FailedPayloads", "stream_processor", label="attempts")
    yield Graph("Age of payloads in the data stream (ms)", [age])
    yield Graph("Failed payloads of the data stream", [failed])
