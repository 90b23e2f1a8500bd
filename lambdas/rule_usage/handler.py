"""Writes what each rule of security groups and network ACLs carried in each ended day: hourly, on a schedule."""

import time

from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.rule_usage.daily_run import DailyRun
from flowsentry.aws.time_budget import TimeBudget
from flowsentry.settings import RuleUsageSettings, settings
from flowsentry.telemetry import Event, instrumented


@instrumented
def lambda_handler(_event: Event, context: LambdaContext) -> dict[str, list[str]]:
    budget = TimeBudget.of_invocation(context)
    return {"days": DailyRun(settings(RuleUsageSettings), clients.s3(), time.time(), budget).run()}
