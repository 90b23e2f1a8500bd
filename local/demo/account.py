"""The account made ready: the company's VPCs, and the app deployed into it by the real CDK CLI."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from flowsentry.records.fields import names_in_log_format
from local.aws.deployment.deploy import bootstrap, deploy
from local.aws.embedded import EmbeddedAws
from local.traffic.company.founding import found
from local.traffic.company.network import Company, WayIn
from local.traffic.company.plan import TRUSTED_NETWORKS
from local.traffic.delivery import FlowLog

ADDRESS = "you@company.example"
Say = Callable[[str], None]
_WORTH_SAYING = re.compile(r"✅|❌|[Ff]ail|[Ee]rror")


@dataclass(frozen=True, slots=True)
class DeployedFlowLog:
    """A flow log as EC2 describes it, so that traffic is delivered as and where AWS would."""

    flow_log: FlowLog
    vpc_id: str
    log_group: str | None
    bucket: str | None


def founded_company(aws: EmbeddedAws, say: Say) -> Company:
    """The company's VPCs, made through the APIs of EC2 and of what else has interfaces."""
    company = found(aws.client)
    for network in company.networks:
        say(f"made VPC {network.name} {network.vpc_id} {network.cidr} with {len(network.hosts)} hosts")
    return company


def deployed_app(aws: EmbeddedAws, company: Company, say: Say) -> list[DeployedFlowLog]:
    """The flow logs that the deployed app made; its inventory has been taken once."""
    say("deploying the app: cdk bootstrap, cdk deploy --all")

    def progress(line: str) -> None:
        if _WORTH_SAYING.search(line):
            say(f"  {line.strip()}")

    bootstrap(aws, progress)
    deploy(aws, settings_for(company), on_line=progress)
    aws.wait_until_quiet(120)
    if not aws.fire_schedules("Ownership"):
        raise LookupError("the deployed app has no schedule for its inventory")
    aws.wait_until_quiet(120)
    return [_described(flow_log, company) for flow_log in aws.client("ec2").describe_flow_logs()["FlowLogs"]]


def output_bucket(aws: EmbeddedAws) -> str:
    """The bucket that the deployed app writes to, as its stacks tell each other."""
    told = aws.client("ssm").get_parameter(Name="/flowsentry/output-bucket-name")
    return str(told["Parameter"]["Value"])


def settings_for(company: Company) -> dict[str, object]:
    """What a user of this company would write into cdk.json."""
    destinations = {WayIn.CLOUDWATCH_LOGS: "cloudwatch", WayIn.S3: "s3"}
    sources = [
        {"name": network.name, "vpc_ids": [network.vpc_id], "destination": destinations[network.way_in]}
        for network in company.networks
    ]
    return {
        "flowsentry.sources": sources,
        "flowsentry.alert_emails": [ADDRESS],
        "flowsentry.digest_minutes": 1,
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
