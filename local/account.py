"""A deployed Flowsentry in an AWS account, as the caller's own credentials find it."""

from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from flowsentry.aws.clients import BOUNDED
from flowsentry.aws.findings.triage import FindingTriage, NoSuchFindingError
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.emit.console_queries import AccountResources
from flowsentry.errors import PoisonError, RetryableError

FINDINGS_TABLE = "findings-table-name"
"""The parameter's last part, as in stacks/constructs/parameters.py, which takes the CDK to import."""


class NoDeploymentError(Exception):
    """There is no such deployment here; the sentence says where it was looked for."""


ERRORS = (NoDeploymentError, NoSuchFindingError, PoisonError, RetryableError, BotoCoreError, ClientError)
"""What may be wrong with an account, its deployment or a finding; each says so in a sentence."""


class Account:
    """Whatever is asked raises one of ERRORS when it can't be had."""

    def __init__(self, deployment: str, region: str | None, profile: str | None) -> None:
        self._deployment = deployment
        self._session = boto3.Session(profile_name=profile, region_name=region)

    @property
    def resources(self) -> AccountResources:
        return AccountResources(region=self._session.region_name or "", deployment=self._deployment)

    @cached_property
    def findings(self) -> FindingTriage:
        """Of the table that the deployment names."""
        return FindingTriage(self._value(FINDINGS_TABLE), self._session.client("dynamodb", config=BOUNDED))

    @cached_property
    def caller(self) -> str:
        """The name in the caller's ARN: `alice` of `…:user/alice`, `Admin/alice` of `…:assumed-role/Admin/alice`."""
        with retryable("ask who you are"):
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
                f"there is no deployment {self._deployment!r} in {region}, where no parameter is called {name}; "
                "see --deployment, --region and --profile"
            ) from error
