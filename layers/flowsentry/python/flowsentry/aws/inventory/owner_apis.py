"""AWS APIs that identify the owner of an interface: the calls, the fields of their answers, and how they apply.

An API is called only when EC2 described an interface of a kind that it knows.
"""

from collections.abc import Callable, Iterator
from typing import Any

from flowsentry.aws.inventory.ecs_tasks import CALLS as ECS_CALLS
from flowsentry.aws.inventory.ecs_tasks import name_ecs_tasks
from flowsentry.aws.inventory.pages import EC2_PAGE, NAME_TAG, Call, Described, Pages
from flowsentry.inventory.owner_kinds import FSX_FILE_SYSTEM, MEMORYDB_CLUSTER, UNKNOWN, Owner, bounded
from flowsentry.inventory.reported_owners import Candidate, Candidates, KnownOwners
from flowsentry.value import Value

BALANCERS = ("application load balancer", "network load balancer", "gateway load balancer")
LAMBDA_FUNCTION, RDS_DATABASE = "lambda function", "rds database"
SHARED = frozenset({LAMBDA_FUNCTION})
"""Functions in one subnet with the same security groups share a network interface.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-enis"""

NAMES: tuple[tuple[tuple[str, ...], Call], ...] = (
    (
        BALANCERS,
        Call("elbv2", "describe_load_balancers", "LoadBalancers[].{id: LoadBalancerArn, name: LoadBalancerName}", 400),
    ),
    (
        ("nat gateway",),
        Call("ec2", "describe_nat_gateways", f"NatGateways[].{{id: NatGatewayId, name: {NAME_TAG}}}", EC2_PAGE),
    ),
    (
        ("vpc endpoint", "gateway load balancer endpoint"),
        Call(
            "ec2",
            "describe_vpc_endpoints",
            f"VpcEndpoints[].{{id: VpcEndpointId, name: {NAME_TAG}, "
            "service: ServiceName || ServiceNetworkArn || ResourceConfigurationArn}",
            EC2_PAGE,
        ),
    ),
    (
        ("transit gateway",),
        Call(
            "ec2",
            "describe_transit_gateway_attachments",
            f"TransitGatewayAttachments[].{{id: TransitGatewayAttachmentId, name: {NAME_TAG}}}",
            EC2_PAGE,
        ),
    ),
    (
        ("client vpn endpoint",),
        Call(
            "ec2",
            "describe_client_vpn_endpoints",
            f"ClientVpnEndpoints[].{{id: ClientVpnEndpointId, name: ({NAME_TAG}) || Description}}",
            EC2_PAGE,
        ),
    ),
    (
        ("elasticache cluster",),
        Call(
            "elasticache", "describe_cache_clusters", "CacheClusters[].{id: CacheClusterId, name: ReplicationGroupId}"
        ),
    ),
    (("efs mount target",), Call("efs", "describe_file_systems", "FileSystems[].{id: FileSystemId, name: Name}")),
    (("mq broker",), Call("mq", "list_brokers", "BrokerSummaries[].{id: BrokerId, name: BrokerName}")),
    (("directory",), Call("ds", "describe_directories", "DirectoryDescriptions[].{id: DirectoryId, name: Name}")),
    (
        ("resolver endpoint",),
        Call("route53resolver", "list_resolver_endpoints", "ResolverEndpoints[].{id: Id, name: Name}"),
    ),
    (("api gateway link",), Call("apigatewayv2", "get_vpc_links", "Items[].{id: VpcLinkId, name: Name}")),
    (("sagemaker domain",), Call("sagemaker", "list_domains", "Domains[].{id: DomainId, name: DomainName}")),
)
"""EC2's description contains the owner's id; these calls return its name."""

OWNERS: tuple[tuple[str, str, Call], ...] = (
    (
        UNKNOWN,
        FSX_FILE_SYSTEM,
        Call(
            "fsx",
            "describe_file_systems",
            f"FileSystems[].{{id: FileSystemId, name: {NAME_TAG}, interfaces: NetworkInterfaceIds}}",
        ),
    ),
    (
        "cloudhsm",
        "cloudhsm",
        Call(
            "cloudhsmv2",
            "describe_clusters",
            "Clusters[].{id: ClusterId, name: TagList[?Key=='Name'] | [0].Value, interfaces: Hsms[].EniId}",
        ),
    ),
    (
        "instance connect endpoint",
        "instance connect endpoint",
        Call(
            "ec2",
            "describe_instance_connect_endpoints",
            "InstanceConnectEndpoints[]"
            f".{{id: InstanceConnectEndpointId, name: {NAME_TAG}, interfaces: NetworkInterfaceIds}}",
            50,
        ),
    ),
    (
        "quicksight connection",
        "quicksight connection",
        Call(
            "quicksight",
            "list_vpc_connections",
            "VPCConnectionSummaries[]"
            ".{id: VPCConnectionId, name: Name, interfaces: NetworkInterfaces[].NetworkInterfaceId}",
        ),
    ),
    (
        "redshift cluster",
        "redshift cluster",
        Call(
            "redshift",
            "describe_clusters",
            "Clusters[].{id: ClusterIdentifier, scope: VpcId, addresses: ClusterNodes[].PrivateIPAddress}",
        ),
    ),
    (
        "dms replication instance",
        "dms replication instance",
        Call(
            "dms",
            "describe_replication_instances",
            "ReplicationInstances[].{id: ReplicationInstanceArn, name: ReplicationInstanceIdentifier, "
            "scope: ReplicationSubnetGroup.VpcId, "
            "addresses: ReplicationInstancePrivateIpAddresses || [ReplicationInstancePrivateIpAddress]}",
        ),
    ),
    (
        "workspace",
        "workspace",
        Call(
            "workspaces",
            "describe_workspaces",
            "Workspaces[].{id: WorkspaceId, name: WorkspaceName || ComputerName, scope: SubnetId, "
            "addresses: [IpAddress]}",
        ),
    ),
    (
        "elasticache cluster",
        MEMORYDB_CLUSTER,
        Call(
            "memorydb",
            "describe_clusters",
            "Clusters[].{id: ARN, name: Name, words: Shards[].Nodes[].Name}",
            arguments={"ShowShardDetails": True},
        ),
    ),
)
"""The owner kind that EC2 reports, the kind that the service reports, and the call that identifies the interfaces: by
their ids, by private addresses within a scope, or by words of their descriptions."""

