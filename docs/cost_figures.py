"""The last parts of cost.md: what was measured, and the prices."""
# ruff: noqa: INP001 - a script beside the page it writes; only docs/cost_reference.py imports it

from collections.abc import Iterator

from docs.markdown import table
from local.cost.lines import VCPU_MB, WAITS, Plan, billed_seconds
from local.cost.load import HEADER as LOAD_HEADER
from local.cost.load import MOST_SLOPE, Loads
from local.cost.measured import Measured, Sample
from stacks.prices import logs, services
from stacks.prices.meter import BYTES_IN_GB, DEFAULT_REGION, Meter

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2")
METERS = (
    *(logs.TO_LOGS, logs.TO_S3, logs.TO_FIREHOSE, logs.TO_PARQUET, logs.INGESTED, logs.STORED, logs.QUERIED),
    *(services.LAMBDA_ARM64, services.LAMBDA_X86_64, services.LAMBDA_REQUESTS),
    *(services.S3_PUTS, services.S3_GETS, services.S3_STORAGE, services.SQS_REQUESTS),
    *(services.KINESIS_STREAM_HOURS, services.KINESIS_GB_IN, services.KINESIS_GB_OUT),
    *(services.KINESIS_SHARD_HOURS, services.KINESIS_PUTS),
    *(services.DYNAMODB_WRITES, services.DYNAMODB_READS, services.DYNAMODB_STORAGE),
    *(services.SNS_PUBLISHED, services.SNS_EMAILS, services.EVENTS),
    *(services.METRICS, services.ALARMS, services.COMPOSITE_ALARMS, services.DASHBOARDS),
    *(services.CONTRIBUTOR_RULES, services.CONTRIBUTOR_EVENTS, services.ATHENA_SCANNED),
    *(services.KMS_KEYS, services.KMS_REQUESTS, services.TRACES),
)
ABOUT_MEASURED = """\
`{command}` on {day}, on one processor of {processor}: the handlers of both functions with AWS in memory, an inventory,
and the traffic of [benchmarks/made_traffic.py](../benchmarks/made_traffic.py), of which 4 % are probes from the
Internet, and a third of the connections have an outside end. Processor time is without that of AWS in memory. Billed
are that time on the share of a vCPU that the function's memory has (memory / {vcpu:,} MB), and {waits} of waiting for
each call, updates of a table eight at once. The waits are assumed, as no account was asked; the `REPORT` lines of your
functions have the true durations. Cold starts are not counted: some seconds for each execution environment, a few times
a day."""
ABOUT_TABLES = """\
The units of tables (DynamoDB) are those of this traffic, where every client from outside is looked up, and every one
that knocks is recorded. VPCs without public addresses have few of either; where half of the records are of strangers,
they cost $0.35 a million records ([decision 27](decisions/0027-evidence-is-added-where-there-is-room.md))."""
ABOUT_PRICES = """\
Dollars for a unit, by Region, in the tiers of a month; `/ M` is for a million. An asterisk marks a price that was not
found on a page or in a price list of AWS: it is that of {default}, or for delivery to S3 half of that to CloudWatch
Logs."""
ABOUT_LOAD = """\
`make load` on {day}: an hour of interfaces with {rate} records a minute each, all of one VPC, with the functions on AWS
in memory. A part of the hour is processed, after as much that warms up; the rest is alike. Records a second are those
of one vCPU; calls are for a thousand records, GB-seconds for a million. A queue is that of the objects of five minutes,
or of the payloads of a minute, as if all came at once. Dollars of a TB are without what AWS charges for the flow logs,
those of 100 interfaces a month have all lines. The last columns compare a record with one of 100 interfaces: time,
calls and dollars must take at most {most:g} times as much."""
HEADER = ("ms of processor", "ms billed", "calls", "bytes", "of its log", "enriched", "write units", "read units")


def measured_part(given: Measured, plan: Plan) -> Iterator[str]:
    """What was measured, by size of the source."""
    waits = ", ".join(f"{seconds * 1e3:.0f} ms ({name})" for name, seconds in WAITS.items())
    yield text(
        ABOUT_MEASURED,
        command=given.command,
        day=given.measured_on,
        processor=given.processor,
        vcpu=VCPU_MB,
        waits=waits,
    )
    yield from ("", *_sizes(given), "", ABOUT_TABLES, "")
    for title, samples, memory in (
        ("a payload", given.payloads, plan.stream_memory_mb),
        ("a batch of Kinesis", given.payload_batches, plan.stream_memory_mb),
        ("an object", given.objects, plan.object_memory_mb),
        ("an object in the default format", (given.object_in_default_format,), plan.object_memory_mb),
    ):
        yield from table((f"records in {title}", *HEADER), (_row_of_sample(each, memory) for each in samples))
        yield ""
    small, large = given.objects[-2:]
    seconds = (large.milliseconds - small.milliseconds) / (large.records - small.records) * 1e3
    yield f"A million records more in objects take {seconds:.1f} s of processor time more."


def _sizes(given: Measured) -> Iterator[str]:
    rows = (
        (
            f"{form.fields} fields",
            f"{form.text_bytes:.0f}",
            f"{form.gzip_bytes:.0f}",
            f"{BYTES_IN_GB / form.text_bytes / 1e6:.1f} million",
        )
        for form in (given.default_format, given.extended_format)
    )
    return table(("a record", "bytes of text", "bytes in gzip", "records in a GB"), rows)


def _row_of_sample(sample: Sample, memory_mb: int) -> tuple[str, ...]:
    return (
        f"{sample.records:,.0f}",
        f"{sample.milliseconds:,.0f}",
        f"{billed_seconds(sample, memory_mb) * 1e3:,.0f}",
        f"{sum(sample.calls.values()):,.1f}",
        *(f"{each:,.0f}" for each in (sample.source_bytes, sample.log_bytes, sample.enriched_bytes)),
        *(f"{each:,.1f}" for each in (sample.write_units, sample.read_units)),
    )


def load_part(given: Measured, found: Loads, plan: Plan) -> Iterator[str]:
    """What an hour of few and of many interfaces takes."""
    yield text(ABOUT_LOAD, day=found.measured_on, rate=found.records_a_minute, most=MOST_SLOPE)
    yield ""
    yield from table(LOAD_HEADER, found.rows(given, plan))


def prices_part() -> Iterator[str]:
    """The list prices of all services, by Region."""
    yield from (text(ABOUT_PRICES, default=DEFAULT_REGION), "")
    yield from table(("", "unit", *REGIONS), map(_row_of_meter, METERS))
    yield from ("", "AWS's pages:", "")
    yield from (f"- <{page}>" for page in dict.fromkeys(meter.page for meter in METERS))


def _row_of_meter(meter: Meter) -> tuple[str, ...]:
    return meter.what, meter.unit, *(_quoted(meter, region) for region in REGIONS)


def _quoted(meter: Meter, region: str) -> str:
    quote = meter.quote(region)
    tiers = ", ".join(_exact(tier.usd) for tier in quote.tiers)
    return tiers if quote.is_verified else f"{tiers} *"


def _exact(usd: float) -> str:
    return f"{usd:g}" if usd >= 0.001 else f"{usd * 1e6:g} / M"  # noqa: PLR2004 - prices of single requests


def text(template: str, **values: object) -> str:
    """A paragraph in lines of at most 120 letters."""
    lines, width = [""], 120
    for word in template.format(**values).split():
        longer = f"{lines[-1]} {word}".strip()
        lines[-1:] = [longer] if len(longer) <= width else [lines[-1], word]
    return "\n".join(lines)
