"""Access to a Flowsentry deployment in an AWS account, with the caller's own credentials."""

import os
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from flowsentry.aws.clients import BOUNDED
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.findings.triage import FindingTriage, NoSuchFindingError
from flowsentry.aws.notifications.control_item import ControlItem
from flowsentry.aws.notifications.pause import PAUSE_ITEM, PauseOfAlerts
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.aws.upkeep.canary_request import CANARY_ITEM, CanaryRequests
from flowsentry.emit.console_queries import AccountResources
from flowsentry.errors import PoisonError, RetryableError

FINDINGS_TABLE = "findings-table-name"
"""Last part of the SSM parameter's name. Repeated from stacks/constructs/parameters.py, whose import loads
all settings."""


REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
"""Environment variables that name the Region, in the order in which the CDK CLI reads them before the profile. boto3
reads only the second one: without the first, a command would look at another Region than `cdk deploy` deploys into.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html"""


def session_in(region: str | None, profile: str | None) -> boto3.Session:
    """A session in this Region; without one, in the Region that `cdk deploy` takes from the environment, then from the
    profile. Its `region_name` is None where none of them names a Region. Raises BotoCoreError for an unknown profile.
    """
    named = (region, *map(os.environ.get, REGION_VARIABLES))
    return boto3.Session(profile_name=profile, region_name=next(filter(None, named), None))


class NoDeploymentError(Exception):
    """The account and Region have no such deployment; the message names both the deployment and the Region."""


ERRORS = (NoDeploymentError, NoSuchFindingError, PoisonError, RetryableError, BotoCoreError, ClientError)
"""Errors of an account, a deployment or a finding; the message of each is a sentence for the user."""


class Account:
    """A deployment in one account and Region. Every property raises one of ERRORS when AWS cannot provide it."""

    def __init__(self, deployment: str, region: str | None, profile: str | None) -> None:
        self._deployment = deployment
        self._session = session_in(region, profile)

    @property
    def resources(self) -> AccountResources:
        return AccountResources(region=self._session.region_name or "", deployment=self._deployment)

    @cached_property
    def findings(self) -> FindingTriage:
        """The findings of the deployment; the table's name is read from its SSM parameter."""
        return FindingTriage(self._value(FINDINGS_TABLE), self._session.client("dynamodb", config=BOUNDED))

    @cached_property
    def pause(self) -> PauseOfAlerts:
        """The pause of its alerts."""
        return PauseOfAlerts(self._control_item(PAUSE_ITEM))

    @cached_property
    def canaries(self) -> CanaryRequests:
        """Canaries that the deployed app writes on request."""
        item = self._control_item(CANARY_ITEM)
        return CanaryRequests(item, FindingTable(item.table_name, item.client))

    def _control_item(self, name: str) -> ControlItem:
        return ControlItem(name, self.findings.table_name, self.findings.client)

    @cached_property
    def caller(self) -> str:
        """The name in the caller's ARN: `alice` of `…:user/alice`, `Admin/alice` of `…:assumed-role/Admin/alice`."""
        with retryable("get the caller's identity"):
            arn: str = self._session.client("sts", config=BOUNDED).get_caller_identity()["Arn"]
        resource = arn.rpartition(":")[2]
        return resource.partition("/")[2] or resource

    def _value(self, value: str) -> str:
        name = f"/{self._deployment}/{value}"
        ssm: Any = self._session.client("ssm", config=BOUNDED)
        try:
            with retryable("look up the deployment"):
                return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])
        except ClientError as error:
            if code_of(error) != "ParameterNotFound":
                raise
            region = self._session.region_name
            raise NoDeploymentError(
                f"there is no deployment {self._deployment!r} in {region}: the SSM parameter {name} does not exist; "
                "check --deployment, --region and --profile"
            ) from error
