"""Settings for operation: runtime and size of the functions, how long data is kept, and the freshness alarm."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from stacks.settings.values import LogRetentionDays, Section


def _as_version(value: Any) -> Any:
    """The version that JSON reads as a number: 3.14 is "3.14"."""
    return str(value) if isinstance(value, float) else value


PythonVersion = Annotated[Literal["3.11", "3.12", "3.13", "3.14"], BeforeValidator(_as_version)]


class StreamProcessor(Section):
    """The function that reads payloads of CloudWatch Logs."""

    memory_mb: int = Field(default=1024, ge=512, le=10_240)
    """Memory in MB."""
    timeout_seconds: int = Field(default=60, ge=10, le=60)
    """Timeout of an invocation."""
    reserved_concurrency: int | None = Field(default=None, ge=1, le=1000)
    """Reserved concurrent executions; without it the function uses the unreserved concurrency of the account."""


class ObjectProcessor(Section):
    """The function that reads objects in S3."""

    memory_mb: int = Field(default=1769, ge=512, le=10_240)
    """Memory in MB. 1769 MB is one whole vCPU."""
    timeout_seconds: int = Field(default=300, ge=30, le=900)
    """Timeout of an invocation."""
    max_concurrency: int = Field(default=10, ge=2, le=1000)
    """Objects that are processed at the same time. More: faster after an outage, and more of the account's
    concurrency."""


class OperationSettings(Section):
    """Runtime and size of the functions, how long data is kept, and when missing records raise an alarm."""

    freshness_minutes: int = Field(default=30, ge=10, le=1440)
    """An alarm is raised if no new record was read, or an object event waited, for this many minutes. Flow logs arrive
    5 to 15 minutes late: below 20 there are false alarms."""
    log_retention_days: LogRetentionDays = 30
    """Flow logs are kept for this many days, in log groups and in the bucket."""
    function_log_retention_days: LogRetentionDays = 30
    """The logs of the functions are kept for this many days."""
    enriched_retention_days: int = Field(default=90, ge=1, le=3650)
    """Enriched records are kept as Parquet for this many days."""
    rejected_retention_days: int = Field(default=30, ge=1, le=3650)
    """Samples of lines that could not be parsed are kept for this many days."""
    python: PythonVersion = "3.14"
    """Python version of the functions. The dependencies layer is built for it."""
    architecture: Literal["arm64", "x86_64"] = "arm64"
    """Processor architecture of the functions."""
    tracing: bool = False
    """`true` records each invocation with X-Ray: $5 for a million traces, beyond 100,000 a month. X-Ray records one
    invocation a second and 5 % of the others, so a hundred network interfaces cost about a dollar a month."""
    stream_processor: StreamProcessor = StreamProcessor()
    """Size of the [stream processor](#the-functions)."""
    object_processor: ObjectProcessor = ObjectProcessor()
    """Size of the [object processor](#the-functions)."""
