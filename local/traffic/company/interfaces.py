"""Creates hosts from their plans: each with a network interface that looks as if AWS had created it a day ago."""

import time
from functools import cached_property
from typing import Any

from local.aws.settings import AS_AWS
from local.traffic.company.build_context import BuildContext, CreatedOwner
from local.traffic.company.network import MADE_BY_AWS, Host, HostKind
from local.traffic.company.owners import CREATORS
from local.traffic.company.plan import HostPlan
from local.traffic.company.requesters import tags_of
from local.traffic.company.vpcs import named

SECONDS_ATTACHED = 86_400
"""How long interfaces have been attached. Must be longer than the traffic, or its first records have no owner."""


class Interfaces:
    """Creates the interfaces of one VPC and their owners."""

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self._ec2 = context.client("ec2")
        self._attached = {f"{AS_AWS}attached-at": str(int(time.time()) - SECONDS_ATTACHED)}

    def host(self, plan: HostPlan) -> Host:
        """The created host, with a public address in a public subnet."""
        if plan.kind is HostKind.INSTANCE:
            return self._instance(plan)
        owner = CREATORS[plan.kind](self._context, plan)
        interface_id = self._adopt(plan, owner) if owner.interface_id else self._create(plan, owner.description)
        self._tag(interface_id, tags_of(plan.kind) | self._attached)
        return self._host(plan, interface_id, owner.public_address or self._public_address(plan, interface_id))

    def _instance(self, plan: HostPlan) -> Host:
        """An instance with a new interface as its primary one."""
        interface_id = self._create(plan, "")
        run = self._ec2.run_instances(
            ImageId=self._image_id,
            InstanceType="t3.small",
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[{"NetworkInterfaceId": interface_id, "DeviceIndex": 0}],
            TagSpecifications=[named("instance", plan.name)],
        )
        self._tag(interface_id, self._attached)
        public_address = self._public_address(plan, interface_id)
        return self._host(plan, interface_id, public_address, run["Instances"][0]["InstanceId"])

    @cached_property
    def _image_id(self) -> str:
        return str(self._ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"])

    def _create(self, plan: HostPlan, description: str) -> str:
        made = self._ec2.create_network_interface(
            SubnetId=self._context.subnet_id(plan),
            PrivateIpAddress=self._context.address(plan),
            Groups=self._context.group_ids(plan),
            Description=description,
        )
        return str(made["NetworkInterface"]["NetworkInterfaceId"])

    def _adopt(self, plan: HostPlan, owner: CreatedOwner) -> str:
        """The interface that moto created for an owner, changed to the planned address, description and groups. moto
        itself picks any address, even outside of the subnet.
        """
        target: dict[str, Any] = {"NetworkInterfaceId": owner.interface_id}
        self._ec2.modify_network_interface_attribute(Description={"Value": owner.description}, **target)
        if groups := self._context.group_ids(plan):
            self._ec2.modify_network_interface_attribute(Groups=groups, **target)
        self._tag(owner.interface_id, {f"{AS_AWS}private-ip-address": self._context.address(plan)})
        return owner.interface_id

    def _tag(self, interface_id: str, values: dict[str, str]) -> None:
        tags = [{"Key": key, "Value": value} for key, value in values.items()]
        self._ec2.create_tags(Resources=[interface_id], Tags=tags)

    def _public_address(self, plan: HostPlan, interface_id: str) -> str | None:
        if not self._context.vpc.plan.subnet(plan.subnet).is_public:
            return None
        address = self._ec2.allocate_address(Domain="vpc")
        self._ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=interface_id)
        return str(address["PublicIp"])

    def _host(
        self, plan: HostPlan, interface_id: str, public_address: str | None, instance_id: str | None = None
    ) -> Host:
        vpc, subnet = self._context.vpc, self._context.vpc.subnet(plan.subnet)
        return Host(
            name=plan.name,
            kind=plan.kind,
            address=self._context.address(plan),
            interface_id=interface_id,
            account_id="unknown" if plan.kind in MADE_BY_AWS else vpc.account_id,
            vpc_id=vpc.vpc_id,
            subnet_id=subnet.subnet_id,
            availability_zone_id=subnet.availability_zone_id,
            owner_name=plan.owner_name,
            public_address=public_address,
            instance_id=instance_id,
            security_groups=tuple(self._context.group_ids(plan)),
            groups=plan.groups,
            open_ports=frozenset(plan.open_ports),
            rules=tuple(rule for group in plan.groups for rule in vpc.plan.rules(group)),
            outbound=tuple(rule for group in plan.groups for rule in vpc.plan.outbound_rules(group)),
            denials=vpc.plan.subnet(plan.subnet).denials,
        )
