"""Redshift: clusters tell of their VPC and their nodes, as whoever asks whose an interface is must know."""

from typing import Any

from moto.redshift.models import Cluster

from local.aws.gaps import adds

DESCRIPTION = "RedshiftNetworkInterface"
"""What EC2 says of the interface of a node."""


@adds(Cluster, "vpc_id", property)
def vpc_of(cluster: Any) -> str | None:
    """Moto's clusters are in no VPC."""
    subnets = cluster.redshift_backend.subnet_groups.get(cluster.cluster_subnet_group_name)
    return subnets.vpc_id if subnets else None


@adds(Cluster, "cluster_nodes", property)
def nodes_of(cluster: Any) -> list[dict[str, str]]:
    """Moto's clusters have no nodes. Here they are the interfaces that are described as Redshift's, in the cluster's
    subnets and with its security groups.
    """
    subnets = cluster.redshift_backend.subnet_groups.get(cluster.cluster_subnet_group_name)
    interfaces = cluster.redshift_backend.ec2_backend.enis.values() if subnets else ()
    return [
        {"NodeRole": "SHARED", "PrivateIPAddress": each.private_ip_address}
        for each in interfaces
        if each.description == DESCRIPTION
        and each.subnet.id in subnets.subnet_ids
        and {group.id for group in each.group_set} == set(cluster.vpc_security_group_ids)
    ]
