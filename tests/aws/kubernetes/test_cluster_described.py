"""Clusters as EKS describes them, and errors of DescribeCluster."""

import base64
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from flowsentry.aws.kubernetes.cluster import EksCluster
from flowsentry.errors import PoisonError, RetryableError
from tests.moto_world import REGION

CLUSTER, VPC = "production", "vpc-0123456789abcdef0"
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
ENDPOINT = "https://0123.gr7.eu-central-1.eks.amazonaws.com"


def test_an_unknown_cluster_name_is_poison() -> None:
    eks = boto3.client("eks", region_name=REGION)
    with pytest.raises(PoisonError, match="there is no cluster 'production' in this region") as poison:
        EksCluster.described(eks, CLUSTER, lambda: "")
    assert poison.value.reason == "unknown-cluster"


class _Eks:
    """EKS that returns this description, or fails."""

    def __init__(self, description: Any = None, *, error: Exception | None = None) -> None:
        self.description, self.error = description, error

    def describe_cluster(self, *, name: str) -> Any:
        assert name == CLUSTER
        if self.error:
            raise self.error
        return {"cluster": self.description}


def described(**changes: Any) -> dict[str, Any]:
    return {
        "name": CLUSTER,
        "status": "ACTIVE",
        "endpoint": ENDPOINT,
        "certificateAuthority": {"data": base64.b64encode(PEM.encode()).decode()},
        "resourcesVpcConfig": {"vpcId": VPC},
        **changes,
    }


def test_a_cluster_has_the_endpoint_the_authority_and_the_vpc_of_eks() -> None:
    made = EksCluster.described(_Eks(described()), CLUSTER, lambda: "token")
    assert (made.name, made.endpoint, made.certificate_authority, made.vpc_id) == (CLUSTER, ENDPOINT, PEM, VPC)
    assert made.token() == "token"


def test_a_cluster_in_creation_raises_retryable_error() -> None:
    description = described(status="CREATING")
    del description["endpoint"]
    with pytest.raises(RetryableError, match="cluster 'production' has no endpoint: it is CREATING"):
        EksCluster.described(_Eks(description), CLUSTER, lambda: "")


def test_an_authority_without_valid_base64_is_poison() -> None:
    description = described(certificateAuthority={"data": "!"})
    with pytest.raises(PoisonError, match="certificate authority that can't be read"):
        EksCluster.described(_Eks(description), CLUSTER, lambda: "")


def refused(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeCluster")


def test_a_missing_eks_permission_is_poison_that_names_it() -> None:
    with pytest.raises(PoisonError, match="allow the function eks:DescribeCluster") as poison:
        EksCluster.described(_Eks(error=refused("AccessDeniedException", 403)), CLUSTER, lambda: "")
    assert poison.value.reason == "cluster-access-denied"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refused("ThrottlingException", 429), RetryableError),
        (refused("ServerException", 500), RetryableError),
        (refused("InvalidParameterException", 400), ClientError),
    ],
)
def test_a_throttled_eks_raises_retryable_error_and_an_unexpected_error_is_unchanged(
    error: ClientError, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=r"describe cluster 'production'|InvalidParameterException"):
        EksCluster.described(_Eks(error=error), CLUSTER, lambda: "")
