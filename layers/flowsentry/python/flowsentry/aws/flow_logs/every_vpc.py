"""Creates a flow log for every VPC of the Region that is not excluded, and deletes those that are no longer wanted."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flowsentry.aws.service_errors import code_of
from flowsentry.settings import FlowLogCreatorSettings
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import TagTypeDef

OWNER_TAG, DELIVERY_TAG = "flowsentry:every-vpc", "flowsentry:delivery"
"""Tags of the flow logs that are created here: the name of the deployment, and the id of how they deliver. The function
may delete no other flow logs, because its policy names the first tag."""
VPCS_OF_A_CALL = 100
"""VPCs in one request. More: EC2 refuses more than 300. Fewer: more requests.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html"""
LAST_RUN_SECONDS = 30
"""What a removal waits for a run at the same time, which needs some seconds for hundreds of VPCs. Longer: the removal
does not end before the timeout of the function. Shorter: a run that lasts longer leaves flow logs behind."""
EXISTS = "FlowLogAlreadyExists"

Tags = Mapping[str, str]


class FlowLogsRefusedError(Exception):
    """EC2 refused some flow logs; all others were created. The next run tries again."""


class Changes(Value, frozen=True):
    """How many flow logs were created and deleted."""

    created: int
    deleted: int


class EveryVpc(Value, frozen=True):
    """The flow logs of all VPCs that this account owns in this Region. VPCs that others share with it are theirs: only
    the owner can create flow logs of them (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html).
    """

    given: FlowLogCreatorSettings
    ec2: "EC2Client"
    account_id: str
    sleep: Callable[[float], None] = time.sleep

    def reconcile(self) -> Changes:
        """Creates what is missing and deletes what is not wanted: flow logs of VPCs that are excluded now, and those
        that deliver as earlier settings said, once EC2 lists a new one of the VPC. Sets the tags of the others.

        Raises FlowLogsRefusedError after everything else was done, and ClientError if nothing could be.
        """
        own = list(self._own_flow_logs())
        wanted = self._wanted_vpcs()
        missing = [each for each in wanted if each not in self._logged(own)]
        in_the_way = [each for each in own if each["ResourceId"] in missing and self._has_our_destination(each)]
        self._delete(in_the_way)
        created, refused = self._create(missing)
        left = [each for each in (self._own_flow_logs() if missing else own) if each not in in_the_way]
        logged = self._logged(left)
        outdated = [each for each in left if self._is_outdated(each, wanted, logged)]
        self._delete(outdated)
        self._tag([each for each in left if each not in outdated])
        if refused:
            raise FlowLogsRefusedError("; ".join(f"{vpc_id}: {reason}" for vpc_id, reason in sorted(refused.items())))
        return Changes(created, len(in_the_way) + len(outdated))

    def remove_all(self) -> Changes:
        """Deletes every flow log that this deployment's function created, and no other; then once more those of a run
        that the schedule had begun before.
        """
        deleted = self._remove_listed()
        self.sleep(LAST_RUN_SECONDS)
        return Changes(0, deleted + self._remove_listed())

    def _remove_listed(self) -> int:
        own = list(self._own_flow_logs())
        self._delete(own)
        return len(own)

    def _logged(self, own: Iterable[Mapping[str, Any]]) -> set[str]:
        """The VPCs with a flow log that delivers as the settings say."""
        return {each["ResourceId"] for each in own if self._is_current(each)}

    def _is_outdated(self, flow_log: Mapping[str, Any], wanted: Sequence[str], logged: Collection[str]) -> bool:
        vpc_id = flow_log["ResourceId"]
        return vpc_id not in wanted or (vpc_id in logged and not self._is_current(flow_log))

    def _is_current(self, flow_log: Mapping[str, Any]) -> bool:
        """Whether it delivers as the settings say. The tag alone can't tell: a flow log that was kept when the stack
        was deleted delivers to the bucket or log group of that stack, with its role.
        """
        role = flow_log.get("DeliverLogsPermissionArn", "")
        is_same_way = _tags(flow_log).get(DELIVERY_TAG) == self.given.delivery_id
        return is_same_way and role == self.given.delivery_role_arn and self._has_our_destination(flow_log)

    def _has_our_destination(self, flow_log: Mapping[str, Any]) -> bool:
        """Whether it delivers to the log group or bucket of the settings. EC2 creates no second flow log of a VPC with
        the same destination (`FlowLogAlreadyExists`), so one with another role must be deleted first.
        """
        if self.given.log_group_name:
            return bool(flow_log.get("LogGroupName") == self.given.log_group_name)
        return bool(flow_log.get("LogDestination", "").rstrip("/") == self.given.destination_arn.rstrip("/"))

    def _own_flow_logs(self) -> Iterator[Mapping[str, Any]]:
        for page in self.ec2.get_paginator("describe_flow_logs").paginate():
            flow_logs: Sequence[Mapping[str, Any]] = page["FlowLogs"]
            yield from (each for each in flow_logs if _tags(each).get(OWNER_TAG) == self.given.deployment_name)

    def _wanted_vpcs(self) -> list[str]:
        """The VPCs without those that are excluded by id or tag, sorted."""
        pages = self.ec2.get_paginator("describe_vpcs").paginate()
        vpcs = (vpc for page in pages for vpc in page["Vpcs"] if vpc.get("OwnerId", self.account_id) == self.account_id)
        return sorted(vpc["VpcId"] for vpc in vpcs if not self._is_excluded(vpc))

    def _is_excluded(self, vpc: Mapping[str, Any]) -> bool:
        tags = _tags(vpc)
        words = {*tags, *(f"{key}={value}" for key, value in tags.items())}
        return vpc["VpcId"] in self.given.except_vpc_ids or not words.isdisjoint(self.given.except_tags)

    def _create(self, vpc_ids: Sequence[str]) -> tuple[int, dict[str, str]]:
        """Creates a flow log for each VPC; returns how many, and {VPC: reason} of those that EC2 refused."""
        created, refused = 0, dict[str, str]()
        for first in range(0, len(vpc_ids), VPCS_OF_A_CALL):
            failed = self._create_part(vpc_ids[first : first + VPCS_OF_A_CALL])
            created += len(vpc_ids[first : first + VPCS_OF_A_CALL]) - len(failed)
            refused |= {each: reason for each, reason in failed.items() if not reason.startswith(EXISTS)}
        return created, refused

    def _create_part(self, vpc_ids: Sequence[str]) -> dict[str, str]:
        """{VPC: reason} of those without a new flow log. EC2 may refuse a whole call because one of its VPCs has such a
        flow log, of a run at the same time or of somebody else: then each VPC has a call of its own.
        """
        try:
            response = self.ec2.create_flow_logs(ResourceIds=vpc_ids, **self._request())
        except ClientError as error:
            if code_of(error) != EXISTS:
                raise
            if len(vpc_ids) == 1:
                return {vpc_ids[0]: EXISTS}
            return {vpc_id: reason for each in vpc_ids for vpc_id, reason in self._create_part([each]).items()}
        failed = {each["ResourceId"]: each["Error"] for each in response.get("Unsuccessful", ())}
        return {vpc_id: f"{error.get('Code')}: {error.get('Message')}" for vpc_id, error in failed.items()}

    def _request(self) -> dict[str, Any]:
        given = self.given
        tags = self._wanted_tags() | {OWNER_TAG: given.deployment_name, DELIVERY_TAG: given.delivery_id}
        specification = {"ResourceType": "vpc-flow-log", "Tags": _as_list(tags)}
        return {
            "ResourceType": "VPC",
            "TrafficType": given.traffic_type,
            "MaxAggregationInterval": given.aggregation_seconds,
            "LogFormat": given.log_format,
            "TagSpecifications": [specification],
            **(_to_log_group(given) if given.log_group_name else _to_bucket(given)),
        }

    def _wanted_tags(self) -> dict[str, str]:
        return dict(each.split("=", 1) for each in self.given.flow_log_tags)

    def _tag(self, flow_logs: Iterable[Mapping[str, Any]]) -> None:
        """Sets tags that are new or have another value. Others stay: somebody else may have set them."""
        wanted = self._wanted_tags()
        ids = [each["FlowLogId"] for each in flow_logs if not wanted.items() <= _tags(each).items()]
        for first in range(0, len(ids), VPCS_OF_A_CALL):
            self.ec2.create_tags(Resources=ids[first : first + VPCS_OF_A_CALL], Tags=_as_list(wanted))

    def _delete(self, flow_logs: Sequence[Mapping[str, Any]]) -> None:
        ids = [each["FlowLogId"] for each in flow_logs]
        for first in range(0, len(ids), VPCS_OF_A_CALL):
            self.ec2.delete_flow_logs(FlowLogIds=ids[first : first + VPCS_OF_A_CALL])


def _to_log_group(given: FlowLogCreatorSettings) -> dict[str, Any]:
    return {
        "LogDestinationType": "cloud-watch-logs",
        "LogGroupName": given.log_group_name,
        "DeliverLogsPermissionArn": given.delivery_role_arn,
    }


def _to_bucket(given: FlowLogCreatorSettings) -> dict[str, Any]:
    return {
        "LogDestinationType": "s3",
        "LogDestination": given.destination_arn,
        "DestinationOptions": {
            "FileFormat": given.file_format,
            "HiveCompatiblePartitions": given.hive_partitions,
            "PerHourPartition": given.hourly_partitions,
        },
    }


def _as_list(tags: Tags) -> "list[TagTypeDef]":
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _tags(resource: Mapping[str, Any]) -> Tags:
    return {each["Key"]: each["Value"] for each in resource.get("Tags", ())}
