"""Logger and pipeline metrics of a function. Tracing is Lambda's own (active tracing): no X-Ray SDK in the layer."""

from collections.abc import Mapping
from functools import lru_cache

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from flowsentry.metric_names import NAMESPACE, PIPELINE_METRICS, PipelineMetric, Unit


@lru_cache(maxsize=1)
def logger() -> Logger:
    """JSON lines; the service name and level are Powertools' own settings (POWERTOOLS_SERVICE_NAME, …_LOG_LEVEL)."""
    return Logger()


@lru_cache(maxsize=1)
def metrics() -> Metrics:
    """Printed when the handler returns, stamped with now. Dimension: `service`."""
    return Metrics(namespace=NAMESPACE)


def count(name: PipelineMetric, value: float = 1) -> None:
    """Adds to a pipeline metric. A count of 0 adds nothing, so that a quiet run prints nothing; an age of 0 is news."""
    unit = PIPELINE_METRICS[name].unit
    if value or unit is not Unit.COUNT:
        metrics().add_metric(name, MetricUnit(unit), value)


def count_by(name: PipelineMetric, counts: Mapping[str, int]) -> None:
    """Adds the total to a pipeline metric, and each part by the dimension that the metric has for it.

    The parts must come from a bounded set of words: each is a metric that CloudWatch bills.
    """
    metric = PIPELINE_METRICS[name]
    count(name, sum(counts.values()))
    for part, value in counts.items():
        with single_metric(name, MetricUnit(metric.unit), value, namespace=NAMESPACE) as single:
            single.add_dimension(metric.by or "part", part)
