"""Processes CloudWatch Logs payloads: one from a subscription, or a batch from a Kinesis data stream.

A payload of a subscription that fails is raised; after three tries Lambda stores it in the on-failure destination, a
bucket, from where it comes as an object event to the queue of object_processor. Of a batch, payloads that no retry can
help are stored there at once, so that the others are not delivered again with them; any other error is raised, or
reported with the first payload that is not done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.failed_invocation import record_of
from flowsentry.aws.ingest.log_formats import LogFormats
from flowsentry.aws.ingest.payload_parts import Refused, delivered, is_from_stream
from flowsentry.aws.ingest.payloads import PayloadProcessor
from flowsentry.aws.ingest.processing import SourceProcessor
from flowsentry.aws.object_store import StoredObject
from flowsentry.aws.time_budget import TimeBudget
from flowsentry.errors import PoisonError
from flowsentry.settings import StreamProcessorSettings, settings
from flowsentry.telemetry import Event, count, count_by, instrumented, logger

PART_SECONDS = 20
"""Time that must be left to begin another part of a batch, five times what 16 MB of text take. With less, it returns in
the next batch. Longer: more payloads are delivered twice. Shorter: a slow part runs into the time-out."""


@lru_cache(maxsize=1)
def processor() -> PayloadProcessor:
    given = settings(StreamProcessorSettings)
    return PayloadProcessor(SourceProcessor.of(given), LogFormats(given.log_formats_parameter, clients.ssm()))


@dataclass(frozen=True)
class PayloadBatch:
    """A batch of a stream."""

    event: Any

    def process(self, time_budget: TimeBudget) -> dict[str, Any]:
        """The first payload that is not done, from which on Lambda delivers the batch again.

        https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
        """
        done = processor().process_batch(self.event, self._set_aside, lambda: time_budget.has(PART_SECONDS))
        again = self.event["Records"][done : done + 1]
        return {"batchItemFailures": [{"itemIdentifier": each["kinesis"]["sequenceNumber"]} for each in again]}

    def _set_aside(self, refused: Sequence[Refused]) -> None:
        """Stores payloads where failed invocations are. Raises RetryableError when S3 cannot be reached."""
        key, record = record_of(self.event, [each.position for each in refused])
        bucket = settings(StreamProcessorSettings).failed_invocation_bucket
        processor().sources.store.put(StoredObject(bucket, key), record)
        count("FailedPayloads", len(refused))
        for each in refused:
            number = self.event["Records"][each.position]["kinesis"]["sequenceNumber"]
            why = {"reason": each.error.reason, "error": str(each.error), "sequence_number": number}
            logger().error("payload set aside", extra=why)


@instrumented
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    processor().sources.during(context)
    if is_from_stream(event):
        return PayloadBatch(event).process(TimeBudget.of_invocation(context))
    try:
        ((_, data),) = delivered(event)
        outcome = processor().process(data)
    except PoisonError as poison:
        count_by("PoisonSources", {poison.reason: 1})
        raise
    return {"lines": outcome.lines, "rejected_lines": outcome.rejected.total, "findings": len(outcome.findings)}
