"""The user's settings for flow logs that exist already: log groups and buckets that the app reads and never owns."""

import json
import os.path
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stacks.settings.allowed import flow_log_format, list_of, setting, text, yes_or_no

PERMISSION_BYTES, PERMISSIONS_BYTES = 650, 18_000
"""What a log group's permission takes of a function's policy, beside its name; and what all of them may take of its 20
KB. Past that they share one, for all log groups whose names begin alike. More: no room for the app's own log groups.
Fewer: that happens to accounts with fewer log groups.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
RULE_CHARACTERS = 2048
"""What the event pattern of a rule may have. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""


@dataclass(frozen=True)
class ExistingLogGroup:
    """A log group that somebody else's flow logs write to."""

    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    name: str = setting(text(r"[A-Za-z0-9._/#-]{1,512}", "the name of a log group such as /vpc/flow-logs, not its ARN"))
    log_formats: tuple[str, ...] = setting(list_of(flow_log_format()), default=())
    kinesis: bool = setting(yes_or_no(), default=False)
    draining_kinesis: bool = setting(yes_or_no(), default=False)

    @property
    def id(self) -> str:
        """What tells it from all other log groups; with characters that a construct's path has no meaning for."""
        return f"existing:{self.name.replace('/', ':')}"


@dataclass(frozen=True)
class ExistingBucket:
    """A bucket that somebody else's flow logs, or Firehose, write to; or the keys in it that begin with `prefix`."""

    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    name: str = setting(text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket such as my-flow-logs"))
    prefix: str = setting(
        text(r'(?!/)[^*?$"\\\s]{0,512}', 'what keys begin with, such as "logs/": no / first, no spaces, no * ? $ " \\'),
        default="",
    )
    log_formats: tuple[str, ...] = setting(list_of(flow_log_format()), default=())
    kms_key_arn: str = setting(
        text(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+", "the ARN of a KMS key, not of an alias"),
        default="",
    )

    @property
    def address(self) -> str:
        """What the addresses of its objects begin with."""
        return f"s3://{self.name}/{self.prefix}"

    def holds(self, other: "ExistingBucket") -> bool:
        """Whether all objects of the other are among its own, and more."""
        return self.address != other.address and other.address.startswith(self.address)


def between_log_groups(log_groups: Sequence[ExistingLogGroup]) -> Iterator[str]:
    """What can't be between log groups: one named twice would be subscribed, and counted, twice."""
    names = Counter(log_group.name for log_group in log_groups)
    yield from (f"{name} is named {times} times; allowed: once" for name, times in names.items() if times > 1)


def permitted_names(names: Sequence[str]) -> dict[str, list[str]]:
    """{pattern: names of log groups}: what permissions to invoke a function are to be for. Each log group has its own,
    as long as a function's policy has room for them.
    """
    if sum(PERMISSION_BYTES + len(name) for name in names) <= PERMISSIONS_BYTES:
        return {name: [name] for name in names}
    alike = os.path.commonprefix(names)  # noqa: RUF071 - names are no paths, whatever they look like
    return {f"{alike}*": list(names)}


def between_buckets(buckets: Sequence[ExistingBucket]) -> Iterator[str]:
    """What can't be between buckets: two settings for the same objects, or more than one rule can tell of."""
    addresses = Counter(bucket.address for bucket in buckets)
    yield from (f"{each} is named {times} times; allowed: once" for each, times in addresses.items() if times > 1)
    size = len(json.dumps(object_events_pattern(buckets), separators=(",", ":")))
    if size > RULE_CHARACTERS:
        yield (
            f"their names and prefixes need {size} characters in one rule; allowed: {RULE_CHARACTERS}. "
            "Buckets of the same prefix, or of none, need fewest"
        )


def outermost(buckets: Iterable[ExistingBucket]) -> list[ExistingBucket]:
    """Those that no other holds, so that each object is told of, and granted, once; whatever the order, in the same."""
    known = sorted(buckets, key=lambda bucket: bucket.address)
    return [bucket for bucket in known if not any(other.holds(bucket) for other in known)]


def object_events_pattern(buckets: Iterable[ExistingBucket]) -> dict[str, Any]:
    """The event pattern of new objects in these buckets. One for all of them: a queue's policy, which names the rule,
    holds 20 statements and 10 conditions.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
    """
    names: dict[str, list[str]] = defaultdict(list)
    for bucket in outermost(buckets):
        names[bucket.prefix].append(bucket.name)
    places = [_objects(named, prefix) for prefix, named in names.items()]
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": places[0] if len(places) == 1 else {"$or": places},
    }


def _objects(buckets: Sequence[str], prefix: str) -> dict[str, Any]:
    keys = {"object": {"key": [{"prefix": prefix}]}} if prefix else {}
    return {"bucket": {"name": list(buckets)}, **keys}
