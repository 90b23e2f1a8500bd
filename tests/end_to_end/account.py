"""The account that all end-to-end tests share: its networks, its existing flow logs, and the app with its settings."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flowsentry.records.fields import names_in_log_format
from local.aws.deployment.assembly import deploy_assembly
from local.aws.deployment.deploy import this_machine
from local.aws.deployment.verification import missing_resources
from local.aws.embedded import REPOSITORY, EmbeddedAws
from local.aws.settings import Settings
from local.demo.account import settings_for
from local.traffic.company.creation import create_company
from local.traffic.company.network import Company, DeliveryPath, Network, Rule
from local.traffic.company.plan import VPC, HostPlan, NetworkPlan, SubnetPlan

QUICK = Settings(async_retry_seconds=0.05, redelivery_seconds=0.1, batch_window_seconds=0.05, stream_retry_seconds=0.05)
MOST_MESSAGES = 1_000
"""With the default of 20 messages an hour, later tests would find a summary instead of their alert."""
COOLDOWN_SECONDS = 12
"""Longer than it takes to send a thousand change events that settle; shorter, so that their test is quick."""
STACKS = ("flow-logs", "state", "analytics", "processing", "monitoring")

GROUP, BUCKET = "/network/flow-logs", "network-archive"
"""A log group and a bucket with flow logs that the app did not create."""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
DELIVER = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
FILES, FIREHOSE = "flow-logs/", "firehose/network/"
CUSTOM = (
    "${action} ${dstaddr} ${srcaddr} ${dstport} ${srcport} ${end} ${start} ${bytes} ${packets} ${protocol} "
    "${tcp-flags} ${log-status} ${flow-direction} ${interface-id} ${vpc-id} ${account-id}"
)
"""A field order that differs from every default: read in another order, nothing would be found."""
NAMES = names_in_log_format(CUSTOM)


@dataclass(frozen=True)
class Sources:
    """The settings that tests change."""

    flags: tuple[str, ...] = ()
    """Boolean settings of the source in CloudWatch Logs that are true."""
    reads_existing: bool = True
    """Whether the existing log group and bucket are sources."""


FIRST = Sources()
STREAMED = Sources(("kinesis",), reads_existing=False)
DRAINING = Sources(("draining_kinesis",), reads_existing=False)


@dataclass
class Deployments:
    """Deploys the app with changing sources into one account. Each cloud assembly is synthesised once."""

    aws: EmbeddedAws
    company: Company
    folder: Path
    deployed: Sources | None = None
    _synthesised: set[Sources] = field(default_factory=set)

    def deploy(self, sources: Sources) -> None:
        """Deploys the app with these sources, unless it is deployed so. Fails if resources are missing or there are
        failures.
        """
        if sources == self.deployed:
            return
        output = self.folder.with_name("-".join((self.folder.name, *sources.flags, "cdk.out")))
        if sources not in self._synthesised:
            synthesise(settings_of(self.company, sources), output)
            self._synthesised.add(sources)
        before = len(self.aws.failures())
        deploy_assembly(self.aws, output)
        self.aws.wait_until_quiet(120)
        self.deployed = sources
        missing = [each for stack in STACKS for each in missing_resources(self.aws, f"flowsentry-{stack}")]
        assert missing + self.aws.failures()[before:] == []


def create_account(aws: EmbeddedAws) -> Company:
    """A company of four networks with a client and a server each. Two are for flow logs that the app creates, two have
    flow logs already.
    """
    company = create_company(
        aws.client,
        (
            plan("in-logs", "10.40.0.0/16", DeliveryPath.CLOUDWATCH_LOGS),
            plan("in-bucket", "10.50.0.0/16", DeliveryPath.S3),
            plan("existing-in-logs", "10.60.0.0/16", DeliveryPath.CLOUDWATCH_LOGS),
            plan("existing-in-bucket", "10.70.0.0/16", DeliveryPath.S3),
        ),
    )
    create_flow_logs(aws, [network.vpc_id for network in company.networks if is_existing(network)])
    return company


def plan(name: str, cidr: str, delivery_path: DeliveryPath) -> NetworkPlan:
    hosts = (HostPlan("client", "private", 10, ("all",)), HostPlan("server", "private", 11, ("all",)))
    return NetworkPlan(name, cidr, delivery_path, (SubnetPlan("private", 0, "a"),), {"all": (Rule(VPC),)}, hosts)


def is_existing(network: Network) -> bool:
    """True if the network has flow logs that the app did not create."""
    return network.name.startswith("existing-")


def create_flow_logs(aws: EmbeddedAws, vpc_ids: Iterable[str]) -> None:
    """Creates a log group and a bucket with flow logs of these VPCs; the bucket sends events to EventBridge."""
    logs, s3, ec2, iam = (aws.client(service) for service in ("logs", "s3", "ec2", "iam"))
    logs.create_log_group(logGroupName=GROUP)
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=400)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}})
    role = iam.create_role(RoleName="their-delivery", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="their-delivery", PolicyName="deliver", PolicyDocument=json.dumps(DELIVER))
    options = {"ResourceType": "VPC", "TrafficType": "ALL", "LogFormat": CUSTOM}
    to_group = {"LogGroupName": GROUP, "DeliverLogsPermissionArn": role}
    to_bucket = {"LogDestinationType": "s3", "LogDestination": f"arn:aws:s3:::{BUCKET}/{FILES}"}
    for vpc_id, destination in zip(vpc_ids, (to_group, to_bucket), strict=True):
        assert ec2.create_flow_logs(ResourceIds=[vpc_id], **options, **destination)["Unsuccessful"] == []


def settings_of(company: Company, sources: Sources) -> dict[str, object]:
    """The app's settings, as in cdk.json, that serve all tests."""
    networks = tuple(network for network in company.networks if not is_existing(network))
    settings: dict[str, Any] = settings_for(replace(company, networks=networks))
    in_logs, *others = settings["flowsentry.sources"]
    return {
        **settings,
        "flowsentry.sources": [{**in_logs, "kinesis": False, **dict.fromkeys(sources.flags, True)}, *others],
        "flowsentry.max_urgent_messages_an_hour": MOST_MESSAGES,
        "flowsentry.inventory_cooldown_seconds": COOLDOWN_SECONDS,
        "flowsentry.metric_filters": [{"name": "telnet", "port": 23, "action": "REJECT"}],
        **(existing_sources() if sources.reads_existing else {}),
    }


def existing_sources() -> dict[str, object]:
    """Settings with the existing log group and bucket as sources."""
    return {
        "flowsentry.existing_log_groups": [{"name": GROUP, "kinesis": False}],
        "flowsentry.existing_buckets": [
            {"name": BUCKET, "prefix": FILES},
            {"name": BUCKET, "prefix": FIREHOSE, "log_formats": [CUSTOM]},
        ],
    }


def synthesise(settings: Mapping[str, object], output: Path) -> None:
    """Writes the app's cloud assembly to the folder, as the CLI would."""
    flags = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
    context = {**flags, **this_machine(), **settings, "aws:cdk:bundling-stacks": ["**"]}
    subprocess.run(
        [sys.executable, "app.py"],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "CDK_OUTDIR": str(output),
            "CDK_CONTEXT_JSON": json.dumps(context),
        },
        stdin=subprocess.DEVNULL,
        check=True,
    )
