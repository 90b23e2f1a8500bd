"""Prepares the emulated account: creates the company's VPCs, and deploys the app with the CDK CLI."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from flowsentry.records.fields import names_in_log_format
from local.aws.deployment.deploy import deploy, free_output
from local.aws.embedded import EmbeddedAws
from local.traffic.company.creation import create_company
from local.traffic.company.network import Company, DeliveryPath
from local.traffic.company.plan import TRUSTED_NETWORKS
from local.traffic.delivery import FlowLog

ADDRESS = "you@company.example"
DIGEST_MINUTES = 1
"""The shortest window that the settings allow."""
Say = Callable[[str], None]
_RESULTS = re.compile(r"✅|❌|[Ff]ail|[Ee]rror")


@dataclass(frozen=True, slots=True)
class DeployedFlowLog:
    """A flow log as EC2 describes it: its format, VPC and destination."""

    flow_log: FlowLog
    vpc_id: str
    log_group: str | None
    bucket: str | None


def created_company(aws: EmbeddedAws, say: Say) -> Company:
    """The company, with its VPCs and hosts created through the APIs of EC2 and the other services."""
    company = create_company(aws.client)
    for network in company.networks:
        say(f"created VPC {network.name} {network.vpc_id} {network.cidr} with {len(network.hosts)} hosts")
    return company


def deployed_app(aws: EmbeddedAws, company: Company, say: Say) -> list[DeployedFlowLog]:
    """Deploys the app into the bootstrapped account and runs its discovery once; returns the flow logs that it
    created.
    """
    say("deploying the app: cdk deploy --all")

    def progress(line: str) -> None:
        if _RESULTS.search(line):
            say(f"  {line.strip()}")

    with free_output(aws) as output:
        deploy(aws, settings_for(company), on_line=progress, output=output)
    aws.wait_until_quiet(120)
    if not aws.fire_schedules("Ownership"):
        raise LookupError("the deployed app has no schedule for its inventory")
    aws.wait_until_quiet(120)
    return [_described(flow_log, company) for flow_log in aws.client("ec2").describe_flow_logs()["FlowLogs"]]


def output_bucket(aws: EmbeddedAws) -> str:
    """The output bucket of the deployed app, from its SSM parameter."""
    parameter = aws.client("ssm").get_parameter(Name="/flowsentry/output-bucket-name")
    return str(parameter["Parameter"]["Value"])


def settings_for(company: Company) -> dict[str, object]:
    """The settings of this company, as a user would write them into cdk.json."""
    destinations = {DeliveryPath.CLOUDWATCH_LOGS: "cloudwatch", DeliveryPath.S3: "s3"}
    sources = [
        {"name": network.name, "vpc_ids": [network.vpc_id], "destination": destinations[network.delivery_path]}
        for network in company.networks
    ]
    return {
        "flowsentry.sources": sources,
        "flowsentry.alert_emails": [ADDRESS],
        "flowsentry.chat_topic": True,
        "flowsentry.digest_minutes": DIGEST_MINUTES,
        "flowsentry.trusted_networks": list(TRUSTED_NETWORKS),
    }


def _described(described: dict[str, str], company: Company) -> DeployedFlowLog:
    bucket, _, prefix = described.get("LogDestination", "").removeprefix("arn:aws:s3:::").partition("/")
    is_s3 = described["LogDestinationType"] == "s3"
    names = names_in_log_format(described["LogFormat"])
    return DeployedFlowLog(
        FlowLog(described["FlowLogId"], company.account_id, company.region, names, prefix if is_s3 else ""),
        described["ResourceId"],
        None if is_s3 else described["LogGroupName"],
        bucket if is_s3 else None,
    )
