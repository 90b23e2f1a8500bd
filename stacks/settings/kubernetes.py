"""Settings for Kubernetes: EKS clusters whose pods are named, and the network in which the inventory reaches them."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.settings.values import NAMED_ONCE, Region, Section, SubnetId, repeated

RESERVED_PREFIXES = ("system:", "eks:", "aws:", "amazon:", "iam:")
"""https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html"""


def _own_group(name: str) -> str:
    if name.startswith(RESERVED_PREFIXES):
        raise ValueError
    return name


ClusterName = Annotated[
    str,
    # https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", title="the name of an EKS cluster", examples=["production"]),
]
KubernetesGroup = Annotated[
    str,
    AfterValidator(_own_group),
    Field(
        pattern=r"^[A-Za-z0-9:._-]{1,63}$",
        title=f"a group that a ClusterRoleBinding names, without {' '.join(RESERVED_PREFIXES)} first,",
        examples=["flowsentry"],
    ),
]
# https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html
SecurityGroupId = Annotated[
    str, Field(pattern=r"^sg-[0-9a-f]{8,17}$", title="a security group ID", examples=["sg-0123456789abcdef0"])
]


class KubernetesCluster(Section):
    """An EKS cluster of this account."""

    name: ClusterName
    """The name of the EKS cluster."""
    region: Region = ""
    """Its Region; without it the Region that the app is deployed in."""
    access_entry: bool = True
    """The app creates the access entry that admits the function. The cluster's authentication mode must allow access
    entries, and the cluster must be in the Region that the app is deployed in. False: you create the entry, or map the
    function's role yourself."""
    kubernetes_groups: Annotated[tuple[KubernetesGroup, ...], NAMED_ONCE] = ()
    """Groups for the access entry. They must be allowed to list `endpointslices.discovery.k8s.io` in all namespaces.
    Without them the entry has `AmazonEKSViewPolicy`."""

    @property
    def id(self) -> str:
        """Identifies the cluster."""
        return f"{self.region}:{self.name}" if self.region else self.name

    def broken_rules(self) -> Iterator[str]:
        """Groups without an access entry."""
        if self.kubernetes_groups and not self.access_entry:
            yield "kubernetes_groups are given and need access_entry true; access_entry is false"


def broken_rules_between_clusters(clusters: Sequence[KubernetesCluster]) -> Iterator[str]:
    """Clusters that are named twice: EKS accepts one access entry for a role."""
    ids = repeated(cluster.id for cluster in clusters)
    yield from (f"{id_} is named {times} times; allowed: once" for id_, times in ids.items())


class InventoryNetwork(Section):
    """The network of the inventory function, from which it reaches clusters with a private endpoint. The subnets
    determine the VPC.
    """

    subnet_ids: Annotated[tuple[SubnetId, ...], NAMED_ONCE] = Field(min_length=1, max_length=16)
    """Subnets of the cluster's VPC, or of a VPC that reaches it. The function must also reach AWS from there: through a
    NAT gateway, or through VPC endpoints of all services that it describes."""
    security_group_ids: Annotated[tuple[SecurityGroupId, ...], NAMED_ONCE] = Field(min_length=1, max_length=5)
    """Security groups of the function. The cluster's security group must allow them on port 443."""
