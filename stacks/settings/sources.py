"""A source: VPCs that the app creates flow logs for."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from flowsentry.records.fields import FIELDS
from stacks.settings.values import LogFormat, Section, VpcId, repeated

CLOUDWATCH, S3 = "cloudwatch", "s3"
PLAIN_TEXT, PARQUET = "plain-text", "parquet"
LATEST_VERSION = 5
FULL_LOG_FORMAT = " ".join(f"${{{field.name}}}" for field in FIELDS if field.version <= LATEST_VERSION)
"""Without tcp-flags (version 3) the client of a connection is a guess; without pkt-srcaddr (3) NAT hides the endpoints.
"""

SourceName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{0,39}$",
        title="at most 40 lowercase letters, digits and hyphens, a letter first",
    ),
]


class Source(Section):
    """VPCs whose flow logs have the same destination and format."""

    vpc_ids: tuple[VpcId, ...] = Field(min_length=1)
    """The IDs of the VPCs."""
    destination: Literal["cloudwatch", "s3"]
    """`cloudwatch`: records can be searched at once, findings take about five minutes, $0.50 a GB, up to about 500
    network interfaces (more: `kinesis`). `s3`: half the price, findings take about ten minutes, any size."""
    name: SourceName = ""
    """Identifies the source; without it the first VPC ID does. Set it if the first VPC may change: another name is
    another log group."""
    log_format: LogFormat = FULL_LOG_FORMAT
    """Fields of the records: by default the 29 fields of versions 2 to 5; `default` means the 14 fields of version 2;
    otherwise fields as EC2 takes them. Without `${tcp-flags}` the client of a connection is a guess; without
    `${pkt-srcaddr}` and `${pkt-dstaddr}` NAT hides the endpoints. [Every field](fields.md) is accepted. Newer fields
    are not in the default: AWS bills them by the byte, no finding needs them, and a changed default would replace every
    flow log."""
    draining_log_formats: tuple[LogFormat, ...] = ()
    """Formats that this source had before, with destination `cloudwatch`: their log groups stay subscribed."""
    traffic_type: Literal["ALL", "ACCEPT", "REJECT"] = "ALL"
    """`ACCEPT` and `REJECT` record one half of the traffic; scans are judged by both."""
    max_aggregation_seconds: Literal[60, 600] = 60
    """The interval that a record covers. 600 makes fewer records and later alerts."""
    file_format: Literal["plain-text", "parquet"] = "plain-text"
    """Format of files in S3; `parquet` needs destination `s3`. Findings are the same. Parquet costs about $0.03 a GB
    for the conversion. If you query the files yourself, they take [a fifth less space, and queries are 10 to 100 times
    faster](https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html), because Athena reads only the
    columns it needs. Below 100 KB an interval, Parquet takes more space than text. Enriched records are always
    Parquet."""
    hive_partitions: bool = False
    """S3 keys with `aws-account-id=…/year=…`, which Athena and Glue use as partitions."""
    hourly_partitions: bool = False
    """S3 keys by hour instead of by day."""
    kinesis: bool = False
    """For destination `cloudwatch` with more than about 500 network interfaces: payloads go through a Kinesis data
    stream, which the function reads in batches. All sources with this setting share one on-demand stream, from about
    $30 a month."""
    draining_kinesis: bool = False
    """This source had `kinesis` before: the stream is kept and read, although nothing writes to it."""

    @property
    def id(self) -> str:
        """Identifies this source, whatever the order of the sources: its name, or its first VPC ID."""
        return self.name or self.vpc_ids[0]

    @property
    def log_groups(self) -> dict[str, str]:
        """{id of a log group: log format}: the log group that is written to, and those that only drain."""
        current = {self.log_group_id: self.log_format} if self.destination == CLOUDWATCH else {}
        return current | {f"{self.id}-{_digest(form)}": form for form in self.draining_log_formats}

    @property
    def log_group_id(self) -> str:
        """The id of its log group, if it has one: another format is another log group."""
        return f"{self.id}-{_digest(self.log_format)}"

    def broken_rules(self) -> Iterator[str]:
        """Settings that need another destination."""
        if self.destination == CLOUDWATCH and (self.hive_partitions or self.hourly_partitions):
            yield f'hive_partitions and hourly_partitions need destination "{S3}"; destination is "{CLOUDWATCH}"'
        if self.destination == CLOUDWATCH and self.file_format != PLAIN_TEXT:
            yield f'file_format is "{self.file_format}" and needs destination "{S3}"; destination is "{CLOUDWATCH}"'
        if self.destination != CLOUDWATCH and self.kinesis:
            yield f'kinesis is true and needs destination "{CLOUDWATCH}"; destination is "{self.destination}"'


def _digest(form: str) -> str:
    return hashlib.blake2b(form.encode(), digest_size=4).hexdigest()


def broken_rules_between_sources(sources: Sequence[Source]) -> Iterator[str]:
    """VPCs and names that several sources have: a VPC logged twice would be counted twice."""
    vpcs = repeated(vpc_id for source in sources for vpc_id in source.vpc_ids)
    yield from (f"{vpc_id} is named {times} times; allowed: once" for vpc_id, times in vpcs.items())
    ids = repeated(source.id for source in sources)
    yield from (f"name {id_!r} is given {times} times; allowed: once" for id_, times in ids.items())
