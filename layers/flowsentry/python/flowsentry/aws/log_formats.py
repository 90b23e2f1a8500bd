"""The log format of each log group: a CloudWatch payload does not state the order of its fields. Never guessed."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError

from flowsentry.errors import PoisonError, RetryableError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

MAX_AGE_SECONDS = 300
"""How long formats are remembered. A group that is not among them is looked up again at once, so a longer time only
delays a group whose format changes, and each format has a group of its own."""


@dataclass(frozen=True)
class LogFormats:
    """The SSM parameter that holds {log group name: LogFormat} as JSON."""

    parameter: str
    client: "SSMClient"

    @cached_property
    def _provider(self) -> SSMProvider:
        return SSMProvider(boto3_client=self.client)

    def of(self, log_group: str) -> str:
        """The format of the flow log that writes to this group.

        Raises PoisonError for a group without one: its lines could be anything. RetryableError when it can't be read.
        """
        known = self._formats().get(log_group) or self._formats(force=True).get(log_group)
        if known is None:
            sentence = f"log group {log_group!r} has no log format in parameter {self.parameter}: add it, then redrive"
            raise PoisonError("unknown-log-group", sentence)
        return known

    def _formats(self, *, force: bool = False) -> dict[str, str]:
        try:
            value: Any = self._provider.get(
                self.parameter, max_age=MAX_AGE_SECONDS, transform="json", force_fetch=force
            )
        except (GetParameterError, TransformParameterError) as error:
            raise RetryableError(f"could not read log formats from {self.parameter}: {error}") from error
        return dict(value or {})
