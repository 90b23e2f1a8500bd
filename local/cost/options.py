"""What does not depend on the bytes: options, and what a deployment costs whatever its traffic."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from flowsentry.metric_names import PIPELINE_METRICS, TRAFFIC_METRICS_BY
from flowsentry.records.charged_paths import BILLED_PATHS
from local.cost.lines import MB_OF_GB, Line, Plan, taken, through_cloudwatch, through_s3, total
from local.cost.measured import Measured
from local.cost.volume import MINUTES, Volume
from stacks.prices import services

SECONDS = MINUTES * 60
TRACED_SHARE = 0.05
"""X-Ray records the first invocation of each second, and this share of the others.
https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html"""
POLLERS, POLL_SECONDS = 5, 20
"""Lambda's pollers of a queue without messages, and how long each call waits for one.
https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
INVENTORY_RUNS, INVENTORY_SECONDS = 8_640, 5.0
NOTIFIER_RUNS, NOTIFIER_SECONDS, NOTIFIER_MB = 43_200, 0.13, 1_769
"""Assumed: the inventory runs every five minutes for 5 s with 1 GB, the notifier every minute for 0.13 s."""
ALWAYS_SENT = 31
"""Pipeline metrics of a deployment that are sent in every hour; the others only when there is something to count.
CloudWatch charges a metric by the hours in which it is sent."""
RULE_USAGE_OBJECT_MS, RULE_USAGE_RECORD_MS, RULE_USAGE_MB = 3.5, 0.0085, 1_769
"""Measured on one vCPU for decision 48: what an object takes, and what a record in it takes."""


def traced(invocations: float) -> float:
    """The traces of a month in which so many invocations come evenly: in each second the first, and a share of the
    others.
    """
    first = SECONDS * (1 - math.exp(-invocations / SECONDS))
    return first + TRACED_SHARE * (invocations - first)


def optional(volume: Volume, given: Measured, plan: Plan) -> Iterator[Line]:
    """What each option adds to a month of this volume, or has in it."""
    alone, streamed = (through_cloudwatch(volume, given, replace(plan, kinesis=each)) for each in (False, True))
    what = "no data stream between log groups and the function (`kinesis` false), added"
    yield Line(what, total(alone) - total(streamed), "a run and an enriched object for each payload")
    yield _enriched("payloads without the data stream, in that sum", alone)
    yield _enriched("payloads to CloudWatch Logs, in the sums", streamed)
    yield _enriched("files in S3, in the sums", through_s3(volume, given, plan))
    form = given.extended_format
    runs, _ = taken(volume, given, plan)
    for way, number in (("CloudWatch Logs", runs), ("S3", volume.objects(form))):
        dollars = services.TRACES.dollars(traced(number), plan.region)
        yield Line(f"X-Ray (`tracing`), {way}", dollars, f"{traced(number):,.0f} traces of {number:,.0f} invocations")
        yield _rule_usage(way, number, volume.records(form), plan)
    number = len(TRAFFIC_METRICS_BY["vpc"])
    yield Line("metrics of one more VPC", services.METRICS.dollars(number, plan.region), f"{number} metrics")
    yield Line("one more dashboard", services.DASHBOARDS.dollars(1, plan.region), "three of an account are free")
    dollars = services.KMS_KEYS.dollars(1, plan.region)
    yield Line("customer key (`customer_key`)", dollars, "one key; and $0.03 for 10,000 requests")


def _rule_usage(way: str, objects: float, records: float, plan: Plan) -> Line:
    """Reading the enriched objects of the month once more."""
    seconds = (objects * RULE_USAGE_OBJECT_MS + records * RULE_USAGE_RECORD_MS) / 1_000
    time = services.LAMBDA_ARM64.dollars(seconds * RULE_USAGE_MB / MB_OF_GB, plan.region)
    gets = services.S3_GETS.dollars(objects, plan.region)
    units = f"{objects:,.0f} GETs, {seconds:,.0f} s with {RULE_USAGE_MB:,} MB"
    return Line(f"rule usage (`rule_usage_days`), {way}", time + gets, units)


def _enriched(of: str, lines: Sequence[Line]) -> Line:
    enriched = [line for line in lines if line.what.startswith("enriched")]
    return Line(f"enriched Parquet of {of}", total(enriched), "; ".join(each.arithmetic for each in enriched))


def fixed(given: Measured, plan: Plan) -> Iterator[Line]:
    """What a deployment with one VPC costs a month, whatever its traffic."""
    has, region = given.resources, plan.region
    yield Line("alarms", services.ALARMS.dollars(has.alarms, region), f"{has.alarms} metrics of alarms")
    if has.composite_alarms:
        dollars = services.COMPOSITE_ALARMS.dollars(has.composite_alarms, region)
        yield Line("composite alarms", dollars, f"{has.composite_alarms} alarms")
    dollars = services.DASHBOARDS.dollars(has.dashboards, region)
    yield Line("dashboards", dollars, f"{has.dashboards}; three of an account are free")
    traffic = {"of the VPC": len(TRAFFIC_METRICS_BY["vpc"]), "of the traffic bill": len(BILLED_PATHS)}
    parts = (f"{number} {of}" for of, number in traffic.items())
    units = ", ".join((f"{ALWAYS_SENT} of the {len(PIPELINE_METRICS)} of the functions", *parts))
    yield Line("metrics", services.METRICS.dollars(ALWAYS_SENT + sum(traffic.values()), region), units)
    polls = has.polled_queues * POLLERS * SECONDS / POLL_SECONDS
    units = f"{has.polled_queues} queues, {POLLERS} pollers each, every {POLL_SECONDS} s"
    yield Line("polling of queues", services.SQS_REQUESTS.dollars(polls, region), units)
    yield _runs("inventory", INVENTORY_RUNS, INVENTORY_SECONDS, MB_OF_GB, plan)
    yield _runs("notifier", NOTIFIER_RUNS, NOTIFIER_SECONDS, NOTIFIER_MB, plan)
    yield Line("key of the alert topic", services.KMS_KEYS.dollars(1, region), "one customer managed key")


def _runs(what: str, runs: int, seconds: float, memory_mb: int, plan: Plan) -> Line:
    time = services.LAMBDA_ARM64.dollars(runs * seconds * memory_mb / MB_OF_GB, plan.region)
    dollars = time + services.LAMBDA_REQUESTS.dollars(runs, plan.region)
    return Line(what, dollars, f"{runs:,} runs of {seconds:g} s with {memory_mb:,} MB")
