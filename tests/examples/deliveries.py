"""Deliveries to a deployed app: each has a mark, by which it is found in the events of the functions."""

import base64
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.examples.account import Account

MARK = re.compile(r"mark-\d+")


@dataclass(frozen=True)
class Destination:
    """Where a flow log delivers: a log group, or a bucket with a key prefix."""

    log_group: str = ""
    bucket: str = ""
    prefix: str = ""


@dataclass
class Deliveries:
    """Delivers as flow logs do; `sent` is {mark: destination} of everything."""

    account: Account
    sent: dict[str, Destination] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def destinations(self) -> set[Destination]:
        """Where the flow logs of the account deliver."""
        described = self.account.aws.client("ec2").describe_flow_logs()["FlowLogs"]
        return {_destination(each) for each in described}

    def to(self, destinations: Iterable[Destination]) -> None:
        """One delivery to each destination."""
        for each in sorted(destinations, key=repr):
            mark = f"mark-{next(self._numbers)}"
            self.sent[mark] = each
            if each.bucket:
                self._put_object(each, mark)
            else:
                self._put_log_event(each, mark)

    def processed(self) -> Counter[str]:
        """How often the functions got each mark, when they have got everything."""
        self.account.aws.wait_until_quiet(settle_seconds=0.1)
        return Counter(
            mark
            for _function, event in self.account.events
            for text in _texts(event)
            for mark in set(MARK.findall(text))
        )

    def stored(self, log_group: str) -> set[str]:
        """The marks in a log group."""
        events = self.account.aws.client("logs").filter_log_events(logGroupName=log_group)["events"]
        return {each["message"] for each in events}

    def _put_object(self, destination: Destination, mark: str) -> None:
        key = f"{destination.prefix}AWSLogs/123456789012/vpcflowlogs/us-east-1/{mark}.log.gz"
        self.account.aws.client("s3").put_object(Bucket=destination.bucket, Key=key, Body=b"x")

    def _put_log_event(self, destination: Destination, mark: str) -> None:
        logs = self.account.aws.client("logs")
        logs.create_log_stream(logGroupName=destination.log_group, logStreamName=mark)
        logs.put_log_events(
            logGroupName=destination.log_group,
            logStreamName=mark,
            logEvents=[{"timestamp": int(time.time() * 1000), "message": mark}],
        )


def _destination(flow_log: Mapping[str, Any]) -> Destination:
    if flow_log["LogDestinationType"] != "s3":
        return Destination(log_group=flow_log["LogGroupName"])
    bucket, _, prefix = flow_log["LogDestination"].removeprefix("arn:aws:s3:::").partition("/")
    return Destination(bucket=bucket, prefix=prefix)


def _texts(event: Mapping[str, Any]) -> Iterator[str]:
    """What an event of a function contains: each payload of a log group, each message of a queue."""
    if "awslogs" in event:
        yield _unpacked(event["awslogs"]["data"])
    for record in event.get("Records", ()):
        yield _unpacked(record["kinesis"]["data"]) if "kinesis" in record else json.dumps(record.get("body", ""))


def _unpacked(data: str) -> str:
    return gzip.decompress(base64.b64decode(data)).decode()
