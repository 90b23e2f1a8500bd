"""Listing pods over HTTPS: certificates, tokens, pages, limits and errors."""

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography import x509

from flowsentry.aws.kubernetes.api_server import Limits, trust_only
from flowsentry.aws.kubernetes.cluster import EksCluster
from flowsentry.aws.kubernetes.token import ClusterToken
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.inventory.endpoint_slices import Pods
from tests.aws.kubernetes.kubernetes_api import Authority, KubernetesApi, serving
from tests.moto_world import REGION

CLUSTER, VPC = "production", "vpc-0123456789abcdef0"
SECRET_KEY = "no/secret+at/all"
FEW_BYTES = Limits(bytes=100_000)
SLICES = [
    {
        "metadata": {"namespace": "shop", "labels": {"kubernetes.io/service-name": "checkout"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [f"10.0.1.{number}"], "targetRef": {"kind": "Pod", "name": f"checkout-{number}"}}],
    }
    for number in range(10, 15)
]
Serve = Callable[..., KubernetesApi]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.made()


@pytest.fixture
def serve(authority: Authority, tmp_path: Path) -> Iterator[Serve]:
    """Starts the cluster's API server with this behaviour."""
    running = []

    def start(authority: Authority = authority, **behaviour: Any) -> KubernetesApi:
        api = KubernetesApi(CLUSTER, REGION, SECRET_KEY, **{"slices": SLICES, **behaviour})
        running.append(serving(api, authority, tmp_path))
        return running[-1].__enter__()

    yield start
    for server in running:
        server.__exit__(None, None, None)


@lru_cache
def session(secret_key: str = SECRET_KEY) -> boto3.Session:
    return boto3.Session("ASIAEXAMPLE", secret_key, "a/session+token")


def cluster(api: KubernetesApi, authority: Authority, **changes: Any) -> EksCluster:
    token = ClusterToken(CLUSTER, REGION, session())
    return EksCluster(CLUSTER, api.endpoint, authority.pem, VPC, **{"token": token, "limits": FEW_BYTES, **changes})


def poison_of(target: EksCluster) -> PoisonError:
    with pytest.raises(PoisonError) as poison:
        target.pods()
    return poison.value


def addresses(pods: Pods) -> list[str]:
    return [pod.address for pod in pods.found]


ALL = [f"10.0.1.{number}" for number in range(10, 15)]


def test_the_pods_of_all_pages_are_listed(serve: Serve, authority: Authority) -> None:
    api = serve()
    pods = cluster(api, authority).pods()
    assert addresses(pods) == ALL
    assert pods.found[0].owner_id(CLUSTER) == "production/shop/checkout-10"
    path = "/apis/discovery.k8s.io/v1/endpointslices?limit=500"
    assert api.paths == [path, f"{path}&continue=Mg%3D%3D", f"{path}&continue=NA%3D%3D"]
    assert set(api.accepted) == {"application/json"}


def test_a_cluster_without_slices_has_no_pods(serve: Serve, authority: Authority) -> None:
    assert cluster(serve(slices=[]), authority).pods() == Pods(())


def test_addresses_of_nodes_are_left_out(serve: Serve, authority: Authority) -> None:
    pods = cluster(serve(), authority).pods({"10.0.1.12"})
    assert addresses(pods) == [address for address in ALL if address != "10.0.1.12"]


def test_an_expired_list_is_started_again_once(serve: Serve, authority: Authority) -> None:
    api = serve(expiring=1)
    assert addresses(cluster(api, authority).pods()) == ALL
    assert ["continue" in path for path in api.paths] == [False, True, False, True, True]


def test_pages_read_before_the_list_expired_are_discarded(serve: Serve, authority: Authority) -> None:
    api = serve(expiring=1)
    api.slices = _Changing(SLICES, SLICES[2:])
    assert addresses(cluster(api, authority).pods()) == ALL[2:]


class _Changing(list[object]):
    """Slices that change once the first page was read."""

    def __init__(self, now: list[Any], later: list[Any]) -> None:
        super().__init__(now)
        self.later = later

    def __getitem__(self, target: Any) -> Any:
        page = super().__getitem__(target)
        self[:] = self.later
        return page


