"""Pods from EndpointSlices: an address has a pod only if that is certain."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.errors import PoisonError
from flowsentry.inventory import endpoint_slices
from flowsentry.inventory.endpoint_slices import Pod, Pods, pods_in

NODE = "i-0123456789abcdef0.eu-central-1.compute.internal"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("10.0.1.7"),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)


def endpoint(address: object, pod: object = "checkout-1", **changes: object) -> dict[str, Any]:
    """An endpoint as the controller of EndpointSlices writes it."""
    return {
        "addresses": [address],
        "conditions": {"ready": True, "serving": True, "terminating": False},
        "nodeName": NODE,
        "targetRef": {"kind": "Pod", "namespace": "shop", "name": pod, "uid": "0a1b2c3d"},
        "zone": "eu-central-1a",
        **changes,
    }


def slice_of(*endpoints: object, service: str | None = "checkout", kind: str = "IPv4", **changes: object) -> Any:
    labels = {"kubernetes.io/service-name": service} if service else None
    return {
        "metadata": {"name": "checkout-x7k2p", "namespace": "shop", "labels": labels},
        "addressType": kind,
        "endpoints": list(endpoints) or None,
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
        **changes,
    }


def test_a_pod_has_its_address_its_service_and_its_node() -> None:
    assert pods_in([slice_of(endpoint("10.0.1.7"))]) == Pods(
        (Pod("10.0.1.7", "shop", "checkout-1", ("checkout",), NODE),)
    )


def test_pods_of_one_service_have_its_name_and_distinct_ids() -> None:
    pods = pods_in([slice_of(endpoint("10.0.1.7"), endpoint("10.0.1.8", "checkout-2"))]).found
    assert {pod.owner_name for pod in pods} == {"shop/checkout"}
    assert [pod.owner_id("prod") for pod in pods] == ["prod/shop/checkout-1", "prod/shop/checkout-2"]


def test_a_pod_of_several_services_has_its_own_name() -> None:
    slices = [slice_of(endpoint("10.0.1.7", "kafka-0"), service=name) for name in ("kafka", "headless", "kafka")]
    (pod,) = pods_in(slices).found
    assert pod.services == ("headless", "kafka")
    assert pod.owner_name == "shop/kafka-0"


def test_a_pod_without_a_service_has_its_own_name() -> None:
    (pod,) = pods_in([slice_of(endpoint("10.0.1.7"), service=None)]).found
    assert (pod.services, pod.owner_name) == ((), "shop/checkout-1")


def test_a_pod_with_two_addresses_has_the_services_of_both_at_each() -> None:
    ipv6 = slice_of(endpoint("2001:0DB8:0::7"), kind="IPv6")
    ipv4 = slice_of(endpoint("10.0.1.7"), service="legacy")
    first, second = pods_in([ipv6, ipv4]).found
    assert (first.address, second.address) == ("10.0.1.7", "2001:db8::7")
    assert first.services == second.services == ("checkout", "legacy")


def test_only_the_first_address_of_an_endpoint_counts() -> None:
    found = pods_in([slice_of(endpoint("10.0.1.7", addresses=["10.0.1.7", "10.0.1.8"]))]).found
    assert [pod.address for pod in found] == ["10.0.1.7"]


def test_an_endpoint_that_is_no_pod_is_ignored() -> None:
    node = endpoint("10.0.1.7", targetRef={"kind": "Node", "name": NODE})
    by_hand = {"addresses": ["10.0.1.8"]}
    assert pods_in([slice_of(node, by_hand)]) == Pods(())


def test_host_names_and_empty_slices_are_ignored() -> None:
    assert pods_in([slice_of(endpoint("db.example.com"), kind="FQDN"), slice_of()]) == Pods(())


def test_an_address_that_several_pods_claim_has_no_pod() -> None:
    slices = [slice_of(endpoint("10.0.1.7", "proxy-1")), slice_of(endpoint("10.0.1.7", "exporter-1"))]
    assert pods_in([*slices, slice_of(endpoint("10.0.1.8"))]) == Pods(
        (Pod("10.0.1.8", "shop", "checkout-1", ("checkout",), NODE),), ambiguous=1
    )


def test_pods_of_the_same_name_in_two_namespaces_are_distinct() -> None:
    other = slice_of(
        endpoint("10.0.1.7", targetRef={"kind": "Pod", "name": "checkout-1"}),
        metadata={"namespace": "test"},
    )
    assert pods_in([slice_of(endpoint("10.0.1.7")), other]) == Pods((), ambiguous=1)


def test_the_address_of_a_node_has_no_pod() -> None:
    slices = [slice_of(endpoint("10.0.1.5", "exporter-1"))]
    assert pods_in(slices, {"10.0.1.5"}) == Pods((), ambiguous=1)
    assert len(pods_in(slices, {"10.0.1.6"}).found) == 1


@pytest.mark.parametrize("node", ["ip-10-0-1-5.eu-central-1.compute.internal", "ip-10-0-1-5.ec2.internal"])
def test_a_node_name_with_the_address_identifies_the_address_of_the_node(node: str) -> None:
    in_host_network = endpoint("10.0.1.5", "exporter-1", nodeName=node)
    beside = endpoint("10.0.1.50", "checkout-1", nodeName=node)
    actual = pods_in([slice_of(in_host_network, beside)])
    assert [pod.address for pod in actual.found] == ["10.0.1.50"]
    assert actual.ambiguous == 1


MALFORMED: dict[str, object] = {
    "no mapping": "10.0.1.9",
    "no address": endpoint("x", addresses=[]),
    "text for addresses": endpoint("x", addresses="10.0.1.9"),
    "no addresses": {"targetRef": {"kind": "Pod", "name": "checkout-1"}},
    "a number": endpoint(167772425),
    "a host name": endpoint("db.example.com"),
    "the other version": endpoint("2001:db8::9"),
    "a pod without a name": endpoint("10.0.1.9", None),
    "a pod called by a number": endpoint("10.0.1.9", 7),
    "a pod of another namespace": endpoint("10.0.1.9", targetRef={"kind": "Pod", "namespace": "dns", "name": "dns-1"}),
    "a node that is no text": endpoint("10.0.1.9", nodeName=7),
    "a list for a pod": endpoint("10.0.1.9", targetRef=["Pod"]),
}


@pytest.mark.parametrize("malformed", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_endpoint_is_counted_and_the_others_are_kept(malformed: object) -> None:
    actual = pods_in([slice_of(endpoint("10.0.1.7"), malformed, endpoint("10.0.1.8", "checkout-2"))])
    assert [pod.address for pod in actual.found] == ["10.0.1.7", "10.0.1.8"]
    assert actual.malformed == 1


@pytest.mark.parametrize(
    "malformed",
    [
        None,
        [],
        {},
        slice_of(metadata={}),
        slice_of(metadata={"namespace": ""}),
        slice_of(metadata={"namespace": "shop", "labels": ["x"]}),
        slice_of(service=7),  # type: ignore[arg-type]
        slice_of(endpoint("10.0.1.9"), kind="IPv8"),
        slice_of(endpoints={"a": 1}),
    ],
)
def test_a_malformed_slice_is_counted_and_the_others_are_kept(malformed: object) -> None:
    actual = pods_in([malformed, slice_of(endpoint("10.0.1.7"))])
    assert [pod.address for pod in actual.found] == ["10.0.1.7"]
    assert actual.malformed == 1


def test_names_are_cut_to_the_limits_of_kubernetes() -> None:
    long = "x" * 1_000
    described = slice_of(
        endpoint("10.0.1.7", long, nodeName=long, targetRef={"kind": "Pod", "name": long}),
        service=long,
        metadata={"namespace": long, "labels": {"kubernetes.io/service-name": long}},
    )
    (pod,) = pods_in([described]).found
    lengths = [len(text) for text in (pod.namespace, pod.pod, pod.services[0], pod.node_name)]
    assert lengths == [63, 253, 63, 253]


def test_too_many_addresses_are_poison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_slices, "MAX_PODS", 3)
    slices = [slice_of(endpoint(f"10.0.1.{number}", f"checkout-{number}")) for number in range(4)]
    assert len(pods_in(slices[:3]).found) == 3
    with pytest.raises(PoisonError, match="more than 3 addresses") as poison:
        pods_in(slices)
    assert poison.value.reason == "cluster-too-large"


def test_order_and_repetition_of_slices_are_irrelevant() -> None:
    slices = [
        slice_of(endpoint("10.0.1.7"), endpoint("10.0.1.8", "checkout-2")),
        slice_of(endpoint("10.0.1.7"), service="other"),
        slice_of(endpoint("10.0.1.9", "a"), endpoint("10.0.1.9", "b")),
    ]
    actual = {pods_in(order) for order in itertools.permutations(slices)}
    assert actual == {pods_in(slices + slices)}


@pytest.mark.slow
@given(st.lists(JSON | st.builds(slice_of, JSON, JSON) | st.builds(lambda x: slice_of(endpoint(x, x)), JSON)))
def test_any_response_is_parsed_or_counted_and_each_address_has_one_pod(slices: list[object]) -> None:
    actual = pods_in([*slices, slice_of(endpoint("192.0.2.1"))])
    addresses = [pod.address for pod in actual.found]
    assert "192.0.2.1" in addresses
    assert addresses == sorted(set(addresses))
