"""Redshift: the VPC and nodes of clusters, from which the inventory identifies the owners of network interfaces."""

from typing import Any

from moto.redshift.models import Cluster

from local.aws.moto_patches import adds
from local.aws.settings import REDSHIFT_INTERFACE


@adds(Cluster, "vpc_id", property)
def cluster_vpc_id(cluster: Any) -> str | None:
    """Moto's clusters have no VPC."""
    subnets = cluster.redshift_backend.subnet_groups.get(cluster.cluster_subnet_group_name)
    return subnets.vpc_id if subnets else None


@adds(Cluster, "cluster_nodes", property)
def cluster_nodes(cluster: Any) -> list[dict[str, str]]:
    """Moto's clusters have no nodes. Here the nodes are the network interfaces with Redshift's description that are in
    the cluster's subnets and have its security groups.
    """
    subnets = cluster.redshift_backend.subnet_groups.get(cluster.cluster_subnet_group_name)
    interfaces = cluster.redshift_backend.ec2_backend.enis.values() if subnets else ()
    return [
        {"NodeRole": "SHARED", "PrivateIPAddress": each.private_ip_address}
        for each in interfaces
        if each.description == REDSHIFT_INTERFACE
        and each.subnet.id in subnets.subnet_ids
        and {group.id for group in each.group_set} == set(cluster.vpc_security_group_ids)
    ]
