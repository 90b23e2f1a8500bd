"""Settings for operation: runtime and size of the functions, how long data is kept, the freshness alarm; and for the
rules of an organization: encryption, permissions boundary, path of roles, and tags.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from stacks.settings.logged.payload_stream import PayloadStream
from stacks.settings.values import NAMED_ONCE, KmsKeyArn, LogRetentionDays, RolePath, Section, Tags


def _as_version(value: Any) -> Any:
    """The version that JSON reads as a number: 3.14 is "3.14"."""
    return str(value) if isinstance(value, float) else value


PythonVersion = Annotated[Literal["3.11", "3.12", "3.13", "3.14"], BeforeValidator(_as_version)]
SnapStarted = Literal["stream_processor", "object_processor", "notifier"]
OLDEST_WITH_SNAP_START = (3, 12)
"""https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html#snapstart-runtimes"""
DashboardName = Literal["traffic", "traffic-bill", "threats", "pipeline"]
BoundaryArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]{1,640}$",
        title="the ARN of a managed policy",
        examples=["arn:aws:iam::123456789012:policy/boundary"],
    ),
]

USUAL_CONCURRENCY, LEAST_CONCURRENCY = 1_000, 10
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 1,000 by default, less in new accounts."""
AMPLE_CONCURRENCY = 200
"""From here on all batches of `fitted` have their highest number."""
LEAST_UNRESERVED = 100
"""Executions that must stay unreserved, or all of an account that has fewer.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""
FINDINGS_BATCHES = 4
"""Concurrent batches of a shard of the findings table: one that hangs blocks a quarter of the shard's findings. Higher:
more invocations compete for the slots of the rate limit. Lower: a flood takes longer to process."""
LEAST_OBJECTS = 2
"""The lowest MaximumConcurrency of a queue.
https://docs.aws.amazon.com/lambda/latest/api/API_ScalingConfig.html"""


def most_reserved(concurrency: int) -> int:
    """The most executions that can be reserved, of those that the account allows."""
    return max(0, concurrency - LEAST_UNRESERVED)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What runs at once at most: objects, batches of a shard of findings, and batches of a shard of payloads."""

    objects: int
    findings_batches: int
    payload_batches: int


def fitted(concurrency: int, max_objects: int, payload_batches: int = 1) -> Fitted:
    """What may run at once in an account with this many concurrent executions.

    At 10 executions: three objects, one batch of findings and one batch of each shard of payloads, so that the
    inventory, the sweep and payloads of log groups are not starved. From AMPLE_CONCURRENCY on only objects are limited:
    to three tenths of the executions.
    """
    return Fitted(
        objects=max(LEAST_OBJECTS, min(max_objects, concurrency * 3 // 10)),
        findings_batches=max(1, min(FINDINGS_BATCHES, concurrency // 10)),
        payload_batches=max(1, min(payload_batches, concurrency // 20)),
    )


class StreamProcessor(Section):
    """The function that reads payloads of CloudWatch Logs."""

    memory_mb: int = Field(default=1024, ge=512, le=10_240)
    """Memory in MB. Higher: a payload takes less time, and costs more, since the function mostly waits for AWS (1769:
    24 % less time, 30 % more). Lower: cheaper and slower (512: 58 % more time, 21 % cheaper). See
    [decision 52](decisions/0052-memory-and-start-of-the-functions.md)."""
    timeout_seconds: int = Field(default=60, ge=30, le=60)
    """Timeout of an invocation. Lower: less of a batch is processed before its rest returns in the next."""
    reserved_concurrency: int | None = Field(default=None, ge=1, le=1000)
    """Reserved concurrent executions; without it the function uses the unreserved concurrency of the account."""


class ObjectProcessor(Section):
    """The function that reads objects in S3."""

    memory_mb: int = Field(default=1769, ge=512, le=10_240)
    """Memory in MB. 1769 MB is one whole vCPU, with which a large object takes the least time at a given price. Higher:
    dearer, and from 3538 on faster for large objects. Lower: slower and hardly cheaper, and below 1024 an object of 75
    MB may not fit. See [decision 52](decisions/0052-memory-and-start-of-the-functions.md)."""
    timeout_seconds: int = Field(default=300, ge=30, le=900)
    """Timeout of an invocation."""
    max_concurrency: int = Field(default=10, ge=2, le=1000)
    """Objects that are processed at the same time, at most three tenths of `lambda_concurrency`. More: faster after an
    outage, and more of the account's concurrency."""


