"""The CloudWatch Logs envelope of a subscription: its log group, and a line for each log event."""

import json
from collections.abc import Sequence
from typing import Any

from flowsentry.decode.gzip_stream import inflated_payload
from flowsentry.errors import PoisonError
from flowsentry.frames import MAX_LINE_BYTES, LogText, MixedText, Subscription
from flowsentry.records.fields import names_in_log_format

MAX_PAYLOAD_BYTES = 32 << 20
"""Inflated size from which a payload is refused: an asynchronous invocation carries at most 1 MB, which inflates to
some 10 MB. Larger: its text is held several times over, at up to four bytes a character. Smaller: payloads of many
equal records are refused."""
MAX_VALUES = 1_000_000
"""Values of one envelope. Each takes up to 200 bytes of memory, even one of two characters (`{}`). More: a payload of
1 MB fills the memory. Fewer: envelopes of some 60,000 events with 15 extracted fields each are refused."""
MAX_NAME_LETTERS = 512
"""Longest name of a log group or stream in CloudWatch Logs.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"""


def subscription(data: bytes) -> Subscription:
    """The log group, stream and lines of one CloudWatch Logs payload: `awslogs.data` after base64.

    One log event is one line, even when its message contains line breaks (parse then rejects it). Other keys
    (`policyLevel`, `extractedFields` and future ones) are ignored: they repeat what the lines state. Raises PoisonError
    for anything but gzip of such JSON: never retry.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
    """
    try:
        envelope = _loaded(inflated_payload(data, MAX_PAYLOAD_BYTES))
        lines = [_one_line(event["message"]) for event in envelope.get("logEvents", ())]
        is_control = envelope["messageType"] == "CONTROL_MESSAGE"
        owner, log_group, log_stream = (
            _name(envelope[key], may_be_empty=is_control) for key in ("owner", "logGroup", "logStream")
        )
        return Subscription(owner, log_group, log_stream, "".join(lines).encode(errors="replace"), is_control)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PoisonError("not-a-subscription", f"the payload is not a CloudWatch Logs envelope: {error!r}") from error


def _name(value: Any, *, may_be_empty: bool) -> str:
    """The value, if it is a name: text of at most MAX_NAME_LETTERS, without half of a surrogate pair."""
    if not isinstance(value, str) or len(value) > MAX_NAME_LETTERS or not (value or may_be_empty):
        raise TypeError(f"{str(value)[:100]!r} is not a name")
    value.encode()
    return value


def subscription_text(payload: Subscription, log_formats: str | Sequence[str]) -> LogText | MixedText:
    """The lines of a payload with the order of their fields. CloudWatch Logs does not state it: it is the LogFormat of
    the flow log that writes to the log group, or one of several where several flow logs do. Raises ValueError for an
    invalid log format, and for none.
    """
    text = b"" if payload.is_control else payload.text
    given = [log_formats] if isinstance(log_formats, str) else log_formats
    names, *others = dict.fromkeys(map(names_in_log_format, given))
    return MixedText((names, *others), text, 1) if others else LogText(names, text, 1)


def event_lines(envelopes: bytes) -> bytes:
    """A line for each log event of the envelopes, of which each line has one; none for control messages. A line that is
    no envelope stays as it is, and so does an event without a message: parse rejects both.
    """
    return b"".join(map(_event_lines, envelopes.splitlines()))


def _loaded(text: bytes) -> Any:
    """The parsed JSON. Raises ValueError for invalid JSON, and for more than MAX_VALUES values, each of which follows
    one of these characters.
    """
    if sum(map(text.count, (b",", b"{", b"["))) > MAX_VALUES:
        raise ValueError(f"JSON of more than {MAX_VALUES} values")
    return json.loads(text)


def _event_lines(line: bytes) -> bytes:
    try:
        envelope = _loaded(line)
        if envelope["messageType"] == "CONTROL_MESSAGE":
            return b""
        return "".join(map(_message_of, envelope["logEvents"])).encode(errors="replace")
    except (ValueError, KeyError, TypeError, RecursionError):
        return line[: MAX_LINE_BYTES + 1] + b"\n"


def _message_of(event: Any) -> str:
    message = event.get("message") if isinstance(event, dict) else None
    return _one_line(message if isinstance(message, str) else json.dumps(event))


def _one_line(message: str) -> str:
    return message[: MAX_LINE_BYTES + 2].rstrip("\r\n").replace("\n", " ").replace("\r", " ") + "\n"
