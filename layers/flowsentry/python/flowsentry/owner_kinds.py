"""What EC2 says about an interface → who it belongs to: one row for each kind of owner, and the order of asking.

AWS documents few of these words; they are what describe-network-interfaces returns, as public classifiers (Cloud
Custodian, terraform-provider-aws and others) know them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

UNKNOWN = "unknown"
MAX_LETTERS = 255
"""Of any word taken over: EC2's own limit for descriptions and tag values. Names go into alerts: see emit."""


class Owner(NamedTuple):
    """Whom an interface belongs to; `name` is what people call it, else the id."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of owner. `description` is matched from the start; its groups `id` and `name`, where it has them, say
    which one. `types` are values of InterfaceType, `requester` matches RequesterId.
    """

    word: str
    types: tuple[str, ...] = ()
    description: str = ""
    requester: str = ""


@dataclass(frozen=True, slots=True)
class InterfaceFacts:
    """What the describe calls say about one interface; `names` are the names people gave to instances, load balancers
    and interfaces, by id.
    """

    interface_id: str
    interface_type: str = "interface"
    description: str = ""
    requester_id: str = ""
    instance_id: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


# The more exact row first: `ELB app/` before `ELB `. Both spellings of the NAT gateway's type occur: the API model says
# natGateway, the API answers nat_gateway.
KINDS: tuple[Kind, ...] = (
    Kind("application load balancer", description=r"ELB (?P<id>app/(?P<name>[^/]+)/\w+)"),
    Kind("network load balancer", ("network_load_balancer",), r"ELB (?P<id>net/(?P<name>[^/]+)/\w+)"),
    Kind("gateway load balancer", ("gateway_load_balancer",), r"ELB (?P<id>gwy/(?P<name>[^/]+)/\w+)"),
    Kind("classic load balancer", ("load_balancer",), r"ELB (?P<name>[^/]+)$", r"amazon-elb$"),
    Kind("nat gateway", ("nat_gateway", "natGateway"), r"Interface for NAT Gateway (?P<id>nat-\w+)", r"amazon-nat$"),
    Kind("rds database", description=r"RDSNetworkInterface$", requester=r"amazon-rds$"),
    Kind("rds proxy", description=r"Network interface for DBProxy (?P<name>.+)"),
    Kind("redshift cluster", description=r"RedshiftNetworkInterface$", requester=r"amazon-redshift$"),
    Kind("elasticache cluster", description=r"ElastiCache[ +](?P<name>.+)", requester=r"amazon-elasticache$"),
    Kind("dax cluster", description=r"DAX (?P<name>.+)"),
    Kind("dms replication instance", description=r"DMSNetworkInterface$"),
    Kind("lambda function", ("lambda",), r"AWS Lambda VPC ENI(?:-(?P<name>.+)-[0-9a-f-]{36}$|: )"),
    Kind("ecs task", description=r"(?P<id>arn:aws[\w-]*:ecs:[\w-]+:\d+:attachment/(?P<name>[\w-]+))"),
    Kind("eks control plane", description=r"Amazon EKS (?P<name>.+)"),
    Kind("eks node", description=r"aws-K8S-(?P<id>i-\w+)"),
    Kind("eks pod", ("trunk", "branch"), r"aws-k8s-(?:trunk|branch)-eni"),
    Kind("efs mount target", ("efs",), r"EFS mount target for (?P<id>fs-\w+)"),
    Kind(
        "vpc endpoint", ("vpc_endpoint", "gateway_load_balancer_endpoint"), r"VPC Endpoint Interface (?P<id>vpce-\w+)"
    ),
    Kind(
        "transit gateway",
        ("transit_gateway",),
        r"Network Interface for Transit Gateway Attachment (?P<id>tgw-attach-\w+)",
    ),
    Kind(
        "directory",
        description=r"AWS created network interface for directory (?P<id>d-\w+)",
        requester=r"amazon-directory-service$",
    ),
    Kind("workspace", description=r"(?i:Created By Amazon WorkSpaces for AWS Account ID )"),
    Kind("opensearch domain", description=r"ES (?P<name>.+)", requester=r"amazon-elasticsearch$"),
    Kind(
        "msk cluster",
        description=r"DO NOT DELETE - Amazon MSK network interface for cluster "
        r"(?P<id>arn:aws[\w-]*:kafka:[\w-]+:\d+:cluster/(?P<name>[^/]+)/\S+)",
    ),
    Kind("mq broker", description=r"Amazon MQ network interface for broker (?P<id>b-[\w-]+)"),
    Kind("glue job", description=r"Attached to Glue using role: (?P<id>arn:aws[\w-]*:iam::\d+:role/(?P<name>\S+))"),
    Kind(
        "sagemaker notebook",
        description=r"\[Do not delete\] Network Interface created to access resources in your VPC for SageMaker "
        r"Notebook Instance (?P<name>.+)",
    ),
    Kind(
        "sagemaker domain",
        description=r"\[DO NOT DELETE\] ENI managed by SageMaker for Studio Domain \(?(?P<id>[\w-]+)",
    ),
    Kind("emr cluster", description=r"AWS ElasticMapReduce"),
    Kind("api gateway link", ("api_gateway_managed",), r"ENI managed by APIGateway"),
    Kind("cloudhsm", description=r"CloudH[Ss][Mm] (?:Managed Interface|ENI )"),
    Kind("codestar connection", ("aws_codestar_connections_managed",), r"AWS CodeStar Connections"),
    Kind("codebuild project", description=r"AWS CodeBuild", requester=r".+:AWSCodeBuild-"),
    Kind("comprehend job", requester=r".+:Comprehend$"),
    Kind("resolver endpoint", description=r"Route 53 Resolver: (?P<id>rslvr-(?:in|out)-\w+)"),
    Kind("client vpn endpoint", description=r"ClientVPN Endpoint resource(?:.*(?P<id>cvpn-endpoint-\w+))?"),
    Kind("firehose stream", description=r"Amazon Kinesis Firehose - \d+:(?P<name>[^:]+):"),
    Kind("datasync task", description=r"datasync "),
    Kind("quicksight connection", ("quicksight",)),
    Kind("global accelerator", ("global_accelerator_managed",)),
    Kind("iot rule", ("iot_rules_managed",)),
    Kind("evs environment", ("evs",)),
    Kind("instance connect endpoint", ("ec2_instance_connect_endpoint",)),
)

