"""The log formats of each log group, and of objects without a header: a CloudWatch payload does not state the order of
its fields. Never guessed.
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
from flowsentry.aws.unreadable_objects import tell_unreadable
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.records.fields import names_in_log_format

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ssm import SSMClient

MAX_AGE_SECONDS = 300
"""How long formats are remembered, and that a group has none. Longer: a group whose flow log has just been made, or
changed, is refused, or read by its old format, for longer. Shorter: more calls of EC2 for groups that nobody added."""
MAX_GROUPS = 1_000
"""Groups for which EC2's answer is remembered. More: some KB of memory. Fewer: a subscription of a whole account asks
about the same groups again and again."""
FLOW_LOGS_A_PAGE = 1_000
"""The most that EC2 gives: one call tells all flow logs of a group."""
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


@dataclass(frozen=True, slots=True)
class _Answer:
    """What EC2 said of a log group, and when: the formats, or why there are none."""

    at: float
    formats: tuple[str, ...] = ()
    refusal: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class LogFormats:
    """The SSM parameter that holds {log group name, or beginning of objects' addresses: LogFormat or a list of them} as
    JSON; and for a group that is not in it, the flow logs that write to it, as EC2 describes them.

    A parameter that holds no JSON object states what it stated last. Where it was never read it states nothing: EC2
    knows the formats of groups, objects with a header state their own, and what is left is set aside (`explained`).
    """

    parameter: str
    client: "SSMClient"
    ec2: Callable[[], "EC2Client"] = clients.ec2
    clock: Callable[[], float] = time.time
    _last_good: dict[str, Any] = field(default_factory=dict, init=False)
    _damage: list[str] = field(default_factory=list, init=False)
    _answers: BoundedMemory[str, _Answer] = field(default_factory=lambda: BoundedMemory(MAX_GROUPS), init=False)

    @cached_property
    def _provider(self) -> SSMProvider:
        return SSMProvider(boto3_client=self.client)

    def of(self, log_group: str) -> tuple[str, ...]:
        """The formats of the flow logs that write to this group, mostly one: distinct, and in the same order each time.

        Raises PoisonError for a group without one: its lines could be anything. RetryableError when it can't be told
        now. A group costs at most one call of EC2 in MAX_AGE_SECONDS, whatever the answer; one added to the parameter
        since is found at once.
        """
        return (
            self._stated(log_group)
            or self._recalled(log_group)
            or self._stated(log_group, force=True)
            or self._described(log_group)
        )

    def of_object(self, bucket: str, key: str) -> tuple[str, ...]:
        """The formats of an object's lines where it has no header: those of the longest beginning of its address that
        is in the parameter; mostly none. Raises PoisonError and RetryableError as `of`. EC2 is not asked.
        """
        address = f"s3://{bucket}/{key}"
        known = (each for each in self._parameter(force=False) if each.startswith("s3://"))
        place = max(filter(address.startswith, known), key=len, default=address)
        formats = self._stated(place)
        try:
            for each in formats:
                names_in_log_format(each)
        except ValueError as error:
            raise PoisonError("bad-log-format", f"{place!r}: {error}") from error
        return formats

    def explained(self, poison: PoisonError) -> PoisonError:
        """The error of a source for which no format was found; where the parameter is damaged, one that says so."""
        if not self._damage:
            return poison
        return PoisonError("bad-log-format", f"{poison}: parameter {self.parameter} {self._damage[0]}")

    def _stated(self, place: str, *, force: bool = False) -> tuple[str, ...]:
        """What the parameter says; nothing for a place that is not in it."""
        stated = self._parameter(force=force).get(place, [])
        formats = [stated] if isinstance(stated, str) else stated
        if not isinstance(formats, list) or not all(isinstance(each, str) for each in formats):
            sentence = f"{stated!r} in parameter {self.parameter} is neither a log format nor a list of them"
            raise PoisonError("bad-log-format", f"{place!r}: {sentence}")
        return tuple(dict.fromkeys(filter(None, formats)))

    def _parameter(self, *, force: bool) -> dict[str, Any]:
        """What the parameter says; what it said last, or nothing, when it is damaged. Raises RetryableError when it
        can't be reached and was never read.
        """
        try:
            value = self._fetched(force=force)
        except GetParameterError as error:
            tell_unreadable("log-formats", str(error))
            if not self._last_good:
                raise RetryableError(f"could not read log formats from {self.parameter}: {error}") from error
            return self._last_good
        except (TransformParameterError, TypeError) as error:
            return self._without(str(error))
        if value is not self._last_good:
            self._last_good.clear()
            self._last_good.update(value)
        self._damage.clear()
        return value

    def _without(self, damage: str) -> dict[str, Any]:
        tell_unreadable("log-formats", damage)
        if not self._last_good:
            self._damage[:] = [f"can't be used: {damage}"]
        return self._last_good

    def _fetched(self, *, force: bool) -> dict[str, Any]:
        value: Any = self._provider.get(self.parameter, max_age=MAX_AGE_SECONDS, transform="json", force_fetch=force)
        if not isinstance(value, dict):
            raise TypeError("it holds no JSON object")
        return value

    def _recalled(self, log_group: str) -> tuple[str, ...]:
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
            sentence = f"{missing}, and its flow logs can't be looked up: allow the function ec2:DescribeFlowLogs"
            return _Answer(self.clock(), refusal=("access-denied", f"{sentence}, or add it, then redrive"))
        sentence = f"{missing}, and no active flow log of this account and region writes to it: add it, then redrive"
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
