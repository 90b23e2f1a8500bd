"""Asks how much the flow logs of the settings' resources deliver, by what CloudWatch counts of their destinations."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flowsentry.aws.inventory.region import FILTER_VALUES
from local.cost.measured import measured
from local.doctor.account_state import FlowLog, LoggedVolume
from local.doctor.needs import logged_resources
from local.doctor.questions import Questions
from stacks.prices.meter import BYTES_IN_GB, DAYS_A_MONTH
from stacks.settings.deployment import Deployment

WINDOW_DAYS = 14
"""Days that are looked at. More: a month that has changed shows late. Fewer: a weekend counts too much."""
MAX_DESTINATIONS = 20
"""Log groups and buckets that are asked about, a call each. More: a deploy waits. Fewer: the volume is too low."""
DAY_SECONDS = 86_400
BUCKET = "arn:aws:s3:::"
FILTERS: Mapping[str, str] = {"vpc-": "vpc-id", "subnet-": "subnet-id", "eni-": "network-interface-id"}


def logged_volume(
    deployment: Deployment, flow_logs: Sequence[FlowLog], questions: Questions, asked_at: int
) -> LoggedVolume:
    """What is logged of the resources of the settings, whoever made the flow logs, and in existing log groups and
    buckets. Raises NotAnsweredError.
    """
    wanted = set(logged_resources(deployment))
    is_wanted = (lambda id_: id_.startswith("vpc-")) if deployment.source_of_all_vpcs else wanted.__contains__
    chosen = _one_of_each_resource([each for each in flow_logs if is_wanted(each.resource_id)])
    destinations = [each.destination for each in chosen]
    destinations += [each.name for each in deployment.existing_log_groups]
    destinations += [f"{BUCKET}{each.name}" for each in deployment.existing_buckets]
    known = list(dict.fromkeys(destinations))[:MAX_DESTINATIONS]
    volumes = [_gigabytes_of(each, questions, asked_at) for each in known]
    interfaces = _interfaces({*wanted, *(each.resource_id for each in chosen)}, questions)
    return LoggedVolume(
        sum(each for each in volumes if each is not None) if None not in volumes and volumes else None,
        max(1, interfaces),
        max(1, len(wanted), len(chosen)),
    )


def _one_of_each_resource(flow_logs: Iterable[FlowLog]) -> list[FlowLog]:
    """One flow log of each resource, to a log group if there is one: its bytes are those that AWS charges."""
    by_resource: dict[str, FlowLog] = {}
    for each in flow_logs:
        known = by_resource.get(each.resource_id)
        if known is None or known.destination.startswith("arn:"):
            by_resource[each.resource_id] = each
    return list(by_resource.values())


def _gigabytes_of(destination: str, questions: Questions, asked_at: int) -> float | None:
    """GB of text a month; None where CloudWatch has counted nothing, or the destination is no log group or bucket."""
    if destination.startswith(BUCKET):
        return _grown(destination.removeprefix(BUCKET).partition("/")[0], questions, asked_at)
    if destination.startswith("arn:"):
        return None
    points = _daily("AWS/Logs", "IncomingBytes", {"LogGroupName": destination}, "Sum", questions, asked_at)
    return sum(points) / len(points) * DAYS_A_MONTH / BYTES_IN_GB if points else None


def _grown(bucket: str, questions: Questions, asked_at: int) -> float | None:
    """The text of the files by which a bucket grew; None for one that does not grow, since as much may expire.

    S3 counts what it stores once a day, by storage class.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
    """
    dimensions = {"BucketName": bucket, "StorageType": "StandardStorage"}
    points = _daily("AWS/S3", "BucketSizeBytes", dimensions, "Average", questions, asked_at)
    form = measured().extended_format
    if len(points) < 2 or (grown := points[-1] - points[0]) <= 0:  # noqa: PLR2004 - a difference needs two
        return None
    return grown / (len(points) - 1) * DAYS_A_MONTH / BYTES_IN_GB * form.text_bytes / form.gzip_bytes


def _daily(
    namespace: str, metric: str, dimensions: Mapping[str, str], statistic: str, questions: Questions, asked_at: int
) -> list[float]:
    """The values of the days that CloudWatch has, oldest first."""
    end = datetime.fromtimestamp(asked_at, UTC).replace(hour=0, minute=0, second=0)
    answer = questions.ask(
        "cloudwatch",
        "get_metric_statistics",
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=end - timedelta(days=WINDOW_DAYS),
        EndTime=end,
        Period=DAY_SECONDS,
        Statistics=[statistic],
    )
    points: list[dict[str, Any]] = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return [float(point[statistic]) for point in points]


def _interfaces(resource_ids: Collection[str], questions: Questions) -> int:
    """The network interfaces of these VPCs, subnets and interfaces."""
    number = 0
    for beginning, name in FILTERS.items():
        values = sorted(each for each in resource_ids if each.startswith(beginning))
        for first in range(0, len(values), FILTER_VALUES):
            filters = [{"Name": name, "Values": values[first : first + FILTER_VALUES]}]
            number += len(questions.pages("ec2", "describe_network_interfaces", "NetworkInterfaces", Filters=filters))
    return number
