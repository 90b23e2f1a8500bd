"""The accounts and regions of the settings → a source of the inventory for each, with a role of the account."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import boto3

from flowsentry.aws.clients import BOUNDED
from flowsentry.aws.inventory.networks import TransitWays
from flowsentry.aws.inventory.region import RegionDiscovery

SESSION_NAME = "flowsentry-inventory"
ROLE_SECONDS = 900
"""AWS's least. What is assumed for a look is not needed after it."""
FRESH_SECONDS = 300
"""How long an assumed role, and what is known of transit gateways, serves. Longer: a look may outlive its role.
Shorter: all transit gateways are described again for a look at a place that has none."""


@dataclass(frozen=True, slots=True)
class RegionTarget:
    """A region of the own account, or of the account of a role that is to be assumed."""

    region: str
    role_arn: str = ""
    external_id: str = ""

    def name(self, own_account_id: str) -> str:
        """`ACCOUNT/REGION`."""
        account_id = self.role_arn.split(":")[4] if self.role_arn else own_account_id
        return f"{account_id}/{self.region}"


@dataclass
class TargetClients:
    """Clients for one place, made as they are needed; with a role, made anew when it was assumed a while ago. Raises
    what assuming a role raises. `lock` is for all who use the session, which makes one at a time.

    Only EC2's client and the last other one are kept: another is made in 7 ms, and fifty places would hold 500 MB.
    """

    target: RegionTarget
    session: Any
    lock: Any
    clock: Callable[[], float] = time.time
    _clients: dict[str, Any] = field(default_factory=dict, init=False)
    _credentials: dict[str, str] = field(default_factory=dict, init=False)
    _fresh_until: float = field(default=float("-inf"), init=False)

    def __call__(self, service: str) -> Any:
        if self.target.role_arn and self.clock() >= self._fresh_until:
            self._credentials, self._clients = self._assumed(), {}
            self._fresh_until = self.clock() + FRESH_SECONDS
        client = self._clients.get(service)
        if client is None:
            client = self._client(service, **self._credentials)
            kept = {name: each for name, each in self._clients.items() if name == "ec2"}
            self._clients = {**kept, service: client}
        return client

    def _client(self, service: str, **credentials: str) -> Any:
        with self.lock:
            return self.session.client(service, region_name=self.target.region, config=BOUNDED, **credentials)

    def _assumed(self) -> dict[str, str]:
        external = {"ExternalId": self.target.external_id} if self.target.external_id else {}
        answer = self._client("sts").assume_role(
            RoleArn=self.target.role_arn, RoleSessionName=SESSION_NAME, DurationSeconds=ROLE_SECONDS, **external
        )
        names = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key"}
        names |= {"SessionToken": "aws_session_token"}
        return {name: answer["Credentials"][key] for key, name in names.items()}


@dataclass
class TransitGateways:
    """The ways through the transit gateways of all places: most VPCs are attached to one of another account."""

    sources: Sequence[RegionDiscovery]
    clock: Callable[[], float] = time.time
    _ways: TransitWays = field(default_factory=dict, init=False)
    _fresh_until: float = field(default=float("-inf"), init=False)
    _lock: Any = field(default_factory=Lock, init=False)

    def __call__(self) -> TransitWays:
        with self._lock:
            if self.clock() >= self._fresh_until:
                self._ways = {ends: table for each in self.sources for ends, table in each.transit_ways().items()}
                self._fresh_until = self.clock() + FRESH_SECONDS
            return self._ways


def sources_of(
    targets: Iterable[RegionTarget], own_account_id: str, clock: Callable[[], float] = time.time
) -> list[RegionDiscovery]:
    """A source for each place, once. No role is assumed and nothing asked before a source is asked to look; those of
    different places may look at the same time.
    """
    session, lock, sources = boto3.Session(), Lock(), list[RegionDiscovery]()
    transit = TransitGateways(sources, clock)
    for name, target in {each.name(own_account_id): each for each in targets}.items():
        sources.append(RegionDiscovery(name, TargetClients(target, session, lock, clock), clock, transit))
    return sources
