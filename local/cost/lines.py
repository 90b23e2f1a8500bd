"""The lines of a month's bill, for each way in: what is charged, dollars, and the arithmetic."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from local.cost.measured import Measured, Sample, of_size
from local.cost.volume import MINUTES, Volume
from stacks.prices import logs, services
from stacks.prices.meter import BYTES_IN_GB, DAYS_A_MONTH, DEFAULT_REGION, Meter

VCPU_MB = 1_769
"""Memory of a function with one vCPU; with less memory it has a share of it, in proportion.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
MB_OF_GB = 1_024
WAITS = {"dynamodb": 0.005, "s3": 0.03, "sqs": 0.01, "ssm": 0.01}
"""Seconds that a function waits for an answer: assumed, as no account was asked. DynamoDB answers within single-digit
milliseconds (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Introduction.html), small objects of S3
take some tens. Higher: a payload, which makes few calls, costs more, an object hardly."""
AT_ONCE = 8
"""Updates of a source that run at the same time (`flowsentry.aws.concurrency.MAX_THREADS`)."""
UPDATE = "dynamodb:UpdateItem"
STORED_METADATA = 26
"""Bytes that CloudWatch Logs stores with a log event. https://aws.amazon.com/cloudwatch/pricing/"""
PLATFORM_LOG_BYTES = 420
"""The two lines that Lambda writes for an invocation, `platform.start` and `platform.report`, in JSON.
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html"""
SHARD_BYTES, SHARD_PAYLOADS, ON_DEMAND_SHARDS = 1 << 20, 1_000, 4
"""What a shard takes a second; the shards that a stream on demand begins with.
https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html"""
UNEVEN = 2.0
"""Shards for so many times the mean, since payloads come unevenly. Higher: shards that are idle mostly. Lower: payloads
come later where CloudWatch Logs is throttled, and tries again."""
PUT_KILOBYTES = 25
EVENT_BYTES, ENVELOPE_BYTES = 6 << 20, 600
"""Of the event of a batch at most; and of a payload in it beside its base64.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
SQS_REQUESTS_OF_AN_OBJECT = 3
"""S3 sends its event, Lambda receives and deletes it; batches of several need fewer."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what is charged, the dollars of a month, and how they were calculated."""

    what: str
    dollars: float
    arithmetic: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What differs between deployments: Region, memory of the functions, days, and whether Kinesis is between, with so
    many `shards` (0: on demand), batches and windows.
    """

    region: str = DEFAULT_REGION
    stream_memory_mb: int = 1_024
    object_memory_mb: int = VCPU_MB
    log_days: int = 30
    enriched_days: int = 90
    kinesis: bool = True
    shards: int = 1
    batch_payloads: int = 1_000
    window_seconds: int = 60


def total(lines: Sequence[Line]) -> float:
    """The dollars of all lines."""
    return sum(line.dollars for line in lines)


def of_aws(lines: Sequence[Line]) -> float:
    """The dollars for the flow logs themselves, which anybody pays who has them."""
    return sum(line.dollars for line in lines if line.what in (DELIVERY, STORAGE))


DELIVERY, STORAGE = "AWS delivers the flow logs", "AWS stores them"


def through_cloudwatch(volume: Volume, given: Measured, plan: Plan | None = None) -> list[Line]:
    """The lines of flow logs to CloudWatch Logs, with a function that is subscribed to them."""
    plan, form = plan or Plan(), given.extended_format
    number, sample = taken(volume, given, plan)
    stored = volume.records(form) * (form.gzip_bytes + STORED_METADATA) / BYTES_IN_GB * plan.log_days / DAYS_A_MONTH
    return [
        _line(DELIVERY, logs.TO_LOGS, volume.gigabytes, plan),
        _line(STORAGE, logs.STORED, stored, plan),
        *(_of_stream(volume, given, plan) if plan.kinesis else ()),
        *_of_function(number, sample, plan, plan.stream_memory_mb),
    ]


def through_s3(volume: Volume, given: Measured, plan: Plan | None = None) -> list[Line]:
    """The lines of flow logs to S3, whose events a function reads from a queue."""
    plan, form = plan or Plan(), given.extended_format
    objects, sample = volume.objects(form), volume.object(given)
    stored = volume.records(form) * form.gzip_bytes / BYTES_IN_GB * plan.log_days / DAYS_A_MONTH
    return [
        _line(DELIVERY, logs.TO_S3, volume.gigabytes, plan),
        _line(STORAGE, services.S3_STORAGE, stored, plan),
        _line("AWS's PUTs of their files", services.S3_PUTS, objects, plan),
        _line("queue of object events", services.SQS_REQUESTS, objects * SQS_REQUESTS_OF_AN_OBJECT, plan),
        *_of_function(objects, sample, plan, plan.object_memory_mb),
    ]


def taken(volume: Volume, given: Measured, plan: Plan) -> tuple[float, Sample]:
    """How often the function runs in a month on payloads, or on batches of them, and the mean run."""
    payloads, sample = volume.payloads(given.extended_format), volume.payload(given)
    if not plan.kinesis:
        return payloads, sample
    number = batches(payloads, sample, shards_for(volume, given, plan), plan)
    return number, of_size(given.payload_batches, volume.records(given.extended_format) / number)


def shards_for(volume: Volume, given: Measured, plan: Plan) -> int:
    """The shards of the plan, or those that the volume needs if they are more; of a stream on demand, none."""
    payloads, sample = volume.payloads(given.extended_format), volume.payload(given)
    a_second = max(payloads * sample.source_bytes / SHARD_BYTES, payloads / SHARD_PAYLOADS) / (MINUTES * 60)
    return max(plan.shards, math.ceil(a_second * UNEVEN)) if plan.shards else 0


def batches(payloads: float, sample: Sample, shards: int, plan: Plan) -> float:
    """Batches of so many payloads: one for each shard and window, or more where a batch is full."""
    windows = MINUTES * 60 / plan.window_seconds * (shards or ON_DEMAND_SHARDS)
    most = min(plan.batch_payloads, EVENT_BYTES / (sample.source_bytes * 4 / 3 + ENVELOPE_BYTES))
    return payloads / max(1.0, min(payloads / windows, most))


def _of_stream(volume: Volume, given: Measured, plan: Plan) -> Iterator[Line]:
    """A stream with shards: their hours, and what is written in units of 25 KB; on demand: its hours, and what is
    written in whole KB, and read.
    """
    payloads, hours = volume.payloads(given.extended_format), 24 * DAYS_A_MONTH
    kilobytes = math.ceil(volume.payload(given).source_bytes / 1_024)
    if shards := shards_for(volume, given, plan):
        yield _line("Kinesis: the stream", services.KINESIS_SHARD_HOURS, hours * shards, plan)
        yield _line("Kinesis: written", services.KINESIS_PUTS, payloads * math.ceil(kilobytes / PUT_KILOBYTES), plan)
        return
    yield _line("Kinesis: the stream", services.KINESIS_STREAM_HOURS, hours, plan)
    yield _line("Kinesis: written", services.KINESIS_GB_IN, payloads * kilobytes / 2**20, plan)
    yield _line("Kinesis: read", services.KINESIS_GB_OUT, payloads * kilobytes / 2**20, plan)


def _of_function(number: float, sample: Sample, plan: Plan, memory_mb: int) -> Iterator[Line]:
    """What this many sources cost in a function: time, storage, evidence, log lines, and other calls."""
    seconds = billed_seconds(sample, memory_mb)
    gb_seconds = number * seconds * memory_mb / MB_OF_GB
    yield replace(
        _line("function: time", services.LAMBDA_ARM64, gb_seconds, plan),
        arithmetic=f"{number:,.0f} of {seconds * 1e3:,.0f} ms with {memory_mb:,} MB",
    )
    yield _line("function: invocations", services.LAMBDA_REQUESTS, number, plan)
    yield _line("enriched records: PUTs", services.S3_PUTS, number * sample.calls.get("s3:PutObject", 0), plan)
    kept = number * sample.enriched_bytes / BYTES_IN_GB * plan.enriched_days / DAYS_A_MONTH
    yield _line("enriched records: storage", services.S3_STORAGE, kept, plan)
    yield _line("tables: writes", services.DYNAMODB_WRITES, number * sample.write_units, plan)
    yield _line("tables: reads", services.DYNAMODB_READS, number * sample.read_units, plan)
    written = number * (sample.log_bytes + PLATFORM_LOG_BYTES) / BYTES_IN_GB
    yield _line("function: its log", logs.INGESTED, written, plan)
    yield _line("reads of S3", services.S3_GETS, number * sample.calls.get("s3:GetObject", 0), plan)


def billed_seconds(sample: Sample, memory_mb: int) -> float:
    """The billed duration of one source: processor time on the share of a vCPU, and waiting for AWS.

    More memory than one vCPU does not make a source faster: most of its work is one thread.
    """
    share = min(1.0, memory_mb / VCPU_MB)
    waits = sum(_wait(name, count) for name, count in sample.calls.items())
    return sample.milliseconds / 1e3 / share + waits


def _wait(name: str, count: float) -> float:
    in_a_row = count / min(AT_ONCE, max(1.0, count)) if name == UPDATE else count
    return in_a_row * WAITS[name.partition(":")[0]]


def _line(what: str, meter: Meter, units: float, plan: Plan) -> Line:
    quote = meter.quote(plan.region)
    return Line(what, quote.dollars(units), f"{_number(units)} {meter.unit} from {_price(quote.usd)}")


def _number(units: float) -> str:
    return f"{units:,.0f}" if units >= 100 else f"{units:,.2f}"  # noqa: PLR2004 - a sum of three digits needs no cents


def _price(usd: float) -> str:
    return f"${usd:g}" if usd >= 0.001 else f"${usd * 1e6:g} a million"  # noqa: PLR2004 - prices of single requests
