"""Logger and pipeline metrics of a function. Tracing is Lambda's own (active tracing): no X-Ray SDK in the layer."""

from collections.abc import Callable, Mapping
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
    """JSON lines; the service name and level are Powertools' own settings (POWERTOOLS_SERVICE_NAME, …_LOG_LEVEL)."""
    return Logger()


@lru_cache(maxsize=1)
def metrics() -> Metrics:
    """Printed when the handler returns, stamped with now. Dimension: `service`."""
    return Metrics(namespace=NAMESPACE)


def instrumented(handler: Handler[Answer]) -> Handler[Answer]:
    """The handler with the request in its log lines, and its metrics printed when it ends, also by an error."""

    @logger().inject_lambda_context
    @wraps(handler)
    def run(event: Event, context: LambdaContext) -> Answer:
        try:
            return handler(event, context)
        finally:
            if metrics().metric_set:
                metrics().flush_metrics()

    return run


def count(name: PipelineMetric, value: float = 1) -> None:
    """Adds to a pipeline metric. A count of 0 adds nothing, so that a quiet run prints nothing; an age of 0 is news."""
    unit = PIPELINE_METRICS[name].unit
    if value or unit is not Unit.COUNT:
        metrics().add_metric(name, MetricUnit(unit), value)


def count_each(name: PipelineMetric, by: str, counts: Mapping[str, int]) -> None:
    """Adds each part to a pipeline metric in a line of its own that names it as the property `by`: CloudWatch Logs
    Insights finds it, and no dimension makes it a metric to pay for.
    """
    for part, value in counts.items():
        with single_metric(name, MetricUnit(PIPELINE_METRICS[name].unit), value, namespace=NAMESPACE) as single:
            single.add_metadata(by, part)


def count_by(name: PipelineMetric, counts: Mapping[str, int]) -> None:
    """Adds the total to a pipeline metric, and each part by the dimension that the metric has for it.

    The parts must come from a bounded set of words: each is a metric that CloudWatch bills.
    """
    metric = PIPELINE_METRICS[name]
    count(name, sum(counts.values()))
    for part, value in counts.items():
        with single_metric(name, MetricUnit(metric.unit), value, namespace=NAMESPACE) as single:
            single.add_dimension(metric.by or "part", part)
