"""Intercepts every AWS call of every function: records it, injects a fault, or kills the function before it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

SLOW_SECONDS = 45
"""Seconds of a slow call: three of four attempts time out. Higher: functions with a short timeout always end by it.
Lower: no function comes near its timeout."""


class Fault(StrEnum):
    """The failures of a call after all of botocore's retries."""

    THROTTLED = "throttled"
    DENIED = "denied"
    LOST_BEFORE = "timed out before it took effect"
    LOST_AFTER = "timed out after it took effect"
    SERVER_ERROR = "HTTP 500"
    SLOW = "slow"


class KilledError(BaseException):
    """The process of a function was killed. A BaseException, so that no handler catches it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS call of a function; `number` counts the calls of a pass from 0."""

    number: int
    function: str
    operation: str


Choose = Callable[[Call], Fault | None]
AtKill = Callable[[Call], bool]
Effect = Callable[[str, dict[str, Any]], None]


@dataclass
class Calls:
    """The AWS calls of functions. `choose` returns the fault of a call, `kill` whether the function is killed before
    it; `effect` is called for each call that took effect, and `slow` for a slow one.
    """

    choose: Choose = lambda _: None
    kill: AtKill = lambda _: False
    effect: Effect = lambda _operation, _arguments: None
    slow: Callable[[float], None] = lambda _: None
    function: str = ""
    is_dead: bool = False
    made: list[Call] = field(default_factory=list)
    met: list[tuple[Call, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, operation: str, arguments: dict[str, Any], real: Callable[[], Any]) -> Any:
        if not self.function:  # a call of the campaign itself
            return real()
        with self._lock:
            fault = self._begun(operation)
        if fault in BEFORE:
            raise BEFORE[fault](operation)
        answer = real()
        self.effect(operation, arguments)
        if fault is Fault.LOST_AFTER:
            raise _timed_out(operation)
        if fault is Fault.SLOW:
            self.slow(SLOW_SECONDS)
        return answer

    def _begun(self, operation: str) -> Fault | None:
        if self.is_dead:
            raise KilledError
        call = Call(len(self.made), self.function, operation)
        self.made.append(call)
        if self.kill(call):
            self.is_dead = True
            self.met.append((call, "killed before it"))
            raise KilledError
        fault = self.choose(call)
        if fault:
            self.met.append((call, fault))
        return fault

    def calm(self) -> None:
        """Stops all faults and kills."""
        self.choose, self.kill = lambda _: None, lambda _: False

    def end(self) -> None:
        """Raises KilledError if the function was killed, even when it caught the first one."""
        if self.is_dead:
            raise KilledError

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Intercepts the calls of all clients of this process."""
        real: Any = BaseClient._make_api_call  # type: ignore[attr-defined]  # noqa: SLF001 - the one seam of all

        def make(client: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
            operation = f"{client.meta.service_model.service_name}.{operation_name}"
            return self.answer(operation, api_params, lambda: real(client, operation_name, without_delay(api_params)))

        BaseClient._make_api_call = make  # type: ignore[attr-defined]  # noqa: SLF001
        try:
            yield
        finally:
            BaseClient._make_api_call = real  # type: ignore[attr-defined]  # noqa: SLF001


def without_delay(arguments: dict[str, Any]) -> dict[str, Any]:
    """Removes the delay of a message, because AWS in memory uses the real clock."""
    return {name: value for name, value in arguments.items() if name != "DelaySeconds"}


def _refused(operation: str, code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "a fault"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation.partition(".")[2])


def _throttled(operation: str) -> ClientError:
    codes = {
        "dynamodb": ("ProvisionedThroughputExceededException", 400),
        "s3": ("SlowDown", 503),
        "ec2": ("RequestLimitExceeded", 503),
        "sns": ("Throttled", 429),
    }
    code, status = codes.get(operation.partition(".")[0], ("ThrottlingException", 400))
    return _refused(operation, code, status)


def _denied(operation: str) -> ClientError:
    codes = {"s3": "AccessDenied", "ec2": "UnauthorizedOperation", "sns": "AuthorizationError"}
    return _refused(operation, codes.get(operation.partition(".")[0], "AccessDeniedException"), 403)


def _timed_out(operation: str) -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url=operation)


def _failed(operation: str) -> ClientError:
    return _refused(operation, "InternalError", 500)


BEFORE: dict[Fault | None, Callable[[str], Exception]] = {
    Fault.THROTTLED: _throttled,
    Fault.DENIED: _denied,
    Fault.LOST_BEFORE: _timed_out,
    Fault.SERVER_ERROR: _failed,
}
"""Faults of calls that take no effect."""
