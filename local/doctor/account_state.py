"""The state of an account that the checks judge: what AWS answered, as plain values.

A mapping has the things that exist, by name or ID. None in its place: AWS could not be asked, which is a verdict too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Policy = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unasked:
    """A question that AWS did not answer: `action` is the permission that it needs, `reason` AWS's error code."""

    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class NetworkResource:
    """A VPC, subnet, network interface, transit gateway or attachment; `inside` are those that contain it."""

    id: str
    inside: tuple[str, ...] = ()
    owner: str = ""


@dataclass(frozen=True, slots=True)
class FlowLog:
    """A flow log that exists; `stack` is the CloudFormation stack that created it, if one did."""

    id: str
    resource_id: str
    destination: str
    stack: str = ""


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A log group, and its subscription filters as (name, ARN of the destination)."""

    log_class: str
    filters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket. `is_own` says whether it belongs to this account; the policy of another account's can't be read."""

    region: str
    is_own: bool = True
    sends_events: bool | None = None
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A KMS key; without the policy where it could not be read. `spec` is KMS's KeySpec."""

    state: str
    account_id: str
    policy: Policy | None = None
    spec: str = "SYMMETRIC_DEFAULT"


@dataclass(frozen=True, slots=True)
class Cluster:
    """An EKS cluster: its state, authentication mode, and whether its endpoint is public."""

    status: str
    authentication_mode: str
    is_public: bool


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Lambda's concurrent executions in the Region: all, and those that no function has reserved."""

    limit: int
    unreserved: int


@dataclass(frozen=True, slots=True)
class LoggedVolume:
    """What the account logs of the settings' resources: GB of text a month (None where CloudWatch can't tell), network
    interfaces, and flow logs.
    """

    gigabytes: float | None
    interfaces: int
    flow_logs: int


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deployment that exists says about its alerts: the pause, and the recipients in words."""

    paused_until: int = 0
    paused_by: str = ""
    topics_without_subscription: tuple[str, ...] = ()
    not_confirmed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AccountState:
    """What one account and Region answered at `asked_at` (Unix s). `has_boundary` is whether the permissions boundary
    of the settings exists; `roles` has the stack that made each role of the names we need, or no text; `stream_shards`
    are those of the data stream that is deployed, 0 without one.
    """

    account_id: str
    caller: str
    region: str
    asked_at: int
    bootstrap_version: int | None = None
    concurrency: Concurrency | None = None
    has_boundary: bool | None = None
    roles: Mapping[str, str] | None = None
    resources: Mapping[str, NetworkResource] | None = None
    flow_logs: Sequence[FlowLog] | None = None
    log_groups: Mapping[str, LogGroup] | None = None
    buckets: Mapping[str, Bucket] | None = None
    keys: Mapping[str, Key] | None = None
    clusters: Mapping[str, Cluster] | None = None
    event_buses: frozenset[str] | None = None
    has_security_hub: bool | None = None
    deployed: Deployed | None = None
    stream_shards: int | None = None
    logged_volume: LoggedVolume | None = None
    unasked: tuple[Unasked, ...] = field(default=())
