"""Processes CloudWatch Logs payloads: one from a subscription, or a batch from a Kinesis data stream.

All errors are raised or reported. A payload that fails three times goes to the on-failure destination, a bucket, and
from there as an object event to the queue of object_processor.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.ingest.log_formats import LogFormats
from flowsentry.aws.ingest.payloads import PayloadProcessor, is_from_stream, payloads_in
from flowsentry.aws.ingest.processing import SourceProcessor
from flowsentry.aws.time_budget import TimeBudget
from flowsentry.errors import NotBegunError, PoisonError
from flowsentry.settings import ProcessorSettings, settings
from flowsentry.telemetry import Event, count, count_by, instrumented, logger

PAYLOAD_SECONDS = 10
"""Time that must be left to begin a payload, a hundred times what it mostly takes. With less, it and those after it
return in the next batch. Longer: more payloads are delivered twice. Shorter: a slow payload runs into the time-out, and
those before it, already processed, are delivered again with it."""


@lru_cache(maxsize=1)
def processor() -> PayloadProcessor:
    given = settings(ProcessorSettings)
    return PayloadProcessor(SourceProcessor.of(given), LogFormats(given.log_formats_parameter, clients.ssm()))


@contextmanager
def poison_counted() -> Iterator[None]:
    try:
        yield
    except PoisonError as poison:
        count_by("PoisonSources", {poison.reason: 1})
        raise


@dataclass
class PayloadBatch:
    """A batch of a stream: the first payload is always processed, the others while there is time."""

    time_budget: TimeBudget
    has_begun: bool = False

    def take(self, record: KinesisStreamRecord) -> None:
        if self.has_begun and self.time_budget.left() < PAYLOAD_SECONDS:
            raise NotBegunError("no time was left to begin the payload")
        self.has_begun = True
        try:
            with poison_counted():
                processor().process(record.kinesis.data)
        except Exception:
            count("FailedPayloads")
            logger().exception("payload failed", extra={"sequence_number": record.kinesis.sequence_number})
            raise


@instrumented
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, int] | PartialItemFailureResponse:
    processor().sources.during(context)
    if is_from_stream(event):
        batch = PayloadBatch(TimeBudget.of_invocation(context))
        return process_partial_response(event, batch.take, BatchProcessor(EventType.KinesisDataStreams), context)
    with poison_counted():
        (data,) = payloads_in(event)
        outcome = processor().process(data)
    return {"lines": outcome.lines, "rejected_lines": outcome.rejected.total, "findings": len(outcome.findings)}
