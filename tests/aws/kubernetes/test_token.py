"""Bearer tokens: a presigned STS request, without a network call. test_cluster.py shows that a cluster accepts one."""

import base64
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from flowsentry.aws.kubernetes.token import ClusterToken
from tests.moto_world import REGION

CLUSTER = "production"


def session() -> boto3.Session:
    return boto3.Session("ASIAEXAMPLE", "no/secret+at/all", "a/session+token")


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "sts.eu-central-1.amazonaws.com"),
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
    ],
)
def test_a_token_is_a_presigned_request_to_the_region_s_sts(region: str, host: str) -> None:
    token = ClusterToken(CLUSTER, region, session())()
    encoded = token.removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    assert url.startswith(f"https://{host}/?Action=GetCallerIdentity&Version=2011-06-15&")
    assert "X-Amz-Expires=60&" in url
    assert "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&" in url
    assert "=" not in token


def test_without_credentials_a_token_raises_no_credentials_error() -> None:
    class Nobody(boto3.Session):
        def get_credentials(self) -> Any:
            return None

    with pytest.raises(NoCredentialsError):
        ClusterToken(CLUSTER, REGION, Nobody())()
