"""CloudWatch Logs payloads → pipeline: one as CloudWatch Logs hands it over, or a batch of a Kinesis data stream.

What fails three times goes to the failure destination, and from there to the notice queue: nothing is caught here for
good.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.ingest.log_formats import LogFormats
from flowsentry.aws.ingest.object_batch import BatchTime
from flowsentry.aws.ingest.payloads import PayloadProcessor, is_from_stream, payloads_in
from flowsentry.aws.ingest.processing import SourceProcessor
from flowsentry.errors import NotBegunError, PoisonError
from flowsentry.settings import ProcessorSettings, settings
from flowsentry.telemetry import Event, count, count_by, instrumented, logger

PAYLOAD_SECONDS = 10
"""What a payload of a batch may take, a hundred times what it mostly does. With less left, it and those behind it come
again in the next batch. Longer: more come twice. Shorter: one that is slow ends the function, and those before it, done
already, come again with it."""


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


def take(record: KinesisStreamRecord, time: BatchTime) -> None:
    if time.has_begun and time.left < PAYLOAD_SECONDS:
        raise NotBegunError("no time was left to begin the payload")
    time.has_begun = True
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
        handler = partial(take, time=BatchTime(context))
        return process_partial_response(event, handler, BatchProcessor(EventType.KinesisDataStreams), context)
    with poison_counted():
        (data,) = payloads_in(event)
        outcome = processor().process(data)
    return {"lines": outcome.lines, "rejected_lines": outcome.rejected.total, "findings": len(outcome.findings)}
