"""An EKS cluster, as EKS describes it, and its pods, as its API server lists them."""

import base64
from collections.abc import Callable, Container, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, Self
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from flowsentry.aws.kubernetes.api_server import ClusterApi, ExpiredError, Limits
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.inventory.endpoint_slices import Pods, pods_in

SLICES = "/apis/discovery.k8s.io/v1/endpointslices"
SLICES_A_PAGE = 500
"""kubectl's page size. A page of full slices (100 pods each) is 15 MB, and 100,000 pods take 100 MB while they are
read. Higher: twice as many slices take all of the function's memory. Lower: more round trips.
https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks"""
DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


class DescribesClusters(Protocol):
    """The method that is used of an EKS client."""

    def describe_cluster(self, *, name: str) -> Any: ...


@dataclass(frozen=True)
class EksCluster:
    """An EKS cluster and access to it: `certificate_authority` is PEM, `token` returns a bearer token for each request.

    Both methods raise RetryableError for transient failures and PoisonError for permanent ones. Either concerns this
    cluster alone: the caller continues with the next one, and keeps the previous discovery of this one.
    """

    name: str
    endpoint: str
    certificate_authority: str = field(repr=False)
    vpc_id: str
    token: Callable[[], str] = field(repr=False)
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def described(cls, eks: DescribesClusters, name: str, token: Callable[[], str]) -> Self:
        """The cluster of this name as EKS describes it now: an upgrade may change its endpoint or authority."""
        cluster = _described(eks, name)
        try:
            endpoint, authority = cluster["endpoint"], cluster["certificateAuthority"]["data"]
        except KeyError as error:
            raise RetryableError(f"cluster {name!r} has no endpoint: it is {cluster.get('status')}") from error
        try:
            pem = base64.b64decode(authority, validate=True).decode("ascii")
        except ValueError as error:
            sentence = f"cluster {name!r} has a certificate authority that can't be read"
            raise PoisonError("cluster-unreadable", sentence) from error
        vpc_id = cluster.get("resourcesVpcConfig", {}).get("vpcId", "")
        return cls(name, endpoint, pem, vpc_id, token)

    def pods(self, node_addresses: Container[str] = ()) -> Pods:
        """The pods that services select, without those at node addresses. See `pods_in` for what is left out.

        A list that expires while it is read (410) is started again once.
        """
        api = ClusterApi(self.name, self.endpoint, self.certificate_authority, self.token, self.limits)
        with closing(api):
            with suppress(ExpiredError):
                return pods_in(self._slices(api), node_addresses)
            return pods_in(self._slices(api), node_addresses)

    def _slices(self, api: ClusterApi) -> Iterator[object]:
        following = ""
        while True:
            page = api.get(_path(following))
            slices, metadata = page.get("items") or [], page.get("metadata") or {}
            if not isinstance(slices, list) or not isinstance(metadata, dict):
                raise PoisonError("cluster-unreadable", f"cluster {self.name!r} returns no list")
            yield from slices
            following = str(metadata.get("continue") or "")
            if not following:
                return


def _path(following: str) -> str:
    query = {"limit": str(SLICES_A_PAGE)} | ({"continue": following} if following else {})
    return f"{SLICES}?{urlencode(query)}"


def _described(eks: DescribesClusters, name: str) -> dict[str, Any]:
    with retryable(f"describe cluster {name!r}"):
        try:
            cluster: dict[str, Any] = eks.describe_cluster(name=name)["cluster"]
        except ClientError as error:
            if code_of(error) in DENIED:
                sentence = f"cluster {name!r} can't be described: allow the function eks:DescribeCluster"
                raise PoisonError("cluster-access-denied", sentence) from error
            if code_of(error) == "ResourceNotFoundException":
                raise PoisonError("unknown-cluster", f"there is no cluster {name!r} in this region") from error
            raise
    return cluster
