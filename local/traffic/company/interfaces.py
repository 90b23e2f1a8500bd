"""Host plan -> host: its network interface in a VPC, described as AWS describes it, and attached long ago."""

import time
from functools import cached_property
from typing import Any

from local.aws.resources.ec2 import AS_AWS
from local.traffic.company.making import MadeOwner, Making
from local.traffic.company.network import MADE_BY_AWS, Host, HostKind
from local.traffic.company.owners import MAKERS
from local.traffic.company.plan import HostPlan
from local.traffic.company.requesters import said_of
from local.traffic.company.vpcs import named

SECONDS_ATTACHED = 86_400
"""An account that somebody watches was there before. Shorter than the traffic: it would be of owners not yet there."""


class Interfaces:
    """Makes the interfaces of one VPC, and what has them."""

    def __init__(self, making: Making) -> None:
        self._making = making
        self._ec2 = making.client("ec2")
        self._attached = {f"{AS_AWS}attached-at": str(int(time.time()) - SECONDS_ATTACHED)}

    def host(self, plan: HostPlan) -> Host:
        """A host with its interface, and with a public address where its subnet is public."""
        if plan.kind is HostKind.INSTANCE:
            return self._instance(plan)
        owner = MAKERS[plan.kind](self._making, plan)
        interface_id = self._settled(plan, owner) if owner.interface_id else self._make(plan, owner.description)
        self._say(interface_id, said_of(plan.kind) | self._attached)
        return self._host(plan, interface_id, owner.public_address or self._public_address(plan, interface_id))

    def _instance(self, plan: HostPlan) -> Host:
        """An instance with this interface as its first."""
        interface_id = self._make(plan, "")
        run = self._ec2.run_instances(
            ImageId=self._image_id,
            InstanceType="t3.small",
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[{"NetworkInterfaceId": interface_id, "DeviceIndex": 0}],
            TagSpecifications=[named("instance", plan.name)],
        )
        self._say(interface_id, self._attached)
        public_address = self._public_address(plan, interface_id)
        return self._host(plan, interface_id, public_address, run["Instances"][0]["InstanceId"])

    @cached_property
    def _image_id(self) -> str:
        return str(self._ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"])

    def _make(self, plan: HostPlan, description: str) -> str:
        made = self._ec2.create_network_interface(
            SubnetId=self._making.subnet_id(plan),
            PrivateIpAddress=self._making.address(plan),
            Groups=self._making.group_ids(plan),
            Description=description,
        )
        return str(made["NetworkInterface"]["NetworkInterfaceId"])

    def _settled(self, plan: HostPlan, owner: MadeOwner) -> str:
        """The interface that moto has made for an owner, at the planned address: moto takes any, also one outside of
        the subnet.
        """
        told: dict[str, Any] = {"NetworkInterfaceId": owner.interface_id}
        self._ec2.modify_network_interface_attribute(Description={"Value": owner.description}, **told)
        if groups := self._making.group_ids(plan):
            self._ec2.modify_network_interface_attribute(Groups=groups, **told)
        self._say(owner.interface_id, {f"{AS_AWS}private-ip-address": self._making.address(plan)})
        return owner.interface_id

    def _say(self, interface_id: str, words: dict[str, str]) -> None:
        tags = [{"Key": key, "Value": value} for key, value in words.items()]
        self._ec2.create_tags(Resources=[interface_id], Tags=tags)

    def _public_address(self, plan: HostPlan, interface_id: str) -> str | None:
        if not self._making.vpc.plan.subnet(plan.subnet).is_public:
            return None
        address = self._ec2.allocate_address(Domain="vpc")
        self._ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=interface_id)
        return str(address["PublicIp"])

    def _host(
        self, plan: HostPlan, interface_id: str, public_address: str | None, instance_id: str | None = None
    ) -> Host:
        vpc, subnet = self._making.vpc, self._making.vpc.subnet(plan.subnet)
        return Host(
            name=plan.name,
            kind=plan.kind,
            address=self._making.address(plan),
            interface_id=interface_id,
            account_id="unknown" if plan.kind in MADE_BY_AWS else vpc.account_id,
            vpc_id=vpc.vpc_id,
            subnet_id=subnet.subnet_id,
            availability_zone_id=subnet.availability_zone_id,
            owner_name=plan.owner_name,
            public_address=public_address,
            instance_id=instance_id,
            security_groups=tuple(self._making.group_ids(plan)),
            groups=plan.groups,
            listens=frozenset(plan.listens),
            rules=tuple(rule for group in plan.groups for rule in vpc.plan.rules(group)),
            outbound=tuple(rule for group in plan.groups for rule in vpc.plan.outbound_rules(group)),
            denials=vpc.plan.subnet(plan.subnet).denials,
        )
