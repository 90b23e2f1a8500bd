"""Security Hub: imports urgent findings in the AWS Security Finding Format."""

from collections.abc import Mapping
from typing import Any, Protocol

from flowsentry.aws.notifications.channels import Notification, refusal
from flowsentry.aws.notifications.rendering import rendering
from flowsentry.aws.service_errors import retryable
from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.security_finding import security_finding
from flowsentry.errors import PoisonError
from flowsentry.value import Value


class SecurityHubClient(Protocol):
    """The method that is used of boto3's client."""

    def batch_import_findings(self, *, Findings: list[dict[str, Any]]) -> Mapping[str, Any]: ...  # noqa: N803 - AWS's


class SecurityHub(Value, frozen=True):
    """Imports findings into the account and Region of `resources`. A finding with the same id is updated, so a repeated
    delivery has no effect.
    """

    resources: AccountResources
    client: SecurityHubClient
    name: str = "security-hub"
    may_refuse: bool = True

    def send(self, notification: Notification) -> None:
        """Raises RetryableError for a transient failure, PoisonError for a permanent refusal, and ClientError when
        Security Hub is not enabled (InvalidAccessException).

        A successful call may have accepted nothing:
        https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html
        """
        if notification.finding is None:
            raise PoisonError("several", "Security Hub accepts single findings only")
        with rendering():
            finding = security_finding(notification.finding, self.resources, notification.found_at)
        with retryable("import a finding into Security Hub"):
            answer = self.client.batch_import_findings(Findings=[finding])
        if answer["FailedCount"]:
            raise refusal("Security Hub", answer["FailedFindings"][0])
