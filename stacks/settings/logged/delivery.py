"""What a flow log is: the resource that it records, and how and where it delivers."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields

from stacks.settings.logged.resources import ResourceType, resource_type

CLOUDWATCH, S3 = "cloudwatch", "s3"
LOG_PREFIX = "flow-logs/"
"""What the keys of delivered flow logs begin with; the id of the delivery follows."""
AWS_PREFIX = "AWSLogs/"
"""What AWS appends to the prefix of a flow log's destination."""
GATEWAY_SECONDS = 60
"""The only aggregation interval of transit gateways.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html"""


@dataclass(frozen=True)
class Delivery:
    """Everything that can't be changed of a flow log, beside its resource: a change of any of it makes another one.

    Flow logs of the same delivery share a log group, or a key prefix of the log bucket, and those of another one never
    do. So a flow log that replaces another has another destination, and can be created while the other still exists:
    EC2 refuses a second flow log of a resource for the same log group or prefix (FlowLogAlreadyExists), and
    CloudFormation creates the new one first. EC2's reference does not state which properties it compares
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html); here it is enough that one of them is
    the destination.

    `traffic_type` is empty for transit gateways, which have none. `group` keeps flow logs apart that are the same
    otherwise, and `every_vpc` those that a function creates, so that a VPC can move between it and a list. `role_path`
    is that of the role that delivers to log groups: another path is another role, whose ARN is part of the flow log.
    """

    destination: str
    log_format: str
    traffic_type: str
    seconds: int
    file_format: str = "plain-text"
    hive_partitions: bool = False
    hourly_partitions: bool = False
    group: str = ""
    every_vpc: bool = False
    role_path: str = "/"

    @property
    def id(self) -> str:
        """Identifies the log group or prefix: a digest of everything that differs from a default.

        Without the defaults, a field that is added to this class later changes no id. A change of these ids replaces
        every flow log of every deployment.
        """
        differing = {each.name: getattr(self, each.name) for each in fields(self) if self._differs(each.name)}
        text = json.dumps(differing, sort_keys=True)
        digest = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
        return f"{self.group}-{digest}" if self.group else digest

    def _differs(self, name: str) -> bool:
        return bool(getattr(self, name) != getattr(type(self), name, None))

    @property
    def prefix(self) -> str:
        """What the keys of its objects in the log bucket begin with; `AWSLogs/` follows."""
        return f"{LOG_PREFIX}{self.id}/"


@dataclass(frozen=True)
class LoggedResource:
    """A flow log that the app creates: a resource, and how its flow log delivers."""

    resource_id: str
    delivery: Delivery

    @property
    def id(self) -> str:
        """Identifies the flow log by what it is. The name and the order of sources have no part in it."""
        return f"{self.resource_id}-{self.delivery.id}"

    @property
    def type(self) -> ResourceType:
        return resource_type(self.resource_id)


@dataclass(frozen=True)
class Handling:
    """What can be changed without replacing a flow log, and applies to a whole log group or key prefix: the sources
    that share one must agree. `retention_days` is None for the deployment's, 0 for ever. `transitions` are pairs of
    a storage class and days.
    """

    retention_days: int | None = None
    kms_key_arn: str = ""
    transitions: tuple[tuple[str, int], ...] = ()
    kinesis: bool = False

    def differences(self, other: "Handling") -> Iterator[str]:
        """The names of what they do not agree on."""
        yield from (each.name for each in fields(self) if getattr(self, each.name) != getattr(other, each.name))
