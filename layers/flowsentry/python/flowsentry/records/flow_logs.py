"""Flow logs as EC2 describes them, which of them a deployment reads, and what is known of their records."""

import re
from collections.abc import Collection, Iterable

from flowsentry.value import Value

ALL_TRAFFIC = "ALL"
AWS_PREFIX = "AWSLogs/"
"""What AWS appends to the prefix of a flow log's destination in S3."""
_STREAM = re.compile(r"(?P<resource>(?:eni|tgw-attach|nat)-[0-9a-z]+)(?:-(?P<traffic>all|accept|reject))?")


class FlowLog(Value, frozen=True):
    """A flow log. `resource_id` is the VPC, subnet, network interface, transit gateway or attachment that it records;
    `destination` is the name of a log group, the address of a bucket and prefix (`s3://bucket/prefix/`), or another
    ARN. `created_at` is a Unix second, `name` its Name tag. `delivery_error` is AWS's reason for which records can't be
    delivered, empty without one.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html
    """

    flow_log_id: str
    resource_id: str
    destination: str
    created_at: int
    traffic_type: str = ALL_TRAFFIC
    name: str = ""
    delivery_error: str = ""

    @property
    def has_all_traffic(self) -> bool:
        return self.traffic_type == ALL_TRAFFIC


class Activity(Value, frozen=True):
    """The records of a flow log in some hours: when the newest were processed (Unix s), how many there were (NODATA
    records too), and how many AWS skipped (SKIPDATA).
    """

    seen_at: int
    records: int = 0
    skipped: int = 0

    def __add__(self, other: "Activity") -> "Activity":
        return Activity(max(self.seen_at, other.seen_at), self.records + other.records, self.skipped + other.skipped)

    @property
    def skipped_percent(self) -> float:
        """The share of SKIPDATA records among all records."""
        return 100 * self.skipped / (self.records + self.skipped) if self.skipped else 0.0


class LogStream(Value, frozen=True):
    """A log stream of a log group: the records of one network interface or attachment."""

    log_group: str
    name: str

    @property
    def resource_id(self) -> str:
        """The interface, attachment or gateway that its name states; empty for a name that AWS does not give."""
        named = _STREAM.match(self.name)
        return named["resource"] if named else ""

    def may_be_of(self, flow_log: FlowLog, resource_ids: Collection[str]) -> bool:
        """Whether the flow log writes to this log stream, which records these resources: an interface, its subnet and
        its VPC. Several flow logs of one resource to one log group are distinguished by their traffic types.
        """
        named = _STREAM.fullmatch(self.name)
        traffic = named["traffic"] if named else None
        is_its_traffic = traffic is None or traffic.upper() == flow_log.traffic_type
        return flow_log.destination == self.log_group and is_its_traffic and flow_log.resource_id in resource_ids


class FlowLogHealth(Value, frozen=True):
    """What is known of a flow log: the activity in its newest hours with records, None without any; since when (Unix s)
    its resource has had something to record, None if nothing runs in it or nobody asked.
    """

    flow_log: FlowLog
    activity: Activity | None = None
    running_since: float | None = None

    @property
    def seen_at(self) -> int:
        """When its newest records were processed; before the first ones, when it was created (Unix s)."""
        return self.activity.seen_at if self.activity else self.flow_log.created_at


class Coverage(Value, frozen=True):
    """What a deployment reads: `destinations` are names of log groups and addresses of buckets or prefixes in them;
    `resources` are those of its own flow logs.
    """

    destinations: frozenset[str] = frozenset()
    resources: tuple[str, ...] = ()

    def includes(self, flow_log: FlowLog) -> bool:
        """Whether it reads the records of the flow log. The prefix that it reads may be shorter than that of the flow
        log, or longer by a part of what AWS appends, `AWSLogs/<account>/…`.

        https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
        """
        return any(_is_read(flow_log.destination, each) for each in self.destinations)

    @property
    def elsewhere(self) -> "Coverage":
        """What it reads of flow logs in other accounts and Regions: those to buckets. A flow log writes to a log group
        of its own account and Region, which may have the name of one that is read here.
        """
        return Coverage(frozenset(each for each in self.destinations if each.startswith("s3://")))

    def missing(self, flow_logs: Iterable[FlowLog]) -> list[str]:
        """The resources of the deployment that have no flow log."""
        recorded = {each.resource_id for each in flow_logs if self.includes(each)}
        return [each for each in self.resources if each not in recorded]


def _is_read(destination: str, read: str) -> bool:
    """Whether records at this destination of a flow log are, partly, in what is read."""
    if not read.startswith("s3://"):
        return destination == read
    appended = read.removeprefix(destination)
    is_part = read.startswith(destination) and (appended.startswith(AWS_PREFIX) or AWS_PREFIX.startswith(appended))
    return destination.startswith(read) or is_part


def destination_of(log_destination: str, log_group_name: str) -> str:
    """The destination of a flow log as `FlowLog` states it, from the two fields of EC2's answer.

    `arn:aws:s3:::bucket/prefix` becomes `s3://bucket/prefix/`.
    """
    if log_group_name:
        return log_group_name
    service, _, resource = log_destination.partition(":::")
    if resource and service.endswith(":s3"):
        return f"s3://{resource.rstrip('/')}/"
    named = re.fullmatch(r"arn:[^:]+:logs:[^:]*:[^:]*:log-group:(?P<name>[^:]+)(?::\*)?", log_destination)
    return named["name"] if named else log_destination
