"""Security Hub: urgent findings in its own form, for whoever works there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from flowsentry.aws.notifications.channels import Notification, refused
from flowsentry.aws.notifications.rendering import rendering
from flowsentry.aws.service_errors import retryable
from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.security_finding import security_finding
from flowsentry.errors import PoisonError


class SecurityHubClient(Protocol):
    """What is used of boto3's client."""

    def batch_import_findings(self, *, Findings: list[dict[str, Any]]) -> Mapping[str, Any]: ...  # noqa: N803 - AWS's


@dataclass(frozen=True)
class SecurityHub:
    """Imports findings into the account and region of `resources`. One with the same id is updated, so sending twice
    is told once.
    """

    resources: AccountResources
    client: SecurityHubClient
    name: str = "security-hub"
    may_refuse: bool = True

    def tell(self, notification: Notification) -> None:
        """Raises RetryableError when it can't take the finding now, PoisonError when it never will; ClientError when it
        is not enabled (InvalidAccessException).

        A call that succeeds may have taken nothing:
        https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html
        """
        if notification.finding is None:
            raise PoisonError("several", "Security Hub takes single findings only")
        with rendering():
            finding = security_finding(notification.finding, self.resources, notification.found_at)
        with retryable("import a finding into Security Hub"):
            answer = self.client.batch_import_findings(Findings=[finding])
        if answer["FailedCount"]:
            raise refused("Security Hub", answer["FailedFindings"][0])
