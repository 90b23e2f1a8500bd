"""The targets of the inventory: read from an SSM parameter, discovered with an assumed role where they need one."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3

from flowsentry.aws.clients import BOUNDED
from flowsentry.aws.inventory.networks import TransitRoutes
from flowsentry.aws.inventory.region import RegionDiscovery
from flowsentry.aws.kubernetes.cluster import EksCluster
from flowsentry.aws.kubernetes.pods import PodDiscovery
from flowsentry.aws.kubernetes.token import ClusterToken
from flowsentry.aws.service_errors import retryable
from flowsentry.aws.unreadable_objects import report_unreadable
from flowsentry.settings import FunctionSettingsError
from flowsentry.value import Value

SESSION_NAME = "flowsentry-inventory"
ROLE_SECONDS = 900
"""AWS's minimum. The credentials are not needed after a discovery."""
FRESH_SECONDS = 300
"""How long the credentials of an assumed role, and transit gateway routes, are used. Longer: credentials may expire
during a discovery. Shorter: all transit gateways are described again for a target that has none."""


class RegionTarget(Value, frozen=True):
    """A Region of the own account, or of the account of a role to assume."""

    region: str
    role_arn: str = ""
    external_id: str = ""

    def name(self, own_account_id: str) -> str:
        """`ACCOUNT/REGION`."""
        account_id = self.role_arn.split(":")[4] if self.role_arn else own_account_id
        return f"{account_id}/{self.region}"


@dataclass
class TargetClients:
    """Clients for one target, created on demand; with a role, created again after FRESH_SECONDS. Raises what AssumeRole
    raises. `lock` guards the shared session, which is not thread-safe.

    Only EC2's client and the most recent other one are kept: a client takes 7 ms to create, and fifty targets would
    hold 500 MB.
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
    """Transit gateway routes of all targets: most VPCs are attached to a gateway of another account."""

    regions: Sequence[RegionDiscovery]
    clock: Callable[[], float] = time.time
    _routes_by_attachment: TransitRoutes = field(default_factory=dict, init=False)
    _fresh_until: float = field(default=float("-inf"), init=False)
    _lock: Any = field(default_factory=Lock, init=False)

    def __call__(self) -> TransitRoutes:
        with self._lock:
            if self.clock() >= self._fresh_until:
                self._routes_by_attachment = {
                    ends: table for each in self.regions for ends, table in each.transit_routes().items()
                }
                self._fresh_until = self.clock() + FRESH_SECONDS
            return self._routes_by_attachment


def region_discoveries(
    targets: Iterable[RegionTarget], own_account_id: str, clock: Callable[[], float] = time.time
) -> list[RegionDiscovery]:
    """One RegionDiscovery per target, without duplicates. Roles are assumed at the first call; different targets may be
    discovered concurrently.
    """
    session, lock, regions = boto3.Session(), Lock(), list[RegionDiscovery]()
    transit = TransitGateways(regions, clock)
    for name, target in {each.name(own_account_id): each for each in targets}.items():
        regions.append(RegionDiscovery(name, TargetClients(target, session, lock, clock), clock, transit))
    return regions


if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class EksClusterTarget(Value, frozen=True):
    """An EKS cluster of the own account."""

    name: str
    region: str

    def target(self, own_account_id: str) -> str:
        """`ACCOUNT/REGION/eks/CLUSTER`."""
        return f"{own_account_id}/{self.region}/eks/{self.name}"

    def discovery(self, own_account_id: str) -> PodDiscovery:
        """The discovery of its pods."""
        eks = boto3.client("eks", region_name=self.region, config=BOUNDED)
        token = ClusterToken(self.name, self.region)
        return PodDiscovery(self.target(own_account_id), partial(EksCluster.described, eks, self.name, token))


class Targets(Value, frozen=True):
    """All targets, the own account and Region first."""

    targets: tuple[RegionTarget, ...]
    clusters: tuple[EksClusterTarget, ...] = ()


def parameter_text(name: str, client: "SSMClient") -> str:
    """The current value of the parameter. Raises RetryableError when Systems Manager can't be reached."""
    with retryable(f"read the targets from {name}"):
        return client.get_parameter(Name=name)["Parameter"]["Value"]


@dataclass
class TargetsParameter:
    """The SSM parameter with the targets, since an environment variable is too small; keeps the last valid value."""

    name: str
    client: "SSMClient"
    _last_good: str = field(default="", init=False)

    def text(self) -> str:
        """The current value; the last valid one, and an alarm, when the current one is invalid. Raises RetryableError
        when Systems Manager can't be reached, and FunctionSettingsError when a new process finds an invalid value: with
        fewer targets the inventory would forget the others.
        """
        text = parameter_text(self.name, self.client)
        try:
            targets_in(text, "")
            self._last_good = text
        except FunctionSettingsError as error:
            report_unreadable("inventory-targets", str(error))
            if not self._last_good:
                raise
        return self._last_good


def targets_in(text: str, own_region: str) -> Targets:
    """Parses `{"regions": […], "roles": [{"role_arn": …, "external_id": …, "regions": […]}], "clusters": [{"name": …,
    "region": …}]}`, where `regions` are additional to the own Region. Raises FunctionSettingsError for anything else.
    """
    try:
        content: dict[str, Any] = json.loads(text)
        own = [RegionTarget(region) for region in dict.fromkeys((own_region, *content["regions"]))]
        others = [
            RegionTarget(region, role["role_arn"], role.get("external_id", ""))
            for role in content["roles"]
            for region in role["regions"] or [own_region]
        ]
        clusters = [EksClusterTarget(each["name"], each["region"] or own_region) for each in content["clusters"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FunctionSettingsError(f"the targets parameter is invalid: {error!r}") from error
    return Targets((*own, *others), tuple(clusters))
