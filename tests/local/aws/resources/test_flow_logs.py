"""Flow logs: what EC2 refuses, each rule just below and just above."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.deployment.assembly import put_stack
from local.aws.deployment.deploy import DeployError
from local.aws.embedded import EmbeddedAws
from local.aws.resources import flow_log_request, flow_logs

DELIVERY = {"Service": "delivery.logs.amazonaws.com"}
TRANSIT = {"ResourceType": "TransitGateway", "MaxAggregationInterval": 60}


def trusting(service: str) -> str:
    principal = {"Service": service}
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})


class World:
    """New resources of each kind, a bucket, a log group and a role that may write to it."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws, self.ec2, self.name = aws, aws.client("ec2"), f"world-{uuid4().hex[:8]}"
        self.vpc = self.ec2.create_vpc(CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.60.1.0/24")["Subnet"]["SubnetId"]
        self.gateway = self.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
        attached = {"TransitGatewayId": self.gateway, "VpcId": self.vpc, "SubnetIds": [subnet]}
        attachment = self.ec2.create_transit_gateway_vpc_attachment(**attached)["TransitGatewayVpcAttachment"]
        interface = self.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
        self.ids = {
            "VPC": self.vpc,
            "Subnet": subnet,
            "NetworkInterface": interface["NetworkInterfaceId"],
            "TransitGateway": self.gateway,
            "TransitGatewayAttachment": attachment["TransitGatewayAttachmentId"],
        }
        aws.client("s3").create_bucket(Bucket=self.name)

    def bucket(self, prefix: str = "") -> dict[str, str]:
        return {"LogDestinationType": "s3", "LogDestination": f"arn:aws:s3:::{self.name}{prefix}"}

    def group(
        self, actions: tuple[str, ...] = ("logs:*",), trusted: str = "vpc-flow-logs.amazonaws.com"
    ) -> dict[str, str]:
        iam = self.aws.client("iam")
        name = f"role-{uuid4().hex[:8]}"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(trusted))["Role"]["Arn"]
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName=name, PolicyName="write", PolicyDocument=document)
        self.aws.client("logs").create_log_group(logGroupName=name)
        return {"LogGroupName": name, "DeliverLogsPermissionArn": role}

    def create(self, destination: dict[str, str] | None = None, **more: Any) -> Any:
        options = {"ResourceType": "VPC", **(destination or self.bucket()), **more}
        options.setdefault("ResourceIds", [self.ids[options["ResourceType"]]])
        if not options["ResourceType"].startswith("TransitGateway"):
            options.setdefault("TrafficType", "ALL")
        return self.ec2.create_flow_logs(**options)

    def status(self, created: Any) -> str:
        [flow_log] = self.ec2.describe_flow_logs(FlowLogIds=created["FlowLogIds"])["FlowLogs"]
        return str(flow_log["DeliverLogsStatus"])

    def put_policy(self, *statements: dict[str, Any]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.aws.client("s3").put_bucket_policy(Bucket=self.name, Policy=document)


@pytest.fixture
def world(aws: EmbeddedAws) -> World:
    return World(aws)


@pytest.mark.parametrize(
    ("kind", "interval"),
    [("VPC", 600), ("Subnet", 60), ("NetworkInterface", 60), ("TransitGateway", 60), ("TransitGatewayAttachment", 60)],
)
def test_every_kind_of_resource_has_flow_logs(world: World, kind: str, interval: int) -> None:
    created = world.create(ResourceType=kind, MaxAggregationInterval=interval)
    assert (len(created["FlowLogIds"]), created["Unsuccessful"]) == (1, [])


def test_the_default_format_of_a_transit_gateway_has_its_fields(world: World) -> None:
    created = world.create(**TRANSIT)
    [flow_log] = world.ec2.describe_flow_logs(FlowLogIds=created["FlowLogIds"])["FlowLogs"]
    assert flow_log["LogFormat"].startswith("${version} ${resource-type} ${account-id} ${tgw-id}")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({**TRANSIT, "TrafficType": "ALL"}, "InvalidParameter"),
        ({**TRANSIT, "MaxAggregationInterval": 600}, "InvalidParameter"),
        ({"ResourceType": "TransitGateway"}, "InvalidParameter"),
        ({"MaxAggregationInterval": 61}, "InvalidParameter"),
        ({"LogFormat": "${version} ${tgw-id}"}, "InvalidParameter"),
        ({"LogFormat": "${version} srcaddr"}, "InvalidParameter"),
        ({**TRANSIT, "LogFormat": "${version} ${action}"}, "InvalidParameter"),
        ({"ResourceIds": ["vpc-00000000"]}, "InvalidVpcID.NotFound"),
        ({**TRANSIT, "ResourceIds": ["tgw-00000000"]}, "InvalidTransitGatewayID.NotFound"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_the_resource_type_does_not_have_is_refused(world: World, more: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        world.create(**more)
    assert error.value.response["Error"]["Code"] == code


def test_a_second_flow_log_with_the_same_destination_is_refused(world: World) -> None:
    world.create()
    world.create(world.bucket("/other/"))
    with pytest.raises(ClientError, match="FlowLogAlreadyExists") as error:
        world.create(TrafficType="REJECT", LogFormat="${version}")
    assert "an existing Flow Log with the same configuration and log destination" in str(error.value)
    with pytest.raises(ClientError, match="FlowLogAlreadyExists"):
        world.create(world.bucket("/other"))


def test_a_deleted_flow_log_makes_room_for_one_with_the_same_destination(world: World) -> None:
    created = world.create()
    world.ec2.delete_flow_logs(FlowLogIds=created["FlowLogIds"])
    assert world.create()["FlowLogIds"]


def test_a_resource_has_a_limited_number_of_flow_logs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_logs, "MOST_FLOW_LOGS", 2)
    for prefix in ("/a", "/b"):
        world.create(world.bucket(prefix))
    with pytest.raises(ClientError, match="FlowLogsLimitExceeded"):
        world.create(world.bucket("/c"))


def test_a_request_has_a_limited_number_of_resources(world: World) -> None:
    most = flow_log_request.MOST_RESOURCES["transit gateways"]
    ids = [world.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"] for _ in range(most + 1)]
    assert len(world.create(**TRANSIT, ResourceIds=ids[:most])["FlowLogIds"]) == most
    with pytest.raises(ClientError, match="maximum number of resource ids is 25"):
        world.create(world.bucket("/more"), **TRANSIT, ResourceIds=ids)


def test_a_missing_bucket_is_refused(world: World) -> None:
    created = world.create({"LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::nowhere-at-all"})
    assert created["FlowLogIds"] == []
    assert "does not exist" in created["Unsuccessful"][0]["Error"]["Message"]


def test_a_bucket_without_a_policy_gets_one_that_admits_deliveries(world: World) -> None:
    world.create(world.bucket("/network/"))
    policy = json.loads(world.aws.client("s3").get_bucket_policy(Bucket=world.name)["Policy"])
    assert policy["Statement"][0]["Resource"] == f"arn:aws:s3:::{world.name}/network/AWSLogs/{world.aws.account}/*"


def statements(world: World, account: str) -> list[dict[str, Any]]:
    source = {"StringEquals": {"aws:SourceAccount": account}}
    objects = f"arn:aws:s3:::{world.name}/AWSLogs/*"
    write = {"Effect": "Allow", "Principal": DELIVERY, "Action": "s3:PutObject", "Resource": objects}
    check = {"Effect": "Allow", "Principal": DELIVERY, "Action": "s3:GetBucketAcl"}
    return [{**write, "Condition": source}, {**check, "Resource": f"arn:aws:s3:::{world.name}"}]


def test_a_bucket_policy_must_admit_deliveries(world: World) -> None:
    world.put_policy(*statements(world, "999999999999"))
    refused = world.create()["Unsuccessful"][0]["Error"]
    assert (
        refused["Message"] == f"Access Denied for LogDestination: {world.name}. Please check LogDestination permission"
    )
    world.put_policy(*statements(world, world.aws.account)[:1])
    assert world.create()["FlowLogIds"] == []
    world.put_policy(*statements(world, world.aws.account))
    assert world.create()["FlowLogIds"]


def test_a_bucket_policy_must_admit_the_folders_of_the_destination_options(world: World) -> None:
    write, check = statements(world, world.aws.account)
    write["Resource"] = f"arn:aws:s3:::{world.name}/AWSLogs/{world.aws.account}/*"
    world.put_policy(write, check)
    assert world.create(DestinationOptions={"HiveCompatiblePartitions": True})["FlowLogIds"] == []
    assert world.create()["FlowLogIds"]


def test_a_key_of_the_bucket_that_does_not_admit_deliveries_is_an_access_error(world: World) -> None:
    key = world.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    world.aws.client("s3").put_bucket_encryption(
        Bucket=world.name, ServerSideEncryptionConfiguration={"Rules": [encryption]}
    )
    assert world.status(world.create()) == "FAILED"
    admitted = {"Effect": "Allow", "Principal": DELIVERY, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"]}
    policy = json.dumps({"Statement": [{**admitted, "Resource": "*"}]})
    world.aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    assert world.status(world.create(world.bucket("/second"))) == "SUCCESS"


def test_a_role_that_cannot_write_is_an_access_error(world: World) -> None:
    assert world.status(world.create(world.group())) == "SUCCESS"
    assert world.status(world.create(world.group(actions=("logs:CreateLogStream",)))) == "FAILED"
    assert world.status(world.create(world.group(trusted="ec2.amazonaws.com"))) == "FAILED"


def test_a_stack_that_must_replace_a_flow_log_with_the_same_destination_is_rolled_back(world: World) -> None:
    def put(**properties: object) -> None:
        wanted = {"ResourceType": "VPC", "ResourceId": world.vpc, "TrafficType": "ALL", **world.bucket(), **properties}
        put_stack(
            world.aws,
            world.name,
            json.dumps({"Resources": {"Log": {"Type": "AWS::EC2::FlowLog", "Properties": wanted}}}),
        )

    def existing() -> list[Any]:
        filters = [{"Name": "resource-id", "Values": [world.vpc]}]
        return world.ec2.describe_flow_logs(Filters=filters)["FlowLogs"]

    put(Tags=[{"Key": "team", "Value": "a"}])
    [before] = existing()
    put(Tags=[{"Key": "team", "Value": "b"}])
    assert [(each["FlowLogId"], each["Tags"][0]["Value"]) for each in existing()] == [(before["FlowLogId"], "b")]
    with pytest.raises(DeployError, match="FlowLogAlreadyExists"):
        put(TrafficType="REJECT")
    assert [each["FlowLogId"] for each in existing()] == [before["FlowLogId"]]
    put(TrafficType="REJECT", **world.bucket("/rejected"))
    assert [each["FlowLogId"] == before["FlowLogId"] for each in existing()] == [False]
