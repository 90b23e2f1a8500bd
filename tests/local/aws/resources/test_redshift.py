"""Redshift: the VPC and nodes of clusters."""

from local.aws.embedded import EmbeddedAws
from local.aws.settings import REDSHIFT_INTERFACE


def test_a_cluster_in_a_vpc_has_its_network_interfaces_as_nodes(aws: EmbeddedAws) -> None:
    ec2, redshift = aws.client("ec2"), aws.client("redshift")
    vpc_id = ec2.create_vpc(CidrBlock="10.61.0.0/16")["Vpc"]["VpcId"]
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.61.1.0/24")["Subnet"]["SubnetId"]
    groups = [ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc_id)["GroupId"] for name in "ab"]
    for number, group in enumerate(groups, 70):
        ec2.create_network_interface(
            SubnetId=subnet_id, PrivateIpAddress=f"10.61.1.{number}", Groups=[group], Description=REDSHIFT_INTERFACE
        )
    redshift.create_cluster_subnet_group(ClusterSubnetGroupName="sales", Description="-", SubnetIds=[subnet_id])
    redshift.create_cluster(
        ClusterIdentifier="sales",
        NodeType="ra3.large",
        MasterUsername="owner",
        MasterUserPassword="Not-a-secret-1",
        ClusterSubnetGroupName="sales",
        VpcSecurityGroupIds=groups[:1],
    )
    [cluster] = redshift.describe_clusters()["Clusters"]
    assert cluster["VpcId"] == vpc_id
    assert [node["PrivateIPAddress"] for node in cluster["ClusterNodes"]] == ["10.61.1.70"]
    assert aws.failures() == []


def test_a_cluster_without_a_vpc_has_no_nodes(aws: EmbeddedAws) -> None:
    redshift = aws.client("redshift")
    redshift.create_cluster(
        ClusterIdentifier="old", NodeType="dc1.large", MasterUsername="owner", MasterUserPassword="Not-a-secret-1"
    )
    [cluster] = redshift.describe_clusters(ClusterIdentifier="old")["Clusters"]
    assert not cluster.get("VpcId")
    assert not cluster.get("ClusterNodes")
