"""The log formats of log groups and of objects without a header. A CloudWatch payload does not state the order of its
fields, and it is never guessed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError
from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.bounded_memory import BoundedMemory
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.aws.unreadable_objects import report_unreadable
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.records.fields import names_in_log_format
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ssm import SSMClient

MAX_AGE_SECONDS = 300
"""How long formats are cached, also the answer that a log group has none. Longer: a log group whose flow log was just
created or changed is refused, or read with its old format, for longer. Shorter: more calls to EC2 for log groups that
are not in the parameter."""
MAX_GROUPS = 1_000
"""Log groups for which EC2's answer is cached. More: some KB of memory. Fewer: with a subscription of a whole account,
the same log groups are looked up again and again."""
FLOW_LOGS_A_PAGE = 1_000
"""EC2's maximum page size: one call returns all flow logs of a log group."""
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


class _Answer(Value, frozen=True):
    """EC2's answer about a log group at a time (Unix s): the formats, or the reason and sentence why there are none."""

    at: float
    formats: tuple[str, ...] = ()
    refusal: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class LogFormats:
    """Formats from the SSM parameter, a JSON object of {log group name, or prefix of objects' addresses: LogFormat or a
    list of them}; for a log group that is not in it, from the flow logs that write to it, as EC2 describes them.

    When the parameter holds no JSON object, its last valid value stays active. Without one, EC2 still describes the
    formats of log groups, objects with a header state their own, and the others are set aside (`explained`).
    """

    parameter: str
    client: "SSMClient"
    ec2: Callable[[], "EC2Client"] = clients.ec2
    clock: Callable[[], float] = time.time
    _last_valid: dict[str, Any] = field(default_factory=dict, init=False)
    _damage: list[str] = field(default_factory=list, init=False)
    _answers: BoundedMemory[str, _Answer] = field(default_factory=lambda: BoundedMemory(MAX_GROUPS), init=False)

    @cached_property
    def _provider(self) -> SSMProvider:
        return SSMProvider(boto3_client=self.client)

    def of(self, log_group: str) -> tuple[str, ...]:
        """The distinct formats of the flow logs that write to this log group, mostly one, always in the same order.

        Raises PoisonError for a log group without a format, and RetryableError when the parameter or EC2 cannot be
        reached. A log group costs at most one call to EC2 in MAX_AGE_SECONDS, whatever the answer; a log group that was
        added to the parameter since is found at once.
        """
        return (
            self._stated(log_group)
            or self._cached(log_group)
            or self._stated(log_group, force=True)
            or self._described(log_group)
        )

    def of_object(self, bucket: str, key: str) -> tuple[str, ...]:
        """The formats of the lines of an object without a header: those of the longest prefix of its address in the
        parameter; mostly none. Raises PoisonError and RetryableError as `of` does. EC2 is not called.
        """
        address = f"s3://{bucket}/{key}"
        known = (each for each in self._parameter(force=False) if each.startswith("s3://"))
        prefix = max(filter(address.startswith, known), key=len, default=address)
        formats = self._stated(prefix)
        try:
            for each in formats:
                names_in_log_format(each)
        except ValueError as error:
            raise PoisonError("bad-log-format", f"{prefix!r}: {error}") from error
        return formats

    def explained(self, poison: PoisonError) -> PoisonError:
        """The error of a source without a format; when the parameter is damaged, one that says so."""
        if not self._damage:
            return poison
        return PoisonError("bad-log-format", f"{poison}: parameter {self.parameter} {self._damage[0]}")

    def _stated(self, source: str, *, force: bool = False) -> tuple[str, ...]:
        """The formats of a log group or prefix in the parameter; empty when it is not there."""
        stated = self._parameter(force=force).get(source, [])
        formats = [stated] if isinstance(stated, str) else stated
        if not isinstance(formats, list) or not all(isinstance(each, str) for each in formats):
            sentence = f"{stated!r} in parameter {self.parameter} is neither a log format nor a list of them"
            raise PoisonError("bad-log-format", f"{source!r}: {sentence}")
        return tuple(dict.fromkeys(filter(None, formats)))

    def _parameter(self, *, force: bool) -> dict[str, Any]:
        """The parameter's value; its last valid value, or an empty one, when it is damaged. Raises RetryableError when
        it cannot be reached and was never read.
        """
        try:
            value = self._fetched(force=force)
        except GetParameterError as error:
            report_unreadable("log-formats", str(error))
            if not self._last_valid:
                raise RetryableError(f"could not read log formats from {self.parameter}: {error}") from error
            return self._last_valid
        except (TransformParameterError, TypeError) as error:
            return self._damaged(str(error))
        if value is not self._last_valid:
            self._last_valid.clear()
            self._last_valid.update(value)
        self._damage.clear()
        return value

    def _damaged(self, damage: str) -> dict[str, Any]:
        report_unreadable("log-formats", damage)
        if not self._last_valid:
            self._damage[:] = [f"can't be used: {damage}"]
        return self._last_valid

    def _fetched(self, *, force: bool) -> dict[str, Any]:
        value: Any = self._provider.get(self.parameter, max_age=MAX_AGE_SECONDS, transform="json", force_fetch=force)
        if not isinstance(value, dict):
            raise TypeError("it is not a JSON object")
        return value

    def _cached(self, log_group: str) -> tuple[str, ...]:
        answer = self._recent_answer(log_group)
        return answer.formats if answer else ()

    def _recent_answer(self, log_group: str) -> _Answer | None:
        answer = self._answers.get(log_group)
        return answer if answer and self.clock() - answer.at < MAX_AGE_SECONDS else None

    def _described(self, log_group: str) -> tuple[str, ...]:
        answer = self._recent_answer(log_group)
        if answer is None:
            answer = self._ask(log_group)
            self._answers.put(log_group, answer)
        if not answer.formats:
            raise self.explained(PoisonError(*answer.refusal))
        return answer.formats

    def _ask(self, log_group: str) -> _Answer:
        missing = f"log group {log_group!r} has no log format in parameter {self.parameter}"
        try:
            formats = self._formats_of_flow_logs(log_group)
        except ClientError as error:
            if code_of(error) not in DENIED:
                raise
            sentence = f"{missing}, and its flow logs cannot be described: allow the function ec2:DescribeFlowLogs"
            return _Answer(self.clock(), refusal=("access-denied", f"{sentence}, or add it, then redrive"))
        sentence = f"{missing}, and no active flow log of this account and Region writes to it: add it, then redrive"
        return _Answer(self.clock(), formats, ("unknown-log-group", sentence))

    def _formats_of_flow_logs(self, log_group: str) -> tuple[str, ...]:
        """Sorted, since EC2 promises no order.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html
        """
        with retryable(f"look up the flow logs of log group {log_group!r}"):
            paginator = self.ec2().get_paginator("describe_flow_logs")
            pages = paginator.paginate(
                Filters=[{"Name": "log-group-name", "Values": [log_group]}],
                PaginationConfig={"PageSize": FLOW_LOGS_A_PAGE},
            )
            found = [flow_log for page in pages for flow_log in page.get("FlowLogs", ())]
        active = (flow_log for flow_log in found if flow_log.get("FlowLogStatus") == "ACTIVE")
        return tuple(sorted({flow_log["LogFormat"] for flow_log in active if flow_log.get("LogFormat")}))
