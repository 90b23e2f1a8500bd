"""Settings of the Kinesis data stream between busy log groups and the function: its capacity, and its batches."""

from pydantic import Field

from stacks.settings.values import Section

MAX_SHARDS = 200
"""Fewer than every Region's quota.
https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html has what a change may be."""


class PayloadStream(Section):
    """The data stream that payloads of sources with `kinesis` go through, and the batches that the function reads.

    The bounds of a batch are Lambda's; it ends a batch at 6 MB too, whatever is set here.
    https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    """

    shards: int = Field(default=1, ge=0, le=MAX_SHARDS)
    """Shards of the stream, $11 a month each. One takes 1,000 payloads and 1 MB a second: about 5,000 network
    interfaces with 100 records a minute each, or 40,000 with 10. More: more than that, and as many more enriched
    objects. Fewer: CloudWatch Logs is throttled, tries again for 24 hours, and then drops payloads. `0`: on demand, $29
    a month, which begins with four shards and grows by itself. A change takes effect in place, and can double or halve
    the shards at most: from on demand, set those that the stream has (four, if it has not grown), then half of them in
    the next deployment. AWS allows two changes between shards and on demand a day."""
    batch_payloads: int = Field(default=1_000, ge=1, le=10_000)
    """Payloads in a batch. Higher: larger enriched objects where more than 1,000 payloads come in a window. Lower: more
    of them, and $5 for a million."""
    window_seconds: int = Field(default=60, ge=1, le=300)
    """How long Lambda gathers a batch that is not full. An interface sends a payload a minute, so at 60 an enriched
    object holds a minute of all interfaces. Higher: fewer and larger objects, and later findings. Lower: earlier
    findings, and more objects: at 5, twelve times as many."""
    batches_at_once: int = Field(default=1, ge=1, le=10)
    """Batches of a shard that are processed at the same time, in an account with few concurrent executions fewer (a
    twentieth of `lambda_concurrency`). One processes about 500,000 records a minute. Higher: more than that, and as
    many more enriched objects. Lower: less; and a batch that fails holds up more of the payloads behind it."""
