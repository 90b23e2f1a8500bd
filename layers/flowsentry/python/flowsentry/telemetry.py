"""Logger and pipeline metrics of a function. Tracing is Lambda's active tracing, without an X-Ray SDK in the layer."""

import gc
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, wraps
from typing import Any, TypeAlias, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.metric_names import NAMESPACE, PIPELINE_METRICS, PipelineMetric, Unit

Event: TypeAlias = dict[str, Any]
Answer = TypeVar("Answer")
Handler: TypeAlias = Callable[[Event, LambdaContext], Answer]


@lru_cache(maxsize=1)
def logger() -> Logger:
    """The logger, which writes JSON lines. Powertools reads its service name and level from the environment variables
    POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL.
    """
    return Logger()


def namespace() -> str:
    """The namespace of all metrics of this process, which the deployment sets for Powertools."""
    return os.environ.get("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE)


@lru_cache(maxsize=1)
def metrics() -> Metrics:
    """The metrics of this invocation, printed when the handler ends, with the current time. Dimension: `service`."""
    return Metrics(namespace=namespace())


def instrumented(handler: Handler[Answer]) -> Handler[Answer]:
    """The handler, with the request id in its log lines; prints its metrics when it ends, also after an error. Where a
    function is initialized without garbage collection (`flowsentry.aws`), it begins here, without what was imported.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()

    @logger().inject_lambda_context
    @wraps(handler)
    def run(event: Event, context: LambdaContext) -> Answer:
        try:
            return handler(event, context)
        finally:
            if metrics().metric_set:
                metrics().flush_metrics()

    return run


def print_lines(lines: Iterable[str]) -> None:
    """Prints lines of JSON as they are, without the properties that the logger adds."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def count(name: PipelineMetric, value: float = 1) -> None:
    """Adds to a pipeline metric. A count of 0 is left out, so that a run without events prints nothing; an age of 0 is
    a value and is printed.
    """
    unit = PIPELINE_METRICS[name].unit
    if value or unit is not Unit.COUNT:
        metrics().add_metric(name, MetricUnit(unit), value)


def gauge(name: PipelineMetric, value: float) -> None:
    """Sets a pipeline metric of a scheduled run. A value of 0 is printed too: an alarm on it also notices that the runs
    stop.
    """
    metrics().add_metric(name, MetricUnit(PIPELINE_METRICS[name].unit), value)


def count_each(name: PipelineMetric, by: str, counts: Mapping[str, int]) -> None:
    """Adds each part to a pipeline metric in a log line of its own, with the part's name as the property `by`:
    CloudWatch Logs Insights can search it, and without a dimension it is no metric of its own to pay for.
    """
    for part, value in counts.items():
        with single_metric(name, MetricUnit(PIPELINE_METRICS[name].unit), value, namespace=namespace()) as single:
            single.add_metadata(by, part)


def count_by(name: PipelineMetric, counts: Mapping[str, int]) -> None:
    """Adds the total to a pipeline metric, and each part under the metric's dimension.

    The parts must come from a small fixed set of words: each is a metric that CloudWatch bills.
    """
    metric = PIPELINE_METRICS[name]
    count(name, sum(counts.values()))
    for part, value in counts.items():
        with single_metric(name, MetricUnit(metric.unit), value, namespace=namespace()) as single:
            single.add_dimension(metric.by or "part", part)
