"""What EKS says of a cluster, and what it means when it says nothing."""

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


def test_eks_is_asked_for_the_cluster_of_this_name() -> None:
    eks = boto3.client("eks", region_name=REGION)
    with pytest.raises(PoisonError, match="there is no cluster 'production' in this region") as poison:
        EksCluster.described(eks, CLUSTER, lambda: "")
    assert poison.value.reason == "unknown-cluster"


class _Eks:
    """EKS that describes this, or fails."""

    def __init__(self, told: Any = None, *, error: Exception | None = None) -> None:
        self.told, self.error = told, error

    def describe_cluster(self, *, name: str) -> Any:
        assert name == CLUSTER
        if self.error:
            raise self.error
        return {"cluster": self.told}


def described(**changes: Any) -> dict[str, Any]:
    return {
        "name": CLUSTER,
        "status": "ACTIVE",
        "endpoint": ENDPOINT,
        "certificateAuthority": {"data": base64.b64encode(PEM.encode()).decode()},
        "resourcesVpcConfig": {"vpcId": VPC},
        **changes,
    }


def test_a_cluster_has_the_address_the_authority_and_the_vpc_that_eks_tells() -> None:
    made = EksCluster.described(_Eks(described()), CLUSTER, lambda: "token")
    assert (made.name, made.endpoint, made.certificate_authority, made.vpc_id) == (CLUSTER, ENDPOINT, PEM, VPC)
    assert made.token() == "token"


def test_a_cluster_that_is_being_made_is_to_be_retried() -> None:
    told = described(status="CREATING")
    del told["endpoint"]
    with pytest.raises(RetryableError, match="cluster 'production' has no endpoint: it is CREATING"):
        EksCluster.described(_Eks(told), CLUSTER, lambda: "")


def test_an_authority_that_is_no_base64_is_poison() -> None:
    told = described(certificateAuthority={"data": "!"})
    with pytest.raises(PoisonError, match="certificate authority that can't be read"):
        EksCluster.described(_Eks(told), CLUSTER, lambda: "")


def refused(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeCluster")


def test_without_the_permission_it_is_poison_that_names_it() -> None:
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
def test_eks_that_throttles_is_to_be_retried_and_an_error_nobody_foresaw_stays(
    error: ClientError, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=r"describe cluster 'production'|InvalidParameterException"):
        EksCluster.described(_Eks(error=error), CLUSTER, lambda: "")