def test_a_list_that_expires_twice_raises_retryable_error(serve: Serve, authority: Authority) -> None:
    with pytest.raises(RetryableError, match="cluster 'production' expired the rest of its list"):
        cluster(serve(expiring=2), authority).pods()


@pytest.mark.parametrize(
    "token",
    [
        ClusterToken("staging", REGION, session()),
        ClusterToken(CLUSTER, "eu-west-1", session()),
        ClusterToken(CLUSTER, REGION, session("another/key")),
        lambda: "k8s-aws-v1.",
        lambda: "",
    ],
    ids=["of another cluster", "of another region", "by another key", "empty", "none"],
)
def test_a_token_for_another_cluster_is_denied(serve: Serve, authority: Authority, token: Callable[[], str]) -> None:
    poison = poison_of(cluster(serve(), authority, token=token))
    assert poison.reason == "cluster-access-denied"
    assert str(poison).endswith("give the role an EKS access entry")


def test_a_missing_list_permission_is_named_in_the_error(serve: Serve, authority: Authority) -> None:
    poison = poison_of(cluster(serve(status=403), authority))
    assert poison.reason == "cluster-access-denied"
    assert "which may not list endpointslices.discovery.k8s.io in all namespaces" in str(poison)
    assert "AmazonEKSViewPolicy" in str(poison)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_transient_status_raises_retryable_error(serve: Serve, authority: Authority, status: int) -> None:
    with pytest.raises(RetryableError, match=f"cluster 'production': it returns status {status}"):
        cluster(serve(status=status), authority).pods()


@pytest.mark.parametrize("status", [204, 301, 302, 307, 400, 404])
def test_any_other_status_is_poison(serve: Serve, authority: Authority, status: int) -> None:
    poison = poison_of(cluster(serve(status=status), authority))
    assert poison.reason == "cluster-unreadable"
    assert str(poison) == f"cluster 'production' returns status {status}"


def test_a_redirect_is_not_followed_and_the_token_is_not_sent_elsewhere(serve: Serve, authority: Authority) -> None:
    elsewhere = serve()
    api = serve(status=302, headers={"Location": f"{elsewhere.endpoint}/"})
    assert poison_of(cluster(api, authority)).reason == "cluster-unreadable"
    assert (len(api.paths), elsewhere.accepted) == (1, [])


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"\xff\xfe\xff", b"[]", b"7", b'{"items": 7}', b'{"metadata": ["x"]}', b"[" * 50_000],
)
def test_a_response_without_a_list_is_poison(serve: Serve, authority: Authority, body: bytes) -> None:
    assert poison_of(cluster(serve(body=body), authority)).reason == "cluster-unreadable"


def test_a_response_that_is_too_large_is_poison(serve: Serve, authority: Authority) -> None:
    poison = poison_of(cluster(serve(body=b" " * 100_001), authority))
    assert poison.reason == "cluster-too-large"
    assert "more than 100000 bytes" in str(poison)


def test_pages_that_are_too_large_together_are_poison(serve: Serve, authority: Authority) -> None:
    padded = [{**each, "padding": "x" * 30_000} for each in SLICES]
    assert poison_of(cluster(serve(slices=padded), authority)).reason == "cluster-too-large"


def test_an_endless_list_raises_retryable_error(serve: Serve, authority: Authority) -> None:
    api = serve(body=b'{"items": [], "metadata": {"continue": "again"}}')
    with pytest.raises(RetryableError, match="it took more than 1 s"):
        cluster(api, authority, limits=Limits(seconds=1)).pods()
    assert len(api.paths) > 1


def test_a_response_that_times_out_raises_retryable_error(serve: Serve, authority: Authority) -> None:
    with pytest.raises(RetryableError, match=r"could not call cluster 'production': .*timed out"):
        cluster(serve(waits=threading.Event()), authority, limits=Limits(connect_seconds=30, read_seconds=0.2)).pods()


def test_a_slow_response_is_cut_off_at_the_time_limit(serve: Serve, authority: Authority) -> None:
    api = serve(body=b" " * 400, drip=threading.Event())
    with pytest.raises(RetryableError, match=r"it took more than 0\.5 s"):
        cluster(api, authority, limits=Limits(seconds=0.5)).pods()
    assert api.dripped < 390


