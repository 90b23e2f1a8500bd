"""CloudWatch Logs payload → pipeline. What fails three times goes to the failure destination, and from there to the
notice queue: nothing is caught here.
"""

from functools import lru_cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.log_formats import LogFormats
from flowsentry.aws.payload_processor import PayloadProcessor
from flowsentry.aws.source_processor import SourceProcessor
from flowsentry.errors import PoisonError
from flowsentry.settings import ProcessorSettings, settings
from flowsentry.telemetry import Event, count_by, instrumented


@lru_cache(maxsize=1)
def processor() -> PayloadProcessor:
    given = settings(ProcessorSettings)
    return PayloadProcessor(SourceProcessor.of(given), LogFormats(given.log_formats_parameter, clients.ssm()))


@instrumented
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    try:
        outcome = processor().process(event)
    except PoisonError as poison:
        count_by("PoisonSources", {poison.reason: 1})
        raise
    return {"lines": outcome.lines, "rejected_lines": outcome.rejected.total, "findings": len(outcome.findings)}
