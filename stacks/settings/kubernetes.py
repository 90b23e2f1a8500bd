"""The user's settings for Kubernetes: clusters whose pods are named, and the network from which they can be reached."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stacks.settings.allowed import list_of, setting, text, yes_or_no

MOST_SUBNETS, MOST_SECURITY_GROUPS = 16, 5
"""Of a function. https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html"""


@dataclass(frozen=True)
class KubernetesCluster:
    """An EKS cluster of this account; without a region, of the region that is deployed into."""

    # https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
    name: str = setting(text(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", "the name of an EKS cluster such as production"))
    region: str = setting(text(r"[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}", "a region such as eu-central-1"), default="")
    access_entry: bool = setting(yes_or_no(), default=True)
    kubernetes_groups: tuple[str, ...] = setting(
        list_of(
            text(
                r"(?!(system|eks|aws|amazon|iam):)[A-Za-z0-9:._-]{1,63}",
                "a group of your own that a ClusterRoleBinding names, such as flowsentry",
            )
        ),
        default=(),
    )

    @property
    def id(self) -> str:
        """What tells it from all other clusters."""
        return f"{self.region}:{self.name}" if self.region else self.name

    def problems(self) -> Iterator[str]:
        if self.kubernetes_groups and not self.access_entry:
            yield "kubernetes_groups are given and need access_entry true; access_entry is false"


def between_clusters(clusters: Sequence[KubernetesCluster]) -> Iterator[str]:
    """What can't be between clusters: one named twice would be given two access entries, and EKS takes one."""
    ids = Counter(cluster.id for cluster in clusters)
    yield from (f"{id_} is named {times} times; allowed: once" for id_, times in ids.items() if times > 1)


@dataclass(frozen=True)
class InventoryNetwork:
    """Where the inventory function is to run, so that it reaches clusters whose endpoint is private. The subnets say
    which VPC it is.
    """

    subnet_ids: tuple[str, ...] = setting(
        list_of(text(r"subnet-[0-9a-f]{8,17}", "a subnet's id such as subnet-0123456789abcdef0"), at_least=1)
    )
    security_group_ids: tuple[str, ...] = setting(
        list_of(text(r"sg-[0-9a-f]{8,17}", "a security group's id such as sg-0123456789abcdef0"), at_least=1)
    )

    def problems(self) -> Iterator[str]:
        for key, ids, most in (
            ("subnet_ids", self.subnet_ids, MOST_SUBNETS),
            ("security_group_ids", self.security_group_ids, MOST_SECURITY_GROUPS),
        ):
            if len(ids) > most:
                yield f"{key} are {len(ids)}; allowed: {most}"
