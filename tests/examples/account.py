"""An emulated account with the resources that settings name. Its functions record their events instead of running."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from unittest.mock import patch

import boto3

from flowsentry.aws.flow_logs.custom_resource import answered, is_request
from flowsentry.aws.flow_logs.every_vpc import EveryVpc
from flowsentry.settings import FlowLogCreatorSettings, read
from local.aws import clients
from local.aws.compute.lambda_functions import Functions, _access_key
from local.aws.compute.runtime_interface import Answer
from local.aws.embedded import EmbeddedAws
from local.aws.settings import ACCOUNT, Settings

QUICK = Settings(batch_window_seconds=0.0, polling_seconds=0.05, send_control_messages=False)
GENERATORS = {
    "vpc": "vpcs.random_vpc_id",
    "subnet": "subnets.random_subnet_id",
    "eni": "elastic_network_interfaces.random_eni_id",
    "tgw": "transit_gateway.random_transit_gateway_id",
    "tgw-attach": "transit_gateway_attachments.random_transit_gateway_attachment_id",
}
"""The functions with which moto makes the ids of resources, in the order in which the resources are created."""
IDS = re.compile(rf'"(({"|".join(GENERATORS)})-[0-9a-f]{{8,17}})"')


@dataclass
class Account:
    """The emulated AWS in this process. Functions accept every event; `events` has (function, event) of each."""

    aws: EmbeddedAws
    events: list[tuple[str, Any]] = field(default_factory=list)
    _created: set[str] = field(default_factory=set)

    def create(self, settings: Mapping[str, Any]) -> None:
        """Creates what the settings name and does not exist yet, with the ids and names that it has there."""
        ids: dict[str, str] = dict(IDS.findall(json.dumps(settings)))
        for id_, kind in sorted(ids.items(), key=lambda item: [*GENERATORS].index(item[1])):
            self._once(id_, lambda id_, kind=kind: self._create_resource(kind, id_))
        for log_group in settings.get("existing_log_groups", ()):
            self._once(log_group["name"], lambda name: self.aws.client("logs").create_log_group(logGroupName=name))
        if boundary := settings.get("permissions_boundary"):
            self._once(boundary, self._create_policy)
        for bucket in settings.get("existing_buckets", ()):
            self._once(bucket["name"], self._create_bucket)

    def _once(self, name: str, create: Callable[[str], Any]) -> None:
        if name not in self._created:
            create(name)
            self._created.add(name)

    def _create_policy(self, arn: str) -> None:
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.aws.client("iam").create_policy(PolicyName=arn.rpartition("/")[2], PolicyDocument=document)

    def _create_bucket(self, name: str) -> None:
        s3 = self.aws.client("s3")
        s3.create_bucket(Bucket=name)
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )

    def _create_resource(self, kind: str, id_: str) -> None:
        ec2, number, vpc, subnet = self.aws.client("ec2"), len(self._created), self._vpc, self._subnet
        with patch(f"moto.ec2.models.{GENERATORS[kind]}", return_value=id_):
            match kind:
                case "vpc":
                    ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")
                case "subnet":
                    ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.255.{number}.0/24")
                case "eni":
                    ec2.create_network_interface(SubnetId=subnet)
                case "tgw":
                    ec2.create_transit_gateway()
                case "tgw-attach":
                    self._attach(ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"])

    def _attach(self, gateway: str) -> None:
        self.aws.client("ec2").create_transit_gateway_vpc_attachment(
            TransitGatewayId=gateway, VpcId=self._vpc, SubnetIds=[self._subnet]
        )

    @cached_property
    def _vpc(self) -> str:
        return str(self.aws.client("ec2").create_vpc(CidrBlock="10.255.0.0/16")["Vpc"]["VpcId"])

    @cached_property
    def _subnet(self) -> str:
        created = self.aws.client("ec2").create_subnet(VpcId=self._vpc, CidrBlock="10.255.255.0/24")
        return str(created["Subnet"]["SubnetId"])

    def vpcs(self) -> set[str]:
        return {str(each["VpcId"]) for each in self.aws.client("ec2").describe_vpcs()["Vpcs"]}

    def flow_logs(self) -> list[str]:
        """The resources that have a flow log, sorted. Every flow log delivers."""
        described = self.aws.client("ec2").describe_flow_logs()["FlowLogs"]
        assert {each["DeliverLogsStatus"] for each in described} <= {"SUCCESS"}
        return sorted(each["ResourceId"] for each in described)


@contextmanager
def started() -> Iterator[Account]:
    """A new account, which ends with the context. One at a time: moto's state is global."""
    events: list[tuple[str, Any]] = []

    def record(functions: Functions, function: Any, event: bytes) -> Answer:
        events.append((function.function_name, json.loads(event)))
        if is_request(events[-1][1]):
            keep_flow_logs(functions, function, events[-1][1])
        return Answer("request", b"{}", is_error=False, lines=(), seconds=0.0, log_stream="stream")

    with patch.object(Functions, "invoke", record), EmbeddedAws.in_process(QUICK) as aws:
        yield Account(aws, events)


def keep_flow_logs(functions: Functions, function: Any, event: Mapping[str, Any]) -> None:
    """Does what the function for all VPCs does for CloudFormation, which waits, with the role of the function."""
    key = _access_key(function)
    functions._by_key[key] = function
    ec2 = boto3.client(
        "ec2",
        region_name=function.region,
        endpoint_url=clients.endpoint_url(),
        aws_access_key_id=key,
        aws_secret_access_key="embedded",
    )
    given = read(FlowLogCreatorSettings, function.environment_vars)
    creator = EveryVpc(given, ec2, ACCOUNT, sleep=lambda _: None)
    answered(event, creator.remove_all if event["RequestType"] == "Delete" else creator.reconcile)
