"""Settings, and the state of an account, in which everything is as it should be; tests change one thing."""

from dataclasses import replace
from typing import Any

from local.doctor.account_state import (
    AccountState,
    Bucket,
    Cluster,
    Concurrency,
    Deployed,
    FlowLog,
    Key,
    LogGroup,
    NetworkResource,
)
from local.doctor.examination import examined
from local.doctor.verdicts import Level, Verdict
from stacks.settings.deployment import Deployment

ACCOUNT, OTHER_ACCOUNT, REGION, NOW = "123456789012", "210987654321", "eu-west-1", 1_793_676_000
VPC, OTHER_VPC = "vpc-0123456789abcdef0", "vpc-0fedcba9876543210"
SUBNET, GROUP = "subnet-0123456789abcdef0", "sg-0123456789abcdef0"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
LOG_GROUP, BUCKET, BUS = "/network/flow-logs", "central-flow-logs", "security"
ROOT_MAY = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
SETTINGS: dict[str, Any] = {
    "sources": [{"vpc_ids": [VPC], "destination": "s3"}],
    "existing_log_groups": [{"name": LOG_GROUP}],
    "existing_buckets": [{"name": BUCKET, "kms_key_arn": KEY}],
    "kubernetes_clusters": [{"name": "shop"}],
    "inventory_network": {"subnet_ids": [SUBNET], "security_group_ids": [GROUP]},
    "alert_emails": ["people@example.com"],
    "event_bus": BUS,
    "security_hub": True,
    "stream_processor": {"reserved_concurrency": 5},
}
PICTURE = AccountState(
    account_id=ACCOUNT,
    caller=f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/alice",
    region=REGION,
    asked_at=NOW,
    bootstrap_version=30,
    concurrency=Concurrency(1_000, 990),
    resources={
        VPC: NetworkResource(VPC, owner=ACCOUNT),
        SUBNET: NetworkResource(SUBNET, (VPC,), ACCOUNT),
        GROUP: NetworkResource(GROUP, (VPC,), ACCOUNT),
    },
    flow_logs=(),
    log_groups={LOG_GROUP: LogGroup("STANDARD")},
    buckets={BUCKET: Bucket(REGION, sends_events=True, policy={})},
    keys={KEY: Key("Enabled", ACCOUNT, {"Statement": [ROOT_MAY]})},
    clusters={"shop": Cluster("ACTIVE", "API", is_public=True)},
    event_buses=frozenset({BUS}),
    has_security_hub=True,
    deployed=Deployed(),
)


def deployment(**settings: Any) -> Deployment:
    return Deployment.from_context({"flowsentry": {**SETTINGS, **settings}})


def judged(given: Deployment | None = None, /, **changed: Any) -> list[Verdict]:
    """The warnings and stops of the settings, in the account with these changes."""
    verdicts = examined(given or deployment(), replace(PICTURE, **changed))
    return [each for each in verdicts if each.level is not Level.OK]


def only(verdicts: list[Verdict]) -> tuple[str, str, str]:
    """Level, subject and finding of the one verdict."""
    (verdict,) = verdicts
    assert verdict.mend.endswith("."), verdict
    return verdict.level.value, verdict.about, verdict.finding


def flow_log(id_: str, resource_id: str = VPC, destination: str = "", stack: str = "") -> FlowLog:
    return FlowLog(id_, resource_id, destination or f"arn:aws:s3:::{id_}-bucket/AWSLogs", stack)
