"""Sends traffic to the emulated AWS as the flow logs service would: in order of time, to each VPC's destination."""

import gzip
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from flowsentry.capture_gaps import SECONDS_AN_HOUR
from local.aws.embedded import EmbeddedAws
from local.demo.account import DeployedFlowLog
from local.traffic.company.network import Company
from local.traffic.delivery import FILE_SECONDS, event_batches, objects, put_events, put_objects
from local.traffic.generation import Traffic
from local.traffic.records import Record, is_skipped

BATCH_SECONDS = 1_800
"""Seconds of log events in one PutLogEvents call per log stream. AWS puts one minute; higher: fewer invocations and
the same findings, lower: the demo takes longer."""
BAD_LINES = ("2 this line was cut", "something that is no flow log record at all", "- - -")
"""Invalid lines added to one object: they must be counted as rejected, and the other lines must be processed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One object or one batch of events: its VPC, the end of its newest record (Unix seconds), and how to send it."""

    vpc_id: str
    newest: int
    send: Callable[[], object]


@dataclass
class Sending:
    """Sends the traffic. `sent_at` has (newest second, time sent) of each delivery, by VPC; both are Unix seconds."""

    aws: EmbeddedAws
    company: Company
    flow_logs: list[DeployedFlowLog]
    traffic: Traffic
    sent_at: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def records(self) -> int:
        return sum(map(len, self.traffic.records.values()))

    @property
    def gaps(self) -> int:
        """The number of (interface, hour) pairs with SKIPDATA records."""
        skipped = (each for records in self.traffic.records.values() for each in records if is_skipped(each))
        return len({(each["interface-id"], int(each["start"]) // SECONDS_AN_HOUR) for each in skipped})

    def send_all(self, say: Callable[[str], None]) -> None:
        """Sends all deliveries in order of time, without pauses; reports progress in five steps."""
        deliveries = [delivery for flow_log in self.flow_logs for delivery in self._deliveries(flow_log)]
        deliveries.sort(key=lambda delivery: delivery.newest)
        steps = {len(deliveries) * fifth // 5 for fifth in range(1, 6)}
        for number, delivery in enumerate(deliveries, 1):
            self.sent_at[delivery.vpc_id].append((delivery.newest, time.time()))
            delivery.send()
            if number in steps:
                say(f"  {100 * number // len(deliveries):3d} % of the traffic sent")

    def seconds_until(self, vpc_id: str, last_seen: int, delivered_at: float) -> float:
        """The seconds from sending the record of `last_seen` to the delivery of its alert."""
        sent = (at for newest, at in self.sent_at[vpc_id] if newest >= last_seen)
        return delivered_at - next(sent, delivered_at)

    def _deliveries(self, flow_log: DeployedFlowLog) -> Iterator[Delivery]:
        network = next(network for network in self.company.networks if network.vpc_id == flow_log.vpc_id)
        records = self.traffic.records[network.name]
        return self._objects(flow_log, records) if flow_log.bucket else self._events(flow_log, records)

    def _objects(self, flow_log: DeployedFlowLog, records: Sequence[Record]) -> Iterator[Delivery]:
        bucket, s3 = flow_log.bucket or "", self.aws.client("s3")
        for number, (key, body) in enumerate(objects(records, flow_log.flow_log)):
            content = _with_bad_lines(body) if number == 0 else body
            send = partial(put_objects, s3, bucket, [(key, content)])
            yield Delivery(flow_log.vpc_id, _end_of(key), send)

    def _events(self, flow_log: DeployedFlowLog, records: Sequence[Record]) -> Iterator[Delivery]:
        log_group, logs = flow_log.log_group or "", self.aws.client("logs")
        for batch in event_batches(records, flow_log.flow_log.names, BATCH_SECONDS):
            newest = max(at for at, _ in batch.events) // 1000
            yield Delivery(flow_log.vpc_id, newest, partial(put_events, logs, log_group, [batch]))


def _with_bad_lines(body: bytes) -> bytes:
    text = gzip.decompress(body) + "".join(f"{line}\n" for line in BAD_LINES).encode()
    return gzip.compress(text, mtime=0)


def _end_of(key: str) -> int:
    """The end of the five minutes in an object's name (Unix seconds)."""
    stamp = key.split("_")[-2]
    return int(datetime.strptime(stamp, "%Y%m%dT%H%MZ").replace(tzinfo=UTC).timestamp()) + FILE_SECONDS
