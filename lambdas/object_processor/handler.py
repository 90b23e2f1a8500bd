"""Processes new S3 objects. For a batch of the queue, each message to retry is reported as a batch item failure; for an
event that S3, SNS or EventBridge sent without a queue, the error is raised, so that Lambda retries the whole event.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.dead_letters import DeadLetters
from flowsentry.aws.ingest.idempotency import ProcessedObjects
from flowsentry.aws.ingest.log_formats import LogFormats
from flowsentry.aws.ingest.object_batch import ObjectBatch
from flowsentry.aws.ingest.object_events import direct_messages, is_queue_batch
from flowsentry.aws.ingest.object_queue import ObjectQueue, QueueMessage
from flowsentry.aws.ingest.objects import ObjectProcessor
from flowsentry.aws.ingest.payloads import PayloadProcessor
from flowsentry.aws.ingest.processing import SourceProcessor
from flowsentry.aws.time_budget import TimeBudget
from flowsentry.settings import ObjectProcessorSettings, settings
from flowsentry.telemetry import Event, instrumented

if TYPE_CHECKING:  # the package takes 45 ms of a cold start
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse


@lru_cache(maxsize=1)
def processor() -> ObjectProcessor:
    given = settings(ObjectProcessorSettings)
    sources = SourceProcessor.of(given)
    return ObjectProcessor(
        sources,
        PayloadProcessor(sources, LogFormats(given.log_formats_parameter, clients.ssm())),
        ProcessedObjects(given.idempotency_table, clients.dynamodb()),
        DeadLetters(given.object_dlq_url, clients.sqs()),
    )


@instrumented
def lambda_handler(event: Event, context: LambdaContext) -> "PartialItemFailureResponse | None":
    processor().once.during(context)
    processor().sources.during(context)
    if is_queue_batch(event):
        batch = ObjectBatch(processor(), ObjectQueue(clients.sqs()), TimeBudget.of_invocation(context))
        again = batch.process([QueueMessage.of(record) for record in event["Records"]])
        return {"batchItemFailures": [{"itemIdentifier": each} for each in again]}
    processor().process(*direct_messages(event))
    return None
