"""Processes each S3 object once, also when its event is delivered twice; sets aside objects that end the function."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import (
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyPersistenceLayerError
from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws.ingest.idempotency_records import KEY_PREFIX, IdempotencyRecords
from flowsentry.aws.time_budget import seconds_left
from flowsentry.decode.object_part import Progress, UnfinishedError
from flowsentry.errors import PoisonError
from flowsentry.telemetry import count, logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REMEMBERED_SECONDS = 48 * 3_600
"""How long a processed object is remembered. Longer: more storage. Shorter: a message that waits in the queue longer
than this after its object was processed counts its metrics twice; findings and files are exact either way."""

MAX_INTERRUPTED_RUNS = 3
"""Runs that may end while they process an object (by time-out, memory or a crash) before it is set aside. Fewer: an
object that was interrupted by chance is set aside. More: each costs a whole run, and the rest of its batch waits."""
KILLED_THE_FUNCTION = "killed-the-function"

Result = dict[str, Any]
Work = Callable[[Progress], Result]


@dataclass
class _Attempt:
    """Remembers whether the work was run, and its result or error."""

    work: Callable[[], Result]
    was_run: bool = False
    result: Result = field(default_factory=dict)
    error: Exception | None = None

    def run(self) -> Result:
        self.was_run = True
        try:
            self.result = self.work()
        except Exception as error:
            self.error = error
            raise
        return self.result


@dataclass
class ProcessedObjects:
    """Powertools' idempotency, by the identity of an object event. While its table cannot be reached, objects are
    processed without it: an object counted twice is better than one that is lost.
    """

    table_name: str
    client: "DynamoDBClient"
    config: IdempotencyConfig = field(
        default_factory=lambda: IdempotencyConfig(expires_after_seconds=REMEMBERED_SECONDS, hash_function="sha256")
    )
    seconds_left: Callable[[], float] = field(default_factory=lambda: lambda: math.inf, init=False)

    def during(self, invocation: LambdaContext) -> None:
        """Call once per invocation: objects that it does not finish before its time-out may be processed again then."""
        self.config.register_lambda_context(invocation)
        self.seconds_left = partial(seconds_left, invocation)

    def interrupted_runs(self, identity: str) -> int:
        """The number of runs that ended while they processed this object; 0 when the table cannot be read."""
        return self._records().interrupted_runs(identity)

    def forget(self, identity: str) -> None:
        """Deletes the record of an object that was set aside, so that a redrive gets all attempts again."""
        self._records().forget(identity)

    def run(self, identity: str, work: Work) -> Result:
        """The result of the work, done now or earlier. The work is given how far earlier runs came. Errors of the work
        are raised and not remembered, but for UnfinishedError, after which the next run goes on where this one ended.
        Raises PoisonError with reason `killed-the-function` for an object on which MAX_INTERRUPTED_RUNS runs have
        ended, without any part in between.
        """
        records = self._records()
        attempt = _Attempt(lambda: self._unless_interrupted_too_often(records, work))
        try:
            result = self._idempotent(attempt, records)(identity=identity)
        except IdempotencyPersistenceLayerError as error:
            return self._without_records(attempt, error)
        if not attempt.was_run:
            count("DuplicateObjects")
        return dict(result)

    def _records(self) -> IdempotencyRecords:
        return IdempotencyRecords(self.table_name, self.client, self.config)

    def _unless_interrupted_too_often(self, records: IdempotencyRecords, work: Work) -> Result:
        interrupted_runs = records.earlier_interruptions
        if interrupted_runs >= MAX_INTERRUPTED_RUNS:
            sentence = f"the function ended {interrupted_runs} times while it read this object: time or memory"
            raise PoisonError(KILLED_THE_FUNCTION, sentence)
        count("InterruptedObjects", int(interrupted_runs > 0))
        try:
            return work(records.progress.after(interrupted_runs))
        except UnfinishedError as unfinished:
            records.rest = unfinished.rest
            raise

    def _idempotent(self, attempt: _Attempt, records: IdempotencyRecords) -> Callable[..., Result]:
        def run(*, identity: str) -> Result:  # noqa: ARG001 - the idempotency key
            return attempt.run()

        idempotent: Callable[..., Result] = idempotent_function(
            run,
            data_keyword_argument="identity",
            persistence_store=records,
            config=self.config,
            key_prefix=KEY_PREFIX,
        )
        return idempotent

    def _without_records(self, attempt: _Attempt, error: IdempotencyPersistenceLayerError) -> Result:
        count("IdempotencyUnavailable")
        logger().warning("idempotency table unavailable", extra={"error": str(error)})
        if not attempt.was_run:
            return attempt.run()
        if attempt.error:
            raise attempt.error
        return attempt.result