class OperationSettings(Section):
    """Runtime and size of the functions, how long data is kept, and when missing records raise an alarm."""

    freshness_minutes: int = Field(default=30, ge=10, le=1440)
    """An alarm is raised if no new record was read, or an object event waited, for this many minutes. Flow logs arrive
    5 to 15 minutes late: below 20 there are false alarms."""
    log_retention_days: LogRetentionDays = 30
    """Flow logs are kept for this many days, in log groups and in the bucket."""
    function_log_retention_days: LogRetentionDays = 30
    """The logs of the functions are kept for this many days."""
    top_talkers: int = Field(default=5, ge=0, le=25)
    """Conversations, rejected sources and rejected targets that a log line of the functions names for each payload or
    object, ten times as many for one with over 10,000 records; the tables of the dashboard Traffic are queries over
    these lines. Each has 80 to 250 bytes: at 5, a payload's line has about 1 KB, $0.50 for a million payloads. Higher:
    more of the traffic is named. 0: no line, and empty tables. See [dashboards](dashboards.md)."""
    dashboards: Annotated[tuple[DashboardName, ...], NAMED_ONCE] = get_args(DashboardName)
    """The dashboards to create; [each](dashboards.md) is named `<name>-<dashboard>`. $3 a month each, of which the
    first three of an account are free. One that is left out is deleted; metrics, log lines and alarms stay."""
    enriched_retention_days: int = Field(default=90, ge=1, le=3650)
    """Enriched records are kept as Parquet for this many days."""
    rule_usage_days: int = Field(default=30, ge=0, le=3650)
    """What each rule of security groups and network ACLs carried is written once a day, and kept for this many days:
    the query `unused-rules` asks for the rules that carried nothing in all of them. Higher: rules that are used once a
    quarter are seen. Lower: fewer objects. `0`: no function reads the enriched records again, which costs about $0.60
    for a million objects and $0.20 for a billion records. See [rule usage](rule-usage.md)."""
    rejected_retention_days: int = Field(default=30, ge=1, le=3650)
    """Samples of lines that could not be parsed are kept for this many days."""
    query_scan_limit_gb: int = Field(default=200, ge=1, le=100_000)
    """Data in GB that one query in the Athena workgroup may scan; Athena cancels a query that scans more, and charges
    what it scanned, about $1 for 200 GB. Higher: a query without days costs more before it is canceled. Lower: a month
    of a busy network can't be queried at once."""
    lambda_concurrency: int = Field(default=USUAL_CONCURRENCY, ge=LEAST_CONCURRENCY, le=100_000)
    """Concurrent executions of all functions that the account allows in this Region; `flowsentry doctor` asks it. New
    accounts have 10. Below 200, less is processed at once: at 10 three objects, and one batch of findings and of each
    shard of a data stream. Findings are the same, and after an outage they come later. Lower: more room for other
    functions of the account. Higher than what the account allows: executions are throttled and retried."""
    python: PythonVersion = "3.14"
    """Python version of the functions. The dependencies layer is built for it."""
    architecture: Literal["arm64", "x86_64"] = "arm64"
    """Processor architecture of the functions."""
    snap_start: Annotated[tuple[SnapStarted, ...], NAMED_ONCE] = ()
    """Functions that start from a snapshot of their initialized state, in some 0.2 s instead of 0.5 s. Events go to the
    alias `live` of a published version; a deploy waits some minutes for its snapshot. Each costs $4 a month and GB of
    its memory, and $0.14 for a thousand starts of 1 GB, ten times what the starts cost without. Half a second is little
    for records that are minutes old: the notifier gains most, whose alerts people wait for. Needs Python 3.12 or newer.
    Empty: no snapshot and no alias. See [decision 52](decisions/0052-memory-and-start-of-the-functions.md)."""
    tracing: bool = False
    """`true` records each invocation with X-Ray: $5 for a million traces, beyond 100,000 a month. X-Ray records one
    invocation a second and 5 % of the others, so a hundred network interfaces cost about a dollar a month."""
    stream_processor: StreamProcessor = StreamProcessor()
    """Size of the [stream processor](#the-functions)."""
    object_processor: ObjectProcessor = ObjectProcessor()
    """Size of the [object processor](#the-functions)."""
    payload_stream: PayloadStream = PayloadStream()
    """Capacity and batches of the [data stream](#the-data-stream), for sources with `kinesis`."""

    @property
    def at_once(self) -> Fitted:
        """What runs at once at most."""
        stream = self.payload_stream
        return fitted(self.lambda_concurrency, self.object_processor.max_concurrency, stream.batches_at_once)

    def broken_rules(self) -> Iterator[str]:
        """A reservation that the account can't make, and snapshots of a Python that has none."""
        yield from super().broken_rules()
        if self.snap_start and tuple(map(int, self.python.split("."))) < OLDEST_WITH_SNAP_START:
            yield f"snap_start is given and python is {self.python}; allowed: 3.12 or newer, or no snap_start"
        reserved, most = self.stream_processor.reserved_concurrency, most_reserved(self.lambda_concurrency)
        if reserved and reserved > most:
            yield (
                f"stream_processor.reserved_concurrency is {reserved}; allowed: at most {most}, because "
                f"lambda_concurrency is {self.lambda_concurrency} and Lambda keeps {LEAST_UNRESERVED} unreserved"
            )


