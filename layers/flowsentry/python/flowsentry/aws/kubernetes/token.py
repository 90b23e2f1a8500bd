"""Bearer tokens for an EKS cluster's API: a presigned GetCallerIdentity request."""

import base64
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import NoCredentialsError
from botocore.signers import RequestSigner

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
EXPIRES_SECONDS = 60
"""Expiry in the presigned URL. Clusters ignore it and accept a token for 15 minutes after its signature, but old
clusters refuse more than 60. https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/token/token.go"""


@dataclass(frozen=True)
class ClusterToken:
    """Creates bearer tokens for one EKS cluster, without a network call: the cluster sends the presigned request to
    STS, whose answer identifies the role. A token is valid for this cluster only, since the cluster's name is signed.

    https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html
    https://github.com/kubernetes-sigs/aws-iam-authenticator#how-does-it-work
    """

    cluster: str
    region: str
    session: boto3.Session = field(default_factory=boto3.Session, repr=False)

    def __call__(self) -> str:
        url = self._signed_url()
        return PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")

    @cached_property
    def _sts(self) -> Any:
        """The Region's STS client, which knows the endpoint in each partition. It is not called."""
        return self.session.client("sts", region_name=self.region)

    def _signed_url(self) -> str:
        credentials = self.session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        sts = self._sts.meta
        signer = RequestSigner(sts.service_model.service_id, self.region, "sts", "v4", credentials, sts.events)
        request = {
            "method": "GET",
            "url": f"{sts.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {CLUSTER_HEADER: self.cluster},
            "context": {},
        }
        return str(signer.generate_presigned_url(request, "GetCallerIdentity", expires_in=EXPIRES_SECONDS))
