"""The SSM parameter that names the places to look at: accounts, regions and clusters. An environment is too small."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flowsentry.aws.inventory.targets import RegionTarget
from flowsentry.aws.service_errors import retryable
from flowsentry.aws.unreadable_objects import tell_unreadable
from flowsentry.settings import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


@dataclass(frozen=True, slots=True)
class EksClusterTarget:
    """An EKS cluster of the own account."""

    name: str
    region: str

    def target(self, own_account_id: str) -> str:
        """`ACCOUNT/REGION/eks/CLUSTER`."""
        return f"{own_account_id}/{self.region}/eks/{self.name}"


@dataclass(frozen=True, slots=True)
class Targets:
    """All places, the own account and region first."""

    targets: tuple[RegionTarget, ...]
    clusters: tuple[EksClusterTarget, ...] = ()


def parameter_text(name: str, client: "SSMClient") -> str:
    """What the parameter says now. Raises RetryableError when Systems Manager can't be reached."""
    with retryable(f"read the places from {name}"):
        return client.get_parameter(Name=name)["Parameter"]["Value"]


@dataclass
class TargetsParameter:
    """The parameter as it was last good."""

    name: str
    client: "SSMClient"
    _last_good: str = field(default="", init=False)

    def text(self) -> str:
        """What the parameter says now; when that can't be read, it is told, and what it said last is the answer. Raises
        RetryableError when Systems Manager can't be reached, and SettingsError for a process that begins with one that
        can't be read: to look at fewer places would make the inventory forget the others.
        """
        text = parameter_text(self.name, self.client)
        try:
            targets_in(text, "")
            self._last_good = text
        except SettingsError as error:
            tell_unreadable("inventory-targets", str(error))
            if not self._last_good:
                raise
        return self._last_good


def targets_in(text: str, own_region: str) -> Targets:
    """`{"regions": […], "roles": [{"role_arn": …, "external_id": …, "regions": […]}], "clusters": [{"name": …,
    "region": …}]}`, where regions are other ones than the own. Raises SettingsError for what is not that.
    """
    try:
        told: dict[str, Any] = json.loads(text)
        own = [RegionTarget(region) for region in dict.fromkeys((own_region, *told["regions"]))]
        others = [
            RegionTarget(region, role["role_arn"], role.get("external_id", ""))
            for role in told["roles"]
            for region in role["regions"] or [own_region]
        ]
        clusters = [EksClusterTarget(each["name"], each["region"] or own_region) for each in told["clusters"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SettingsError(f"the parameter of places can't be read: {error!r}") from error
    return Targets((*own, *others), tuple(clusters))
