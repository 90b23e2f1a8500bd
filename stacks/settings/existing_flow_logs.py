"""Flow logs that exist already: log groups and buckets that the app reads, and never owns."""

import json
import os.path
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from stacks.settings.values import CONTROLS, KmsKeyArn, LogFormat, Section, named_bucket, repeated

PERMISSION_BYTES, PERMISSIONS_BYTES = 650, 18_000
"""Bytes that the permission of a log group takes in a function's policy, beside its name; and bytes that all of them
may take of its 20 KB. Beyond that they share one permission for all log groups whose names have the same beginning.
More: no room for the app's own log groups. Fewer: accounts with fewer log groups share a permission.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
RULE_CHARACTERS = 2048
"""Limit of the event pattern of a rule. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""


BucketName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", title="the name of a bucket", examples=["my-flow-logs"]),
    AfterValidator(named_bucket),
]
KeyPrefix = Annotated[
    str,
    Field(
        pattern=rf'^([^/*?$"\\\s{CONTROLS}][^*?$"\\\s{CONTROLS}]{{0,511}})?$',
        title='the beginning of keys without a / first, spaces, and * ? $ " \\,',
        examples=["logs/"],
    ),
]


class ExistingLogGroup(Section):
    """A log group that other flow logs, not created by this app, write to."""

    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9._/#-]{1,512}$",
            title="the name of a log group, not its ARN,",
            examples=["/vpc/flow-logs"],
        ),
    ]
    """The name of the log group. A log group that this app created is refused."""
    log_formats: tuple[LogFormat, ...] = ()
    """The formats of the flow logs that write there. Without it EC2 is asked when the first payload arrives and every
    five minutes ([decision 15](decisions/0015-one-describe-call-for-an-unknown-log-group.md)). Set it for flow logs of
    another account, and for records that AWS did not write."""
    kinesis: bool | None = None
    """As for a source: payloads go through the Kinesis data stream, unless it is `false`."""
    draining_kinesis: bool = False
    """As for a source: the log group had `kinesis` before, and the stream is still read."""

    @property
    def is_streamed(self) -> bool:
        """Whether its payloads go through the data stream."""
        return self.kinesis is not False

    @property
    def id(self) -> str:
        """Identifies the log group, with characters that have no meaning in the path of a construct."""
        return f"existing:{self.name.replace('/', ':')}"


class ExistingBucket(Section):
    """A bucket that other flow logs, or Firehose, write to; or the keys in it that begin with `prefix`."""

    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    name: BucketName
    """The name of the bucket. The buckets of this app are refused: their objects would be read and written for ever."""
    prefix: KeyPrefix = ""
    """The beginning of the keys, for example `network/` where flow logs are under `network/AWSLogs/`, or Firehose's
    prefix; without it all keys. The function can read nothing else. Set it if the bucket holds other objects: an object
    under the prefix that is no flow log goes to the dead-letter queue and raises its alarm. Of two prefixes, one inside
    the other, the longer one gives the `log_formats`."""
    log_formats: tuple[LogFormat, ...] = ()
    """Formats of lines in objects without a header. Flow logs to S3 write a header or Parquet and need none. Firehose
    writes plain lines, gzip or JSON, and needs the format of the flow log."""
    kms_key_arn: KmsKeyArn = ""
    """The customer managed key that encrypts the bucket's objects. Its key policy must let IAM policies grant access,
    as the default key policy does."""

    @property
    def address(self) -> str:
        """The beginning of the addresses of its objects."""
        return f"s3://{self.name}/{self.prefix}"

    def holds(self, other: "ExistingBucket") -> bool:
        """Whether it includes all objects of the other, and more."""
        return self.address != other.address and other.address.startswith(self.address)


def broken_rules_between_log_groups(log_groups: Sequence[ExistingLogGroup]) -> Iterator[str]:
    """Log groups that are named twice, and would be subscribed and counted twice."""
    names = repeated(log_group.name for log_group in log_groups)
    yield from (f"{name} is named {times} times; allowed: once" for name, times in names.items())


def permitted_names(names: Sequence[str]) -> dict[str, list[str]]:
    """{pattern: names of log groups}, one for each permission to invoke a function. Each log group has its own
    permission as long as the function's policy has room for them.
    """
    if sum(PERMISSION_BYTES + len(name) for name in names) <= PERMISSIONS_BYTES:
        return {name: [name] for name in names}
    alike = os.path.commonprefix(names)  # noqa: RUF071 - names are no paths, whatever they look like
    return {f"{alike}*": list(names)}


def broken_rules_between_buckets(buckets: Sequence[ExistingBucket]) -> Iterator[str]:
    """Addresses that are named twice, and an event pattern that exceeds the limit of one rule."""
    addresses = repeated(bucket.address for bucket in buckets)
    yield from (f"{each} is named {times} times; allowed: once" for each, times in addresses.items())
    size = len(json.dumps(object_events_pattern(buckets), separators=(",", ":")))
    if size > RULE_CHARACTERS:
        yield (
            f"their names and prefixes need {size} characters in one rule; allowed: {RULE_CHARACTERS}. "
            "Buckets of the same prefix, or of none, need fewest"
        )


def outermost(buckets: Iterable[ExistingBucket]) -> list[ExistingBucket]:
    """The buckets and prefixes that no other includes, sorted: each object makes one event and is granted once."""
    known = sorted(buckets, key=lambda bucket: bucket.address)
    return [bucket for bucket in known if not any(other.holds(bucket) for other in known)]


def object_events_pattern(buckets: Iterable[ExistingBucket]) -> dict[str, Any]:
    """The event pattern of new objects in these buckets. One rule serves all of them, because the policy of a queue,
    which names the rule, holds 20 statements and 10 conditions.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
    """
    names: dict[str, list[str]] = defaultdict(list)
    for bucket in outermost(buckets):
        names[bucket.prefix].append(bucket.name)
    alternatives = [_objects(named, prefix) for prefix, named in names.items()]
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": alternatives[0] if len(alternatives) == 1 else {"$or": alternatives},
    }


def _objects(buckets: Sequence[str], prefix: str) -> dict[str, Any]:
    keys = {"object": {"key": [{"prefix": prefix}]}} if prefix else {}
    return {"bucket": {"name": list(buckets)}, **keys}
