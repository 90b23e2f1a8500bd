"""SQS batch of S3 notices → pipeline; a message that is to be retried is reported as a batch item failure."""

from functools import lru_cache

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.dead_letters import DeadLetters
from flowsentry.aws.log_formats import LogFormats
from flowsentry.aws.object_processor import ObjectProcessor
from flowsentry.aws.objects_once import ObjectsOnce
from flowsentry.aws.payload_processor import PayloadProcessor
from flowsentry.aws.source_processor import SourceProcessor
from flowsentry.settings import ObjectProcessorSettings, settings
from flowsentry.telemetry import Event, count, instrumented, logger


@lru_cache(maxsize=1)
def processor() -> ObjectProcessor:
    given = settings(ObjectProcessorSettings)
    sources = SourceProcessor.of(given)
    return ObjectProcessor(
        sources,
        PayloadProcessor(sources, LogFormats(given.log_formats_parameter, clients.ssm())),
        ObjectsOnce(given.idempotency_table, clients.dynamodb()),
        DeadLetters(given.notice_dlq_url, clients.sqs()),
    )


def take(record: SQSRecord) -> None:
    try:
        processor().take(record.body)
    except Exception:
        count("RetriedNotices")
        logger().exception("notice to be retried", extra={"message_id": record.message_id})
        raise


@instrumented
def lambda_handler(event: Event, context: LambdaContext) -> PartialItemFailureResponse:
    processor().once.during(context)
    batch = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, take, batch, context)