def test_an_incomplete_response_raises_retryable_error(serve: Serve, authority: Authority) -> None:
    whole = b'{"items": []}'
    api = serve(body=whole, headers={"Content-Length": str(len(whole) + 5), "Connection": "close"})
    with pytest.raises(RetryableError, match="IncompleteRead"):
        cluster(api, authority).pods()


def test_an_unreachable_server_raises_retryable_error(authority: Authority) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        api = KubernetesApi(CLUSTER, REGION, SECRET_KEY, endpoint=f"https://127.0.0.1:{unheard.getsockname()[1]}")
        with pytest.raises(RetryableError, match="could not call cluster 'production'"):
            cluster(api, authority).pods()


def test_a_server_without_a_tls_handshake_raises_retryable_error(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        api = KubernetesApi(CLUSTER, REGION, SECRET_KEY, endpoint=f"https://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(RetryableError, match=r"could not call cluster 'production': .*timed out"):
            cluster(api, authority, limits=Limits(connect_seconds=0.2)).pods()


def test_a_certificate_of_another_authority_is_not_trusted(serve: Serve, authority: Authority) -> None:
    api = serve(authority=Authority.made())
    poison = poison_of(cluster(api, authority))
    assert poison.reason == "cluster-untrusted"
    assert str(poison).startswith("the server of cluster 'production' is not trusted: ")
    assert api.accepted == []


@pytest.mark.parametrize(
    "shown", [Authority.made("192.0.2.1"), Authority.made(expired=True)], ids=["another name", "expired"]
)
def test_a_certificate_of_another_host_or_outside_its_validity_is_not_trusted(serve: Serve, shown: Authority) -> None:
    api = serve(authority=shown)
    assert poison_of(cluster(api, shown)).reason == "cluster-untrusted"
    assert api.accepted == []


def test_only_the_cluster_s_authority_is_trusted_and_not_the_system_s(authority: Authority) -> None:
    context = trust_only(authority.pem)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(context.get_ca_certs()) == 1


def test_an_authority_without_a_key_identifier_is_accepted(authority: Authority) -> None:
    extensions = x509.load_pem_x509_certificate(authority.pem.encode()).extensions
    assert [each.oid for each in extensions] == [x509.BasicConstraints.oid]
    assert not trust_only(authority.pem).verify_flags & ssl.VERIFY_X509_STRICT


@pytest.mark.parametrize(
    "changes",
    [
        {"certificate_authority": ""},
        {"certificate_authority": "no certificate"},
        {"certificate_authority": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
        {"endpoint": "http://127.0.0.1:80"},
        {"endpoint": "127.0.0.1"},
        {"endpoint": "https://127.0.0.1:port"},
        {"endpoint": ""},
    ],
)
def test_a_request_is_not_sent_to_an_untrusted_server(authority: Authority, changes: dict[str, str]) -> None:
    values = {"endpoint": "https://127.0.0.1:1", "certificate_authority": authority.pem, **changes}
    target = EksCluster(CLUSTER, values["endpoint"], values["certificate_authority"], VPC, lambda: "")
    assert poison_of(target).reason == "cluster-unreadable"


def test_the_repr_contains_neither_token_nor_authority(serve: Serve, authority: Authority) -> None:
    target = cluster(serve(status=403), authority)
    assert SECRET_KEY not in f"{target!r}{poison_of(target)!r}{target.token!r}"


def test_a_cluster_described_by_eks_lists_its_pods(serve: Serve, authority: Authority) -> None:
    class Eks:
        def describe_cluster(self, *, name: str) -> Any:
            data = base64.b64encode(authority.pem.encode()).decode()
            described = {"endpoint": serve().endpoint, "certificateAuthority": {"data": data}}
            return {"cluster": {**described, "name": name, "resourcesVpcConfig": {"vpcId": VPC}}}

    target = EksCluster.described(Eks(), CLUSTER, ClusterToken(CLUSTER, REGION, session()))
    assert addresses(target.pods()) == ALL
