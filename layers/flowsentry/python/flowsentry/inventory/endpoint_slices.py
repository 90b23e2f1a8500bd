"""EndpointSlices of a cluster's API -> its pods, with their addresses and the services that select them."""

import ipaddress
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from flowsentry.errors import PoisonError
from flowsentry.value import Value

SERVICE_LABEL = "kubernetes.io/service-name"
MAX_LABEL_LETTERS, MAX_NAME_LETTERS = 63, 253
"""Longest names of namespaces and services, and of pods and nodes: Kubernetes' own limits.
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"""
MAX_PODS = 100_000
"""Pod addresses of one cluster. Higher: the function runs out of memory, and no owner is updated. Lower: large clusters
have no owners; Kubernetes supports up to 150,000 pods.
https://kubernetes.io/docs/setup/best-practices/cluster-large/"""
AddressType = type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address]
ADDRESS_TYPES: dict[str, AddressType] = {"IPv4": ipaddress.IPv4Address, "IPv6": ipaddress.IPv6Address}
NO_ADDRESSES = "FQDN"
"""The address type of a slice that lists host names."""


class Pod(Value, frozen=True):
    """A pod at one of its addresses; `services` are all services that select it, sorted. A pod with an IPv4 and an IPv6
    address gives two.
    """

    address: str
    namespace: str
    pod: str
    services: tuple[str, ...] = ()
    node_name: str = ""

    @property
    def owner_name(self) -> str:
        """`NAMESPACE/SERVICE` if exactly one service selects it, since that outlives the pod; else `NAMESPACE/POD`."""
        name = self.services[0] if len(self.services) == 1 else self.pod
        return f"{self.namespace}/{name}"

    def owner_id(self, cluster: str) -> str:
        """`CLUSTER/NAMESPACE/POD`."""
        return f"{cluster}/{self.namespace}/{self.pod}"


class Pods(NamedTuple):
    """The pods, sorted by address, each address once. `ambiguous` counts the addresses left out, `malformed` the
    slices and endpoints that could not be parsed.
    """

    found: tuple[Pod, ...]
    ambiguous: int = 0
    malformed: int = 0


def pods_in(slices: Iterable[object], node_addresses: Container[str] = ()) -> Pods:
    """The pods in these EndpointSlices (parsed JSON). Raises PoisonError for more than MAX_PODS addresses.

    A slice lists the pods behind a service, so pods that no service selects are not found. An address that several pods
    claim is left out, as is the address of a node (from `node_addresses`, or recognised by the node's name): pods in
    the host network share it with everything else on the node.
    """
    claims = _Claims()
    for described in slices:
        claims.take(described)
    pods = [claims.pod_at(address) for address in sorted(claims.pods_at)]
    found = tuple(pod for pod in pods if pod and pod.address not in node_addresses and not _is_of_its_node(pod))
    return Pods(found, len(pods) - len(found), claims.malformed)


class _Name(NamedTuple):
    """What identifies a pod within its cluster."""

    namespace: str
    pod: str


class _Endpoint(NamedTuple):
    address: str
    name: _Name
    node_name: str


class _Claims(Struct):
    """Which pods claim which address, over all slices."""

    pods_at: dict[str, set[_Name]] = field(default_factory=lambda: defaultdict(set))
    services: dict[_Name, set[str]] = field(default_factory=lambda: defaultdict(set))
    node_names: dict[_Name, str] = field(default_factory=dict)
    malformed: int = 0

    def take(self, described: object) -> None:
        """Adds a slice. What cannot be parsed of it is counted; the endpoints beside it are taken."""
        try:
            slice_ = _mapping(described)
            metadata = _mapping(slice_["metadata"])
            namespace = _text(metadata["namespace"], MAX_LABEL_LETTERS)
            services = _services(metadata)
            endpoints = list(self._endpoints(slice_, namespace))
        except (KeyError, TypeError, ValueError):
            self.malformed += 1
            return
        for endpoint in endpoints:
            self.pods_at[endpoint.address].add(endpoint.name)
            self.services[endpoint.name] |= services
            self.node_names[endpoint.name] = endpoint.node_name
        if len(self.pods_at) > MAX_PODS:
            raise PoisonError("cluster-too-large", f"there are more than {MAX_PODS} addresses of pods")

    def _endpoints(self, slice_: Mapping[str, object], namespace: str) -> Iterator[_Endpoint]:
        kind = _text(slice_["addressType"])
        if kind == NO_ADDRESSES:
            return
        address_type = ADDRESS_TYPES[kind]
        for described in _sequence(slice_.get("endpoints") or ()):
            try:
                endpoint = _mapping(described)
                if name := _name_of_pod(endpoint, namespace):
                    yield _Endpoint(_address(endpoint, address_type), name, _node_name(endpoint))
            except (KeyError, TypeError, ValueError):
                self.malformed += 1

    def pod_at(self, address: str) -> Pod | None:
        """The pod that has this address; None if several claim it."""
        if len(self.pods_at[address]) > 1:
            return None
        (name,) = self.pods_at[address]
        return Pod(address, *name, tuple(sorted(self.services[name])), self.node_names[name])


def _is_of_its_node(pod: Pod) -> bool:
    """Whether the node's name shows that the address is the node's: `ip-10-0-1-23.eu-central-1.compute.internal`.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/hostname-types.html
    """
    return pod.node_name.partition(".")[0] == f"ip-{pod.address.replace('.', '-')}"


def _services(metadata: Mapping[str, object]) -> set[str]:
    """The service of a slice; empty for a slice without the service label."""
    service = _mapping(metadata.get("labels") or {}).get(SERVICE_LABEL)
    return {_text(service, MAX_LABEL_LETTERS)} if service else set()


def _name_of_pod(endpoint: Mapping[str, object], namespace: str) -> _Name | None:
    """The pod behind an endpoint; None if its target is no pod. Raises ValueError for a pod of another namespace, since
    a user who can write slices in one namespace must not name pods of another.
    """
    target = _mapping(endpoint.get("targetRef") or {})
    if target.get("kind") != "Pod":
        return None
    if (target.get("namespace") or namespace) != namespace:
        raise ValueError("a pod of another namespace")
    return _Name(namespace, _text(target["name"]))


def _address(endpoint: Mapping[str, object], kind: AddressType) -> str:
    """The first address, as flow logs write it; further addresses have no meaning.

    https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
    """
    first, *_ = _sequence(endpoint["addresses"])
    return str(kind(_text(first)))


def _node_name(endpoint: Mapping[str, object]) -> str:
    node_name = endpoint.get("nodeName")
    return _text(node_name) if node_name else ""


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError
    return value


def _sequence(value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise TypeError
    return value


def _text(value: object, most: int = MAX_NAME_LETTERS) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value[:most]
