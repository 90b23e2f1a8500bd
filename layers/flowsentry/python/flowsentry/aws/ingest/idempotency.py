"""Objects already processed, remembered so that an object delivered twice counts once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import (
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyPersistenceLayerError
from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws.ingest.object_marks import KEY_PREFIX, ProcessingMarks
from flowsentry.errors import PoisonError
from flowsentry.telemetry import count, logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REMEMBERED_SECONDS = 48 * 3_600
"""How long an object is remembered. Longer: more storage. Shorter: a message that waits in the queue longer than this
after its object was processed counts its metrics twice; findings and files are exact either way."""

MAX_DEATHS = 3
"""Runs that may end on an object (by time, memory or a crash) before it is set aside. Fewer: one that was cut off by
chance is set aside. More: each costs a run of all its time, and its neighbours wait for it."""
KILLER = "killed-the-function"

Result = dict[str, Any]
Work = Callable[[], Result]


@dataclass
class _Try:
    """Work that remembers whether it was done, and how it ended."""

    work: Work
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
    """Powertools' idempotency over the objects' identity. Without its table, objects are processed and counted: twice
    is better than never.
    """

    table_name: str
    client: "DynamoDBClient"
    config: IdempotencyConfig = field(
        default_factory=lambda: IdempotencyConfig(expires_after_seconds=REMEMBERED_SECONDS, hash_function="sha256")
    )

    def during(self, invocation: LambdaContext) -> None:
        """To be called once an invocation: what it has not finished when its time is up may be tried again then."""
        self.config.register_lambda_context(invocation)

    def deaths(self, identity: str) -> int:
        """Runs that ended in the middle of this object, as far as is known: none where the table can't be asked."""
        return self._marks().deaths(identity)

    def forget(self, identity: str) -> None:
        """What was set aside gets as many tries as a new one, once it is sent back."""
        self._marks().forget(identity)

    def run(self, identity: str, work: Work) -> Result:
        """The result of the work, done now or earlier. Errors of the work are its own, and are not remembered. Raises
        PoisonError, reason KILLER, for an object on which MAX_DEATHS runs have ended.
        """
        marks = self._marks()
        one_try = _Try(lambda: self._unless_deadly(marks, work))
        try:
            result = self._remembering(one_try, marks)(identity=identity)
        except IdempotencyPersistenceLayerError as error:
            return self._without_memory(one_try, error)
        if not one_try.was_run:
            count("DuplicateObjects")
        return dict(result)

    def _marks(self) -> ProcessingMarks:
        return ProcessingMarks(self.table_name, self.client, self.config)

    def _unless_deadly(self, marks: ProcessingMarks, work: Work) -> Result:
        if marks.earlier_deaths >= MAX_DEATHS:
            sentence = f"the function ended {marks.earlier_deaths} times while it read this object: time or memory"
            raise PoisonError(KILLER, sentence)
        count("ObjectDeaths", int(marks.earlier_deaths > 0))
        return work()

    def _remembering(self, one_try: _Try, marks: ProcessingMarks) -> Callable[..., Result]:
        def run(*, identity: str) -> Result:  # noqa: ARG001 - what it is remembered by
            return one_try.run()

        remembering: Callable[..., Result] = idempotent_function(
            run,
            data_keyword_argument="identity",
            persistence_store=marks,
            config=self.config,
            key_prefix=KEY_PREFIX,
        )
        return remembering

    def _without_memory(self, one_try: _Try, error: IdempotencyPersistenceLayerError) -> Result:
        count("IdempotencyUnavailable")
        logger().warning("idempotency store unavailable", extra={"error": str(error)})
        if not one_try.was_run:
            return one_try.run()
        if one_try.error:
            raise one_try.error
        return one_try.result
