"""Owners of interfaces: one EC2 description for each kind, and the order of precedence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.inventory.owner_kinds import KINDS, MAX_LETTERS, InterfaceFacts, Owner, owner_of_interface

UUID = "0a1b2c3d-1111-2222-3333-0a1b2c3d4e5f"
MSK_ARN = f"arn:aws:kafka:eu-central-1:123456789012:cluster/events/{UUID}-5"

DESCRIBED: list[tuple[str, str, str, Owner]] = [
    (
        "interface",
        "ELB app/shop/50dc6c495c0c9188",
        "amazon-elb",
        Owner("application load balancer", "app/shop/50dc6c495c0c9188", "shop"),
    ),
    (
        "network_load_balancer",
        "ELB net/edge/50dc6c495c0c9188",
        "123456789012",
        Owner("network load balancer", "net/edge/50dc6c495c0c9188", "edge"),
    ),
    (
        "gateway_load_balancer",
        "ELB gwy/inspect/50dc6c495c0c9188",
        "123456789012",
        Owner("gateway load balancer", "gwy/inspect/50dc6c495c0c9188", "inspect"),
    ),
    ("interface", "ELB old-shop", "amazon-elb", Owner("classic load balancer", "old-shop", "old-shop")),
    (
        "nat_gateway",
        "Interface for NAT Gateway nat-0123456789abcdef0",
        "123456789012",
        Owner("nat gateway", "nat-0123456789abcdef0", "nat-0123456789abcdef0"),
    ),
    ("interface", "RDSNetworkInterface", "amazon-rds", Owner("rds database", "eni-1", "eni-1")),
    ("interface", "Network interface for DBProxy orders", "123456789012", Owner("rds proxy", "orders", "orders")),
    ("interface", "RedshiftNetworkInterface", "amazon-redshift", Owner("redshift cluster", "eni-1", "eni-1")),
    (
        "interface",
        "ElastiCache+sessions-001",
        "amazon-elasticache",
        Owner("elasticache cluster", "sessions-001", "sessions-001"),
    ),
    ("interface", "DAX cache-a", "", Owner("dax cluster", "cache-a", "cache-a")),
    ("interface", "DMSNetworkInterface", "", Owner("dms replication instance", "eni-1", "eni-1")),
    (
        "lambda",
        f"AWS Lambda VPC ENI-resize-images-{UUID}",
        "AROAEXAMPLE:resize-images",
        Owner("lambda function", "eni-1", "resize-images"),
    ),
    (
        "interface",
        f"arn:aws:ecs:eu-central-1:123456789012:attachment/{UUID}",
        "123456789012",
        Owner("ecs task", f"arn:aws:ecs:eu-central-1:123456789012:attachment/{UUID}", UUID),
    ),
    ("interface", "Amazon EKS production", "123456789012", Owner("eks control plane", "production", "production")),
    ("interface", "aws-K8S-i-0123456789abcdef0", "", Owner("eks node", "i-0123456789abcdef0", "node-7")),
    ("branch", "aws-k8s-branch-eni", "", Owner("eks pod", "eni-1", "eni-1")),
    (
        "interface",
        "EFS mount target for fs-0123abcd (fsmt-0123abcd)",
        "123456789012",
        Owner("efs mount target", "fs-0123abcd", "fs-0123abcd"),
    ),
    (
        "vpc_endpoint",
        "VPC Endpoint Interface vpce-0123456789abcdef0",
        "123456789012",
        Owner("vpc endpoint", "vpce-0123456789abcdef0", "vpce-0123456789abcdef0"),
    ),
    (
        "gateway_load_balancer_endpoint",
        "VPC Endpoint Interface vpce-0123456789abcdef1",
        "123456789012",
        Owner("gateway load balancer endpoint", "vpce-0123456789abcdef1", "vpce-0123456789abcdef1"),
    ),
    (
        "transit_gateway",
        "Network Interface for Transit Gateway Attachment tgw-attach-0123456789abcdef0",
        "123456789012",
        Owner("transit gateway", "tgw-attach-0123456789abcdef0", "tgw-attach-0123456789abcdef0"),
    ),
    (
        "interface",
        "AWS created network interface for directory d-0123456789",
        "amazon-directory-service",
        Owner("directory", "d-0123456789", "d-0123456789"),
    ),
    (
        "interface",
        "Created By Amazon Workspaces for AWS Account ID 123456789012",
        "123456789012",
        Owner("workspace", "eni-1", "eni-1"),
    ),
    ("interface", "ES search-logs", "amazon-elasticsearch", Owner("opensearch domain", "search-logs", "search-logs")),
    (
        "interface",
        f"DO NOT DELETE - Amazon MSK network interface for cluster {MSK_ARN}",
        "123456789012",
        Owner("msk cluster", MSK_ARN, "events"),
    ),
    ("interface", f"Amazon MQ network interface for broker b-{UUID}", "", Owner("mq broker", f"b-{UUID}", f"b-{UUID}")),
    (
        "interface",
        "Attached to Glue using role: arn:aws:iam::123456789012:role/glue-nightly",
        "",
        Owner("glue job", "arn:aws:iam::123456789012:role/glue-nightly", "glue-nightly"),
    ),
    (
        "interface",
        "[Do not delete] Network Interface created to access resources in your VPC for SageMaker Notebook Instance lab",
        "",
        Owner("sagemaker notebook", "lab", "lab"),
    ),
    (
        "interface",
        "[DO NOT DELETE] ENI managed by SageMaker for Studio Domain (d-abc123)",
        "",
        Owner("sagemaker domain", "d-abc123", "d-abc123"),
    ),
    ("interface", "AWS ElasticMapReduce j-1", "", Owner("emr cluster", "eni-1", "eni-1")),
    ("api_gateway_managed", "ENI managed by APIGateway", "123456789012", Owner("api gateway link", "eni-1", "eni-1")),
    ("interface", "CloudHSM Managed Interface", "", Owner("cloudhsm", "eni-1", "eni-1")),
    ("interface", "AWS CodeStar Connections managed", "", Owner("codestar connection", "eni-1", "eni-1")),
    ("interface", "", "AROAEXAMPLE:AWSCodeBuild-1234", Owner("codebuild project", "eni-1", "eni-1")),
    ("interface", "", "123456789012:Comprehend", Owner("comprehend job", "eni-1", "eni-1")),
    (
        "interface",
        "Route 53 Resolver: rslvr-in-0123456789abcdef0:rni-0123456789abcdef0",
        "",
        Owner("resolver endpoint", "rslvr-in-0123456789abcdef0", "rslvr-in-0123456789abcdef0"),
    ),
    (
        "interface",
        "ClientVPN Endpoint resource for cvpn-endpoint-0123456789abcdef0",
        "",
        Owner("client vpn endpoint", "cvpn-endpoint-0123456789abcdef0", "cvpn-endpoint-0123456789abcdef0"),
    ),
    (
        "interface",
        "Amazon Kinesis Firehose - 123456789012:clicks:1590000000.",
        "",
        Owner("firehose stream", "eni-1", "clicks"),
    ),
    ("interface", "datasync task-0123", "", Owner("datasync task", "eni-1", "eni-1")),
    ("quicksight", "", "", Owner("quicksight connection", "eni-1", "eni-1")),
    ("global_accelerator_managed", "", "", Owner("global accelerator", "eni-1", "eni-1")),
    ("iot_rules_managed", "", "", Owner("iot rule", "eni-1", "eni-1")),
    ("evs", "", "", Owner("evs environment", "eni-1", "eni-1")),
    ("ec2_instance_connect_endpoint", "", "", Owner("instance connect endpoint", "eni-1", "eni-1")),
]
"""What EC2 describes (type, description and requester), and the owner of the interface."""


@pytest.mark.parametrize(("type_", "description", "requester", "owner"), DESCRIBED, ids=[d[3].kind for d in DESCRIBED])
def test_a_described_interface_has_its_owner(type_: str, description: str, requester: str, owner: Owner) -> None:
    facts = InterfaceFacts("eni-1", type_, description, requester, names={"i-0123456789abcdef0": "node-7"})
    assert owner_of_interface(facts) == owner


def test_every_kind_is_described_above() -> None:
    assert {kind.word for kind in KINDS} == {described[3].kind for described in DESCRIBED}


@pytest.mark.parametrize("spelling", ["nat_gateway", "natGateway"])
def test_both_spellings_of_the_nat_gateway_type_are_recognised(spelling: str) -> None:
    assert owner_of_interface(InterfaceFacts("eni-1", spelling)).kind == "nat gateway"


def test_an_old_lambda_interface_is_recognised_without_a_name() -> None:
    facts = InterfaceFacts("eni-1", "interface", f"AWS Lambda VPC ENI: {UUID}")
    assert owner_of_interface(facts) == Owner("lambda function", "eni-1", "eni-1")


def test_an_instance_has_the_name_of_its_name_tag() -> None:
    facts = InterfaceFacts("eni-1", instance_id="i-1", names={"i-1": "web-1"})
    assert owner_of_interface(facts) == Owner("instance", "i-1", "web-1")


def test_an_instance_cannot_pass_for_a_gateway_by_its_description() -> None:
    facts = InterfaceFacts("eni-1", "interface", "Interface for NAT Gateway nat-1", instance_id="i-1")
    assert owner_of_interface(facts) == Owner("instance", "i-1", "i-1")


def test_the_type_precedes_the_description_and_that_the_requester() -> None:
    assert owner_of_interface(InterfaceFacts("eni-1", "lambda", "RDSNetworkInterface")).kind == "lambda function"
    facts = InterfaceFacts("eni-1", "interface", "ElastiCache a", "amazon-rds")
    assert owner_of_interface(facts).kind == "elasticache cluster"


def test_a_description_is_matched_from_its_start() -> None:
    facts = InterfaceFacts("eni-1", "interface", "not an ELB app/shop/50dc6c495c0c9188")
    assert owner_of_interface(facts).kind == "unknown"


def test_an_unrecognised_interface_is_unknown_with_its_own_name() -> None:
    assert owner_of_interface(InterfaceFacts("eni-1", description="?")) == Owner("unknown", "eni-1", "eni-1")
    named = InterfaceFacts("eni-1", names={"eni-1": "appliance"})
    assert owner_of_interface(named) == Owner("unknown", "eni-1", "appliance")


def test_an_unknown_type_is_the_owner_kind() -> None:
    assert owner_of_interface(InterfaceFacts("eni-1", "some_new_thing")) == Owner("some new thing", "eni-1", "eni-1")
    described = InterfaceFacts("eni-1", "some_new_thing", "ELB app/shop/50dc6c495c0c9188")
    assert owner_of_interface(described).kind == "application load balancer"
    named = InterfaceFacts("eni-1", "some_new_thing", names={"eni-1": "mine"})
    assert owner_of_interface(named).name == "mine"


@pytest.mark.parametrize("type_", ["interface", "efa", "efa-only", ""])
def test_a_type_that_any_account_can_create_identifies_no_owner(type_: str) -> None:
    assert owner_of_interface(InterfaceFacts("eni-1", type_)).kind == "unknown"


def test_kinds_that_share_a_type_are_distinguished_by_description() -> None:
    application = InterfaceFacts("eni-1", "load_balancer", "ELB app/shop/50dc6c495c0c9188")
    assert owner_of_interface(application).kind == "application load balancer"
    assert owner_of_interface(InterfaceFacts("eni-1", "load_balancer")).kind == "classic load balancer"
    task = InterfaceFacts("eni-1", "branch", f"arn:aws:ecs:eu-central-1:123456789012:attachment/{UUID}")
    assert owner_of_interface(task).kind == "ecs task"


def test_the_vpc_link_tag_counts_for_api_gateway_links_only() -> None:
    link = InterfaceFacts("eni-1", "api_gateway_managed", link_id="abc123")
    assert owner_of_interface(link) == Owner("api gateway link", "abc123", "abc123")
    assert owner_of_interface(InterfaceFacts("eni-1", link_id="abc123")).id == "eni-1"


@given(type_=st.text(), description=st.text(), requester=st.text())
def test_any_description_gives_a_bounded_owner(type_: str, description: str, requester: str) -> None:
    owner = owner_of_interface(InterfaceFacts("eni-1", type_, description, requester))
    assert all(0 < len(word) <= MAX_LETTERS for word in owner)


def test_names_are_bounded() -> None:
    facts = InterfaceFacts("eni-1", "interface", "DAX " + "x" * 10_000)
    assert len(owner_of_interface(facts).name) <= MAX_LETTERS
