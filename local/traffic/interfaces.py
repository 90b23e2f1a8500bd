"""Host plan -> host: its network interface in a VPC, described as AWS describes it."""

from functools import cached_property
from typing import TYPE_CHECKING

from local.traffic.company import Host, HostKind
from local.traffic.plan import HostPlan
from local.traffic.requesters import DescribeAs, words_for
from local.traffic.vpcs import MadeVpc, named

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


class Interfaces:
    """Makes the interfaces of one VPC."""

    def __init__(self, ec2: "EC2Client", vpc: MadeVpc, describe_as: DescribeAs) -> None:
        self._ec2 = ec2
        self._vpc = vpc
        self._describe_as = describe_as

    def instance(self, plan: HostPlan) -> Host:
        """An instance with this interface as its first; with a public address where its subnet is public."""
        interface_id = self._make(plan, "")
        run = self._ec2.run_instances(
            ImageId=self._image_id,
            InstanceType="t3.small",
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[{"NetworkInterfaceId": interface_id, "DeviceIndex": 0}],
            TagSpecifications=[named("instance", plan.name)],
        )
        return self._host(
            plan, interface_id, self._public_address(plan, interface_id), run["Instances"][0]["InstanceId"]
        )

    def nat_gateway(self, plan: HostPlan) -> Host:
        """A NAT gateway. moto gives it an interface with an address outside its subnet (NatGateway.__init__ asks for a
        random one), so that interface is replaced by one at the planned address.
        """
        allocation_id = self._ec2.allocate_address(Domain="vpc")["AllocationId"]
        gateway = self._ec2.create_nat_gateway(
            SubnetId=self._vpc.subnet(plan.subnet).subnet_id,
            AllocationId=allocation_id,
            TagSpecifications=[named("natgateway", plan.name)],
        )["NatGateway"]
        held = gateway["NatGatewayAddresses"][0]
        self._ec2.disassociate_address(AssociationId=held["AssociationId"])
        self._ec2.delete_network_interface(NetworkInterfaceId=held["NetworkInterfaceId"])
        interface_id = self._make(plan, f"Interface for NAT Gateway {gateway['NatGatewayId']}")
        self._ec2.associate_address(AllocationId=allocation_id, NetworkInterfaceId=interface_id)
        return self._host(plan, interface_id, held["PublicIp"])

    def of_service(self, plan: HostPlan, description: str) -> Host:
        """The interface of a load balancer, a database or a function."""
        interface_id = self._make(plan, description)
        return self._host(plan, interface_id, self._public_address(plan, interface_id))

    @cached_property
    def _image_id(self) -> str:
        return self._ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

    def _make(self, plan: HostPlan, description: str) -> str:
        made = self._ec2.create_network_interface(
            SubnetId=self._vpc.subnet(plan.subnet).subnet_id,
            PrivateIpAddress=self._vpc.plan.address(plan),
            Groups=[self._vpc.group_ids[group] for group in plan.groups],
            Description=description,
        )
        interface_id = made["NetworkInterface"]["NetworkInterfaceId"]
        if words := words_for(description):
            self._describe_as(interface_id, *words)
        return interface_id

    def _public_address(self, plan: HostPlan, interface_id: str) -> str | None:
        if not self._vpc.plan.subnet(plan.subnet).is_public:
            return None
        address = self._ec2.allocate_address(Domain="vpc")
        self._ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=interface_id)
        return address["PublicIp"]

    def _host(
        self, plan: HostPlan, interface_id: str, public_address: str | None, instance_id: str | None = None
    ) -> Host:
        """Flow logs may say `unknown` for the account of an interface that AWS made, such as a network load balancer's
        (https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html).
        """
        vpc, subnet = self._vpc, self._vpc.subnet(plan.subnet)
        is_unknown = plan.kind is HostKind.NETWORK_LOAD_BALANCER
        return Host(
            name=plan.name,
            kind=plan.kind,
            address=vpc.plan.address(plan),
            interface_id=interface_id,
            account_id="unknown" if is_unknown else vpc.account_id,
            vpc_id=vpc.vpc_id,
            subnet_id=subnet.subnet_id,
            availability_zone_id=subnet.availability_zone_id,
            public_address=public_address,
            instance_id=instance_id,
            security_groups=tuple(vpc.group_ids[group] for group in plan.groups),
            groups=plan.groups,
            listens=frozenset(plan.listens),
            rules=tuple(rule for group in plan.groups for rule in vpc.plan.rules(group)),
            denials=vpc.plan.subnet(plan.subnet).denials,
        )
