"""Faults of the notifier's calls (failed, slow, fatal), and channels that record deliveries."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from flowsentry.aws.notifications.channels import Notification
from flowsentry.aws.service_errors import retryable

START = 1_790_000_000
CALL_SECONDS, HUNG_SECONDS = 0.01, 18.0
FAULTS = ("throttled", "timed out before", "timed out after", "500", "killed before", "killed after")


class KilledError(BaseException):
    """The process was killed. A BaseException, so that no handler catches it."""


@dataclass
class FaultModel:
    """The faults of calls: each call takes `call_seconds`; while `chance` is above 0, some fail or kill the process.
    The last fault ended at `last_fault_at`.
    """

    rng: random.Random
    now: float = START
    chance: float = 0.0
    faults: int = 0
    last_fault_at: float = 0.0
    is_dead: bool = False
    call_seconds: float = CALL_SECONDS
    beside: Callable[[], object] | None = None

    def __call__(self) -> float:
        return self.now

    @contextmanager
    def around(self, name: str) -> Iterator[None]:
        """A call that may fail before or after it takes effect."""
        if self.is_dead:
            raise KilledError
        self.now += self.call_seconds
        self._meanwhile()
        fault = self.rng.choice(FAULTS) if self.rng.random() < self.chance else ""
        self.faults += bool(fault)
        if fault and "after" not in fault:
            self._strike(fault, name)
        yield
        if fault:
            self._strike(fault, name)

    def _meanwhile(self) -> None:
        """Runs another invocation once, during this one."""
        if self.beside and self.rng.random() < 0.1:  # noqa: PLR2004 - now and then
            beside, self.beside = self.beside, None
            beside()

    def _strike(self, fault: str, name: str) -> None:
        self.now += HUNG_SECONDS if fault.startswith("timed out") else 0
        self.last_fault_at = max(self.last_fault_at, self.now)
        if fault.startswith("killed"):
            self.is_dead = True
            raise KilledError
        if fault.startswith("timed out"):
            raise ReadTimeoutError(endpoint_url=name)
        code, status = ("ThrottlingException", 400) if fault == "throttled" else ("InternalError", 500)
        answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, name)


@dataclass
class RecordingChannel:
    """A channel that records when each finding came alone, and the sizes of summaries."""

    name: str
    fault_model: FaultModel
    may_refuse: bool = False
    alone: dict[str, list[float]] = field(default_factory=dict)
    together: list[int] = field(default_factory=list)

    def send(self, notification: Notification) -> None:
        with retryable("publish"), self.fault_model.around("publish"):
            if notification.finding:
                self.alone.setdefault(notification.finding.id, []).append(self.fault_model.now)
            else:
                self.together.append(json.loads(notification.message.json)["count"])
