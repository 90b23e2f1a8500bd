"""CloudWatch Logs payloads, from a subscription or from the record of an invocation that failed."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

from flowsentry.aws.log_formats import LogFormats
from flowsentry.aws.source_processor import SourceProcessor
from flowsentry.decode import subscription, subscription_text
from flowsentry.errors import PoisonError
from flowsentry.frames import LogText, Subscription
from flowsentry.pipeline import Outcome
from flowsentry.telemetry import count


@dataclass(frozen=True)
class PayloadProcessor:
    """Processes a payload as the log group it comes from says."""

    sources: SourceProcessor
    formats: LogFormats

    def process(self, event: Any) -> Outcome:
        """What became of the payload in an event; an empty outcome for a probe of CloudWatch Logs.

        Raises PoisonError for what is no payload, or comes from a log group without a log format.
        """
        payload = subscription(_decoded(_data_in(event)))
        if payload.is_control:
            count("ControlMessages")
            return Outcome()
        return self.sources.process(source_of(payload), [self._text(payload)])

    def _text(self, payload: Subscription) -> LogText:
        log_format = self.formats.of(payload.log_group)
        try:
            return subscription_text(payload, log_format)
        except ValueError as error:
            raise PoisonError("bad-log-format", f"log group {payload.log_group!r}: {error}") from error


def source_of(payload: Subscription) -> str:
    """A name for the payload: the same when it is delivered again, another for any other payload."""
    digest = hashlib.blake2b(payload.text, digest_size=16).hexdigest()
    return f"{payload.owner}:{payload.log_group}:{payload.log_stream}:{digest}"


def _data_in(event: Any) -> str:
    try:
        return str(event["awslogs"]["data"])
    except (KeyError, TypeError) as error:
        raise PoisonError("not-a-subscription", "the event is none of CloudWatch Logs: no awslogs.data") from error


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PoisonError("payload-not-base64", f"the payload is not base64: {error}") from error
