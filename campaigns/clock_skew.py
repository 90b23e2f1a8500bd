"""Wrong clocks: records ahead and behind, a function's clock against DynamoDB's, parts of a scan out of order.

No valid record may be lost, and no finding may be about a future day.
"""

import time
from collections.abc import Callable, Iterator
from itertools import permutations
from random import Random
from typing import Any

from campaigns.emulation.deliveries import Deliveries, Tried
from campaigns.emulation.emulated import Emulated, emulated
from campaigns.emulation.outcome import outcome_of
from campaigns.process_memory import peak_mb
from campaigns.report import Report
from flowsentry.aws import clients
from flowsentry.findings.finding import Finding
from flowsentry.records.clock_skew import MAX_ACCEPTED_LEAD_SECONDS
from tests.lambdas.conftest import NOW
from tests.lambdas.payloads import of_subscription, payload
from tests.moto_world import EVIDENCE_TABLE, FINDINGS_TABLE, items_of

MINUTE, HOUR, DAY = 60, 3_600, 86_400
YEAR = 365 * DAY
SKEWS = (
    *(0, 1, MINUTE, 5 * MINUTE, 6 * MINUTE, HOUR, 12 * HOUR),
    *(DAY - MINUTE, DAY + HOUR, 2 * DAY, 30 * DAY, YEAR, 10 * YEAR),
)
"""Seconds that a record's clock is ahead; the same are tried behind."""
OWN_SKEWS = (0, 1, -1, MINUTE, -MINUTE, HOUR, -HOUR, DAY, -DAY)
"""Seconds between a function's clock and DynamoDB's."""
SLOW_DAYS = 4
Case = tuple[str, Callable[[], list[str]]]


def scan(source: str, at: int, hosts: range = range(10, 22)) -> list[str]:
    """Rejected probes of a source that end at this second."""
    return [
        f"2 123456789012 eni-1 {source} 10.0.2.{host} 50000 22 6 3 180 {max(0, at - 50)} {max(0, at)} REJECT OK"
        for host in hosts
    ]


def run(seconds: float, seed: int) -> Report:
    """Tries as many cases as the time allows, in an order that the seed determines."""
    cases = [*_of_records(), *_of_functions(), *_of_order()]
    Random(seed).shuffle(cases)
    begun, tried, lost, failures = time.monotonic(), 0, 0, []
    for name, case in cases:
        if time.monotonic() - begun > seconds:
            break
        wrong = case()
        tried, lost = tried + 1, lost + sum(each.startswith("lost") for each in wrong)
        failures += [f"{name}: {each}" for each in wrong]
    print(f"    {tried} of {len(cases)} cases: records' clocks, functions' clocks, orders of parts")
    return Report("clock_skew", tried, tried, lost, peak_mb(), tuple(failures))


def _of_records() -> Iterator[Case]:
    for skew in sorted({sign * each for each in SKEWS for sign in (1, -1)}):
        yield f"records {skew} s ahead", lambda skew=skew: _records_ahead(skew)  # type: ignore[misc]


def _of_functions() -> Iterator[Case]:
    for skew in OWN_SKEWS:
        yield f"a function's clock {skew} s ahead", lambda skew=skew: _function_ahead(skew)  # type: ignore[misc]


def _of_order() -> Iterator[Case]:
    for order in permutations(range(SLOW_DAYS)):
        yield f"days in the order {order}", lambda order=order: _in_order(order)  # type: ignore[misc]


def _deliver(aws: Emulated, lines: list[str]) -> None:
    to = Deliveries(aws)
    to.known_findings = {item["id"]["S"] for item in items_of(FINDINGS_TABLE)}
    to.asynchronous.append(Tried("stream_processor", of_subscription(payload(*lines))))
    to.settle()


def _found() -> list[Finding]:
    return [Finding.from_json(item["finding"]["S"]) for item in items_of(FINDINGS_TABLE) if "finding" in item]


def _records_ahead(skew: int) -> list[str]:
    """A scan with skewed records, together with a scan with correct ones."""
    with emulated() as aws:
        _deliver(aws, [*scan("10.0.1.5", NOW - 250), *scan("10.0.1.6", NOW + skew)])
        subjects = {finding.subject for finding in _found()}
        published = " ".join(text for _, text in aws.published)
        wrong = [] if "10.0.1.5" in subjects and "10.0.1.5" in published else ["lost the scan whose records are right"]
        if skew <= MAX_ACCEPTED_LEAD_SECONDS and "10.0.1.6" not in subjects:
            wrong.append("lost the scan whose records are wrong")
        rows = [line for line in outcome_of(aws).objects if line.startswith("enriched ")]
        if len(rows) != 2 * len(scan("", 0)):
            wrong.append(f"lost records: {rows}")
        return wrong + _of_the_future(NOW)


def _of_the_future(now: int) -> list[str]:
    latest = now + MAX_ACCEPTED_LEAD_SECONDS
    wrong = [f"a finding about the future: {each.title}" for each in _found() if each.last_seen > latest]
    days = [int(item["day"]["N"]) for item in items_of(EVIDENCE_TABLE)]
    return wrong + [f"evidence of the future: day {day}" for day in days if day > latest // DAY]


def _function_ahead(skew: int) -> list[str]:
    """Half of a scan, DynamoDB's expiry by its own clock, and the other half a day later."""
    with emulated() as aws:
        for part, hosts in enumerate((range(10, 16), range(16, 22))):
            true = NOW + part * DAY
            aws.clock.now = true + skew
            _deliver(aws, scan("10.0.1.5", true - 250, hosts))
            _expire(true)
        return [] if _found() else ["lost a scan in two halves"]


def _expire(now: int) -> None:
    """Deletes expired items as soon as DynamoDB may."""
    for item in items_of(EVIDENCE_TABLE):
        if int(item["expires_at"]["N"]) < now:
            key: dict[str, Any] = {name: item[name] for name in ("source", "day")}
            clients.dynamodb().delete_item(TableName=EVIDENCE_TABLE, Key=key)


def _in_order(order: tuple[int, ...]) -> list[str]:
    """A scan of three hosts a day; the days arrive in this order, a day after the last."""
    with emulated() as aws:
        for day in order:
            hosts = range(10 + 3 * day, 13 + 3 * day)
            _deliver(aws, scan("10.0.1.5", NOW - (SLOW_DAYS - day) * DAY, hosts))
            _expire(int(aws.clock.now))
        return [] if "10.0.1.5" in {each.subject for each in _found()} else ["lost a slow scan"]