FUNCTIONS = Call(
    "lambda",
    "list_functions",
    "Functions[?VpcConfig.SubnetIds]"
    ".{id: FunctionArn, name: FunctionName, subnets: VpcConfig.SubnetIds, groups: VpcConfig.SecurityGroupIds}",
)
DATABASES = Call(
    "rds",
    "describe_db_instances",
    "DBInstances[].{id: DBInstanceArn, name: DBInstanceIdentifier, subnets: DBSubnetGroup.Subnets[].SubnetIdentifier, "
    "groups: VpcSecurityGroups[].VpcSecurityGroupId, changing: VpcSecurityGroups[?Status!='active'], "
    "zones: [AvailabilityZone, SecondaryAvailabilityZone]}",
)


class OwnerLookup(Value, frozen=True):
    """The state of one lookup: the account, its zone ids by zone name, and the owners known so far."""

    pages: Pages
    known: KnownOwners
    account_id: str
    zone_ids: dict[str, str]


class OwnerApi(Value, frozen=True):
    """One API, called when an interface of one of these kinds was described; `fetch` adds its owners to the lookup."""

    kinds: tuple[str, ...]
    calls: tuple[Call, ...]
    fetch: Callable[[OwnerLookup], None]

    @property
    def label(self) -> str:
        return str(self.calls[-1])


def owner_apis() -> Iterator[OwnerApi]:
    """All APIs in calling order: the slowest come last."""
    for kinds, call in NAMES:
        yield OwnerApi(kinds, (call,), _names(kinds, call))
    for kind, known_as, call in OWNERS:
        yield OwnerApi((kind,), (call,), _owners(kind, known_as, call))
    yield OwnerApi((RDS_DATABASE,), (DATABASES,), _candidates(RDS_DATABASE, DATABASES))
    yield OwnerApi((LAMBDA_FUNCTION,), (FUNCTIONS,), _candidates(LAMBDA_FUNCTION, FUNCTIONS))
    yield OwnerApi(("ecs task",), ECS_CALLS, lambda lookup: name_ecs_tasks(lookup.pages, lookup.known))


def _names(kinds: tuple[str, ...], call: Call) -> Callable[[OwnerLookup], None]:
    def fetch(lookup: OwnerLookup) -> None:
        for row in lookup.pages.rows(call):
            if name := row["name"] or _short(row.get("service")):
                for kind in kinds:
                    lookup.known.add_ids([kind], [_word(row["id"])], Owner(kind, bounded(row["id"]), bounded(name)))

    return fetch


def _owners(kind: str, known_as: str, call: Call) -> Callable[[OwnerLookup], None]:
    def fetch(lookup: OwnerLookup) -> None:
        account = {"AwsAccountId": lookup.account_id} if call.service == "quicksight" else {}
        for row in lookup.pages.rows(call, **account):
            owner = Owner(known_as, bounded(row["id"]), bounded(row.get("name") or row["id"]))
            lookup.known.add_interfaces(row.get("interfaces") or (), owner)
            lookup.known.add_addresses(row.get("scope") or "", filter(None, row.get("addresses") or ()), owner)
            lookup.known.add_ids([kind], row.get("words") or (), owner)

    return fetch


def _candidates(kind: str, call: Call) -> Callable[[OwnerLookup], None]:
    def fetch(lookup: OwnerLookup) -> None:
        rows = list(lookup.pages.rows(call))
        lookup.known.candidates[kind] = Candidates.of(_candidate(kind, row, lookup.zone_ids) for row in rows)

    return fetch


def _candidate(kind: str, row: Described, zone_ids: dict[str, str]) -> Candidate:
    zones: list[Any] = [zone_ids.get(name) for name in row.get("zones") or () if name]
    return Candidate(
        Owner(kind, bounded(row["id"]), bounded(row["name"])),
        account_id=row["id"].split(":")[4],
        subnet_ids=frozenset(row["subnets"] or ()),
        security_groups=None if row.get("changing") else frozenset(row["groups"] or ()),
        zones=frozenset(zones) if zones and all(zones) else None,
    )


def _word(id_: str) -> str:
    """The id as it appears in an interface's description: of a load balancer's ARN, the part after `loadbalancer/`."""
    return id_.partition(":loadbalancer/")[2] or id_


def _short(service: str | None) -> str:
    """The part after the Region in a service's name: `com.amazonaws.eu-central-1.s3` → `s3`."""
    name = (service or "").rpartition("/")[2]
    words = name.split(".")
    regions = [number for number, word in enumerate(words) if word.count("-") > 1 and word[-1].isdigit()]
    return ".".join(words[regions[0] + 1 :]) if regions and regions[0] + 1 < len(words) else name
