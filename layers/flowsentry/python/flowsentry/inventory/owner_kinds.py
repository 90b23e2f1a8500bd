"""Identifies the owner of an interface from what EC2 describes: one row for each kind of owner, in order of precedence.

AWS documents few of these descriptions; they are what DescribeNetworkInterfaces returns, as known from public
classifiers (Cloud Custodian, terraform-provider-aws and others).
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from msgspec import field

from flowsentry.value import Value

UNKNOWN = "unknown"
KUBERNETES_POD = "kubernetes pod"
AWS_SERVICE = "aws service"
"""Owners without their own interface: a pod has an address of its node's interface, an AWS service is identified by its
published address range."""
ELASTIC_IP = "elastic ip"
"""An Elastic IP address without an interface: traffic to it is not delivered."""
INSTANCE = "instance"
EKS_NODE = "eks node"
FSX_FILE_SYSTEM = "fsx file system"
MEMORYDB_CLUSTER = "memorydb cluster"
"""Owner kinds that EC2 does not identify; the APIs of their services do."""
MAX_LETTERS = 255
"""Longest id or name: EC2's own limit for descriptions and tag values. Names appear in alerts: see emit."""


class Owner(NamedTuple):
    """The owner of an interface; `name` is a Name tag or the resource's name, else the id."""

    kind: str
    id: str
    name: str


class Kind(Value, frozen=True):
    """One kind of owner. `description` is a regular expression for the start of the interface's description, whose
    groups `id` and `name`, if any, identify the owner. `types` are values of InterfaceType, `requester` matches
    RequesterId.
    """

    word: str
    types: tuple[str, ...] = ()
    description: str = ""
    requester: str = ""


class InterfaceFacts(Value, frozen=True):
    """What EC2 describes about one interface; `link_id` is its tag VpcLinkId, `names` are the names of instances, load
    balancers and interfaces by id.
    """

    interface_id: str
    interface_type: str = "interface"
    description: str = ""
    requester_id: str = ""
    instance_id: str = ""
    link_id: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


_API_GATEWAY_LINK = "api gateway link"
# The more exact row first: `ELB app/` before `ELB `, also where they have a type in common. Both spellings of the NAT
# gateway's type occur: the API model says natGateway, the API answers nat_gateway.
KINDS: tuple[Kind, ...] = (
    Kind("application load balancer", ("load_balancer",), r"ELB (?P<id>app/(?P<name>[^/]+)/\w+)"),
    Kind("network load balancer", ("network_load_balancer",), r"ELB (?P<id>net/(?P<name>[^/]+)/\w+)"),
    Kind("gateway load balancer", ("gateway_load_balancer",), r"ELB (?P<id>gwy/(?P<name>[^/]+)/\w+)"),
    Kind("classic load balancer", ("load_balancer",), r"ELB (?P<id>[^/]+)$", r"amazon-elb$"),
    Kind("nat gateway", ("nat_gateway", "natGateway"), r"Interface for NAT Gateway (?P<id>nat-\w+)", r"amazon-nat$"),
    Kind("rds database", description=r"RDSNetworkInterface$", requester=r"amazon-rds$"),
    Kind("rds proxy", description=r"Network interface for DBProxy (?P<id>.+)"),
    Kind("redshift cluster", description=r"RedshiftNetworkInterface$", requester=r"amazon-redshift$"),
    Kind("elasticache cluster", description=r"ElastiCache[ +](?P<id>.+)", requester=r"amazon-elasticache$"),
    Kind("dax cluster", description=r"DAX (?P<id>.+)"),
    Kind("dms replication instance", description=r"DMSNetworkInterface$"),
    Kind("lambda function", ("lambda",), r"AWS Lambda VPC ENI(?:-(?P<name>.+)-[0-9a-f-]{36}$|: )"),
    Kind("ecs task", ("branch",), r"(?P<id>arn:aws[\w-]*:ecs:[\w-]+:\d+:attachment/(?P<name>[\w-]+))"),
    Kind("eks control plane", description=r"Amazon EKS (?P<id>.+)"),
    Kind(EKS_NODE, description=r"aws-K8S-(?P<id>i-\w+)"),
    Kind("eks pod", ("trunk", "branch"), r"aws-k8s-(?:trunk|branch)-eni"),
    Kind("efs mount target", ("efs",), r"EFS mount target for (?P<id>fs-\w+)"),
    Kind("vpc endpoint", ("vpc_endpoint",), r"VPC Endpoint Interface (?P<id>vpce-\w+)"),
    Kind(
        "gateway load balancer endpoint",
        ("gateway_load_balancer_endpoint",),
        r"VPC Endpoint Interface (?P<id>vpce-\w+)",
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
    Kind("opensearch domain", description=r"ES (?P<id>.+)", requester=r"amazon-elasticsearch$"),
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
        r"Notebook Instance (?P<id>.+)",
    ),
    Kind(
        "sagemaker domain",
        description=r"\[DO NOT DELETE\] ENI managed by SageMaker for Studio Domain \(?(?P<id>[\w-]+)",
    ),
    Kind("emr cluster", description=r"AWS ElasticMapReduce"),
    Kind(_API_GATEWAY_LINK, ("api_gateway_managed",), r"ENI managed by APIGateway"),
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

KIND_OF_TYPE = {interface_type: kind.word for kind in KINDS for interface_type in kind.types}
"""The owner kind for each value of InterfaceType, which flow logs also have from version 11 on."""
_OF_TYPE = {each: tuple(kind for kind in KINDS if each in kind.types) for each in KIND_OF_TYPE}
_PLAIN_TYPES = ("", "interface", "efa", "efa-only")
"""Types that identify no owner: any account can create such interfaces."""


def owner_of_interface(facts: InterfaceFacts) -> Owner:
    """The owner, in order of precedence: the attached instance (whose interface description is free text), by type, by
    description, by requester, then the type itself, since AWS adds types without notice; else `unknown` with the
    interface's own name.
    """
    if facts.instance_id:
        return _named(INSTANCE, facts.instance_id, facts)
    kind = _kind_of(facts)
    if kind is None:
        return _named(_type_in_words(facts), facts.interface_id, facts)
    match = _match(kind, facts)
    words = match.groupdict() if match else {}
    id_ = words.get("id") or (facts.link_id if kind.word == _API_GATEWAY_LINK else "") or facts.interface_id
    name = words.get("name") or facts.names.get(id_) or facts.names.get(facts.interface_id) or id_
    return Owner(kind.word, bounded(id_), bounded(name))


def bounded(text: str) -> str:
    """The text, cut to MAX_LETTERS."""
    return text[:MAX_LETTERS]


def _kind_of(facts: InterfaceFacts) -> Kind | None:
    if of_type := _OF_TYPE.get(facts.interface_type):
        return next((kind for kind in of_type if _match(kind, facts)), of_type[-1])
    by_description = (kind for kind in KINDS if _match(kind, facts))
    by_requester = (kind for kind in KINDS if kind.requester and re.match(kind.requester, facts.requester_id))
    return next(by_description, None) or next(by_requester, None)


def _match(kind: Kind, facts: InterfaceFacts) -> re.Match[str] | None:
    return re.match(kind.description, bounded(facts.description)) if kind.description else None


def _type_in_words(facts: InterfaceFacts) -> str:
    is_plain = facts.interface_type in _PLAIN_TYPES
    return UNKNOWN if is_plain else bounded(facts.interface_type.replace("_", " "))


def _named(kind: str, id_: str, facts: InterfaceFacts) -> Owner:
    return Owner(kind, bounded(id_), bounded(facts.names.get(id_) or id_))