class GuardRailSettings(Section):
    """How the app keeps to the rules of an organization."""

    customer_key: bool = False
    """`true` creates a KMS key that encrypts log groups, buckets, tables, queues, topics, the Kinesis data stream and
    the environment of the functions: without the key, nobody can read them. About $1 a month, and $0.03 for 10,000
    requests: a few dollars a month for a hundred network interfaces. `false`: keys of AWS encrypt everything except the
    topics, which have a key of their own. See [encryption](#encryption)."""
    kms_key_arn: KmsKeyArn = ""
    """As `customer_key`, with a key of yours in the Region of the app, whose policy must admit the services: see
    [encryption](#encryption)."""
    former_kms_key_arns: Annotated[tuple[KmsKeyArn, ...], NAMED_ONCE] = Field(default=(), max_length=20)
    """Keys that encrypted something before `customer_key`, `kms_key_arn` or that of a source changed: the functions may
    still decrypt with them. Left out: queued messages, payloads, objects, suppressions and the inventory that such a
    key encrypts can't be read any more. See [another key](#another-key)."""
    permissions_boundary: BoundaryArn = ""
    """The managed policy that is the permissions boundary of all roles of the app. It must allow what the roles need:
    an action that it leaves out fails when a function uses it."""
    role_path: RolePath = "/"
    """The path of all roles of the app, for policies that allow roles of a path only. Their names, like those of all
    other resources, begin with `name`. Another path makes other roles: flow logs to CloudWatch Logs name their role,
    so they and their log groups are made anew ([changing a source](#changing-a-source))."""
    tags: Tags = Field(default_factory=dict)
    """Tags of all resources that can have tags, beside `application`, which is `name`, and `Name`:
    `{"cost-center": "4711"}`. At most 40."""

    @property
    def path_of_roles(self) -> str | None:
        """The path; None for the default: CloudFormation replaces a role to whose template a path is added."""
        return None if self.role_path == "/" else self.role_path

    @property
    def has_customer_key(self) -> bool:
        """Whether a customer managed key encrypts the resources."""
        return self.customer_key or bool(self.kms_key_arn)

    def broken_rules(self) -> Iterator[str]:
        """Two keys."""
        yield from super().broken_rules()
        if self.customer_key and self.kms_key_arn:
            yield "customer_key is true and kms_key_arn is given; allowed: one of them"