_BY_TYPE = {interface_type: kind for kind in KINDS for interface_type in kind.types}


def owner_of_interface(facts: InterfaceFacts) -> Owner:
    """The owner: an instance first (its description is free text of whoever made the interface), then by type, by
    description, by requester; else unknown, called by the interface's own name.
    """
    if facts.instance_id:
        return _named("instance", facts.instance_id, facts)
    kind = _kind_of(facts)
    if kind is None:
        return _named(UNKNOWN, facts.interface_id, facts)
    told = re.match(kind.description, facts.description[:MAX_LETTERS]) if kind.description else None
    words = told.groupdict() if told else {}
    id_ = words.get("id") or facts.interface_id
    name = words.get("name") or facts.names.get(id_) or id_
    return Owner(kind.word, _bounded(id_), _bounded(name))


def _kind_of(facts: InterfaceFacts) -> Kind | None:
    if by_type := _BY_TYPE.get(facts.interface_type):
        return by_type
    description = facts.description[:MAX_LETTERS]
    by_description = (kind for kind in KINDS if kind.description and re.match(kind.description, description))
    by_requester = (kind for kind in KINDS if kind.requester and re.match(kind.requester, facts.requester_id))
    return next(by_description, None) or next(by_requester, None)


def _named(kind: str, id_: str, facts: InterfaceFacts) -> Owner:
    return Owner(kind, _bounded(id_), _bounded(facts.names.get(id_) or id_))


def _bounded(text: str) -> str:
    return text[:MAX_LETTERS]
