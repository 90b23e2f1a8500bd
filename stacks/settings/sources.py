"""A source: resources that the app creates flow logs for, and how these deliver."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from stacks.settings.logged.delivery import CLOUDWATCH, GATEWAY_SECONDS, S3, Delivery, Handling, LoggedResource
from stacks.settings.logged.formats import SourceFormat, broken_rules_of_format, log_format_of
from stacks.settings.logged.resources import (
    ContainerId,
    NetworkInterfaceId,
    TransitGatewayAttachmentId,
    TransitGatewayId,
    resource_type,
)
from stacks.settings.logged.storage import (
    LogClass,
    StorageTransition,
    TagCondition,
    broken_rules_of_retention,
    broken_rules_of_transitions,
)
from stacks.settings.values import KmsKeyArn, RolePath, Section, SubnetId, Tags, VpcId

PLAIN_TEXT = "plain-text"
FULL_LOG_FORMAT = log_format_of("v5", of_gateway=False)
"""Without tcp-flags (version 3) the client of a connection is a guess; without pkt-srcaddr (3) NAT hides the endpoints.
"""
RESOURCE_LISTS = (
    *("vpc_ids", "subnet_ids", "network_interface_ids"),
    *("transit_gateway_ids", "transit_gateway_attachment_ids"),
)

SourceName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{0,39}$",
        title="at most 40 lowercase letters, digits and hyphens, a letter first",
    ),
]


class Source(Section):
    """Resources, of any mix, whose flow logs have the same destination and settings."""

    vpc_ids: tuple[VpcId, ...] = ()
    """VPCs: each has a flow log of all its interfaces."""
    subnet_ids: tuple[SubnetId, ...] = ()
    """Subnets, for a part of a VPC. State their VPCs in `inside`."""
    network_interface_ids: tuple[NetworkInterfaceId, ...] = ()
    """Network interfaces. State their VPCs and subnets in `inside`."""
    transit_gateway_ids: tuple[TransitGatewayId, ...] = ()
    """Transit gateways: what passes between VPCs, VPNs and Direct Connect. Their traffic has metrics of its own, and is
    not added to that of VPCs; a scan that both report is one finding."""
    transit_gateway_attachment_ids: tuple[TransitGatewayAttachmentId, ...] = ()
    """Attachments of transit gateways, for a part of a gateway. State the gateways in `inside`."""
    all_vpcs: bool = False
    """Every VPC that this account owns in this Region, today's and tomorrow's: a function looks for them every five
    minutes, and creates and deletes the flow logs ([all VPCs](#all-vpcs)). VPCs of other sources are left out."""
    except_vpc_ids: tuple[VpcId, ...] = ()
    """VPCs that `all_vpcs` leaves out."""
    except_tags: tuple[TagCondition, ...] = ()
    """VPCs with one of these tags, `key` or `key=value`, are left out of `all_vpcs`, now and when they are tagged."""
    on_removal: Literal["delete", "keep"] = "delete"
    """What happens to the flow logs of `all_vpcs` when the setting or the stack is removed. `keep`: they deliver, and
    cost, until you delete them; their tag `flowsentry:every-vpc` has the name of the deployment. The bucket with its
    policy, or the log groups and the role that writes to them, are kept with them; delete that role with the last flow
    log. A later deployment of the same name replaces them by flow logs to its own bucket or log group."""
    moves_to_all_vpcs: bool = False
    """The VPCs of this source are about to move to the source with `all_vpcs`, which creates flow logs of them already.
    `true`: the next deployment can remove this source, and no record is missed; until then the records of these VPCs
    are counted twice. `false`: `all_vpcs` leaves them out ([changing a source](#changing-a-source))."""
    inside: tuple[ContainerId, ...] = ()
    """The VPCs and subnets that the subnets and interfaces of this source are inside of, and the transit gateways of
    its attachments. If one of them has a flow log too, the source is refused: its records would be counted twice.
    Without it synth can't know, and warns; the doctor command asks EC2."""
    destination: Literal["cloudwatch", "s3"]
    """`cloudwatch`: records can be searched at once, findings take about six minutes, $0.50 a GB. `s3`: half the price,
    findings take about ten minutes."""
    name: SourceName = ""
    """Names the source in warnings; without it the first of its resources does. Nothing is replaced if it changes."""
    group: SourceName = ""
    """Sources of the same destination, format, traffic type and interval share a log group, or a key prefix of the
    bucket, and then its retention, key, storage transitions and `kinesis`. Another group is another log group or
    prefix, with settings of its own. A change replaces the flow logs."""
    log_format: SourceFormat = "v5"
    """Fields of the records. `default`: those of AWS, 14 of version 2. `v5`: the 29 of versions 2 to 5; likewise `v3`
    to `v11`, without tags. Otherwise fields as EC2 takes them. For transit gateways each name means AWS's default,
    which has all 36 fields of theirs; a list of fields needs one of version 6. A list needs an address of the source
    and of the destination, and synth warns of what can't be found without the fields that it leaves out. Without
    `${tcp-flags}` the client of a connection is a guess; without `${pkt-srcaddr}` and `${pkt-dstaddr}` NAT hides the
    endpoints. [Every field](fields.md) of the type of resource is accepted. Newer fields than `v5` are not in the
    default: AWS bills them by the byte, no finding needs them, and a changed default would replace every flow log."""
    traffic_type: Literal["ALL", "ACCEPT", "REJECT"] = "ALL"
    """`ACCEPT` and `REJECT` record one half of the traffic; scans are judged by both. Transit gateways record all."""
    max_aggregation_seconds: Literal[60, 600] = 60
    """The interval that a record covers. 600 makes fewer records and later alerts. Transit gateways: only 60."""
    retention_days: int | None = Field(default=None, ge=0, le=36_500)
    """Records are kept for this many days, 0 for ever; without it `log_retention_days` applies. Log groups take only
    some numbers."""
    log_class: LogClass = "STANDARD"
    """Class of the log group. Only `STANDARD` has subscription filters, without which nothing would be read."""
    kms_key_arn: KmsKeyArn = ""
    """A customer managed key for the log group, or for the log bucket, which all sources with destination `s3` share.
    Its key policy must allow [the services that write](#a-key-of-your-own)."""
    storage_transitions: tuple[StorageTransition, ...] = ()
    """Moves of objects to colder classes of storage, for destination `s3`: [transitions](#a-storage-transition)."""
    tags: Tags = Field(default_factory=dict)
    """Tags of the flow logs, beside those of the deployment: `{"cost-center": "4711"}`. A log group has the tags that
    its sources have in common. Flow logs of `all_vpcs` keep tags that you remove here."""
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
    kinesis: bool | None = None
    """For destination `cloudwatch`. `true`, and without it: payloads go through one Kinesis [data
    stream](#the-data-stream) of all such sources, $11 a month, which the function reads in batches; an enriched object
    holds a minute of all network interfaces. `false`: each payload invokes the function, which writes an object for
    each interface and minute, $0.60 a month for an interface: cheaper below about 25 interfaces, and findings come up
    to a minute earlier."""
    draining_kinesis: bool = False
    """This source had `kinesis` before: the stream is kept and read, although nothing writes to it."""
    draining: bool = False
    """This source is as it was before a change: it has no flow logs any more, and its log group stays subscribed until
    the last records have arrived ([changing a source](#changing-a-source))."""
    draining_role_path: RolePath | None = None
    """With `draining`, for destination `cloudwatch`: the `role_path` before the change, if that is what changed. The
    role of that path is kept too, so that the last records are delivered. Without it `role_path` applies."""

    @property
    def label(self) -> str:
        """What warnings call it: its name, or its first resource."""
        return self.name or next(iter(self.resource_ids), "of all VPCs")

    @property
    def is_streamed(self) -> bool:
        """Whether its payloads go through the data stream."""
        return self.destination == CLOUDWATCH and self.kinesis is not False

    @cached_property
    def resource_ids(self) -> tuple[str, ...]:
        return tuple(each for name in RESOURCE_LISTS for each in getattr(self, name))

    @property
    def scopes(self) -> tuple[str, ...]:
        """The VPCs and transit gateways that its records are of."""
        return (*self.vpc_ids, *self.transit_gateway_ids)

    @cached_property
    def flow_logs(self) -> tuple[LoggedResource, ...]:
        """The flow logs that the app creates; none while the source drains."""
        listed = () if self.draining else self.resource_ids
        return tuple(LoggedResource(each, self.delivery(resource_type(each).is_of_gateway)) for each in listed)

    @cached_property
    def deliveries(self) -> tuple[Delivery, ...]:
        """How its flow logs deliver: one way for those of transit gateways, one for all others."""
        return tuple(self.delivery(of_gateway) for of_gateway in self._kinds)

    @property
    def _kinds(self) -> list[bool]:
        """Whether its flow logs are of transit gateways: False, True or both."""
        listed = {resource_type(each).is_of_gateway for each in self.resource_ids}
        return sorted(listed | ({False} if self.all_vpcs else set()))

    def delivery(self, of_gateway: bool) -> Delivery:  # noqa: FBT001 - the two kinds of records
        return Delivery(
            destination=self.destination,
            log_format=log_format_of(self.log_format, of_gateway=of_gateway),
            traffic_type="" if of_gateway else self.traffic_type,
            seconds=GATEWAY_SECONDS if of_gateway else self.max_aggregation_seconds,
            file_format=self.file_format,
            hive_partitions=self.hive_partitions,
            hourly_partitions=self.hourly_partitions,
            group=self.group,
            every_vpc=self.all_vpcs and not of_gateway,
        )

    @property
    def handling(self) -> Handling:
        """What it wants of its log group or key prefix."""
        return Handling(
            retention_days=self.retention_days,
            kms_key_arn=self.kms_key_arn,
            transitions=tuple((each.storage_class, each.after_days) for each in self.storage_transitions),
            kinesis=self.is_streamed,
        )

    def broken_rules(self) -> Iterator[str]:
        """Settings that need another destination or other resources."""
        yield from self._of_resources()
        for of_gateway in self._kinds:
            yield from broken_rules_of_format(self.log_format, of_gateway=of_gateway)
        in_log_group = self.destination == CLOUDWATCH
        yield from broken_rules_of_retention(self.retention_days, in_log_group=in_log_group)
        yield from self._of_log_group() if in_log_group else self._of_bucket()

    def _of_resources(self) -> Iterator[str]:
        if not self.resource_ids and not self.all_vpcs:
            yield f"no resource is named; allowed: at least one in {', '.join(RESOURCE_LISTS)}, or all_vpcs true"
        if self.all_vpcs and self.resource_ids:
            yield "all_vpcs is true and resources are named; allowed: a source of its own for all_vpcs"
        if self.draining_role_path and not (self.draining and self.destination == CLOUDWATCH):
            yield f'draining_role_path is set; allowed: only with draining true and destination "{CLOUDWATCH}"'
        if not self.all_vpcs and (self.except_vpc_ids or self.except_tags):
            yield "except_vpc_ids and except_tags need all_vpcs; all_vpcs is false"
        if True in self._kinds and (self.traffic_type != "ALL" or self.max_aggregation_seconds != GATEWAY_SECONDS):
            yield (
                f'traffic_type is "{self.traffic_type}" and max_aggregation_seconds is {self.max_aggregation_seconds}; '
                f'allowed with transit gateways: "ALL" and {GATEWAY_SECONDS}'
            )

    def _of_log_group(self) -> Iterator[str]:
        if self.hive_partitions or self.hourly_partitions:
            yield f'hive_partitions and hourly_partitions need destination "{S3}"; destination is "{CLOUDWATCH}"'
        if self.file_format != PLAIN_TEXT:
            yield f'file_format is "{self.file_format}" and needs destination "{S3}"; destination is "{CLOUDWATCH}"'
        if self.storage_transitions:
            yield f'storage_transitions need destination "{S3}"; destination is "{CLOUDWATCH}"'

    def _of_bucket(self) -> Iterator[str]:
        if self.kinesis:
            yield f'kinesis is true and needs destination "{CLOUDWATCH}"; destination is "{self.destination}"'
        yield from broken_rules_of_transitions(self.storage_transitions, self.retention_days)
