"""Settled contacts and logins -> new findings, judged with the stored evidence of their sources and services.

Each step may be repeated: stores merge evidence, a finding is put once, and what only later batches need is stored
after the findings.
"""

import math
from collections.abc import Callable, Sequence

import polars as pl

from flowsentry.detect import detect, in_order_of_time
from flowsentry.detect.flood import in_priority_order, most_severe, summarize_unstored
from flowsentry.detect.limits import sources_left_out
from flowsentry.detect.logins.external_clients import (
    BusyService,
    busy_services_in,
    exclude_busy_services,
    exclude_public_services,
    external_client_evidence,
    external_logins,
    services_with_attempts_only,
)
from flowsentry.detect.scans.outages import (
    answers_in,
    exclude_outages,
    failed_services,
    failed_services_of,
    failures_of_known_services,
    service_failures,
)
from flowsentry.detect.scans.scan_findings import excused_sources
from flowsentry.detect.scans.service_down import finding_ids, outages_in, services_down
from flowsentry.detect.scans.source_evidence import answered_sources, evidence_of
from flowsentry.explain.findings import with_explanations
from flowsentry.findings.drafts import Draft, named
from flowsentry.findings.evidence import MEMORY_DAYS, EvidenceKey, History
from flowsentry.findings.finding import Finding
from flowsentry.findings.known_services import Answer, Service, Services
from flowsentry.findings.suppressions import suppressed
from flowsentry.frames import CaptureGaps, Observed, Settled
from flowsentry.inventory.source_address import PUBLIC
from flowsentry.pipeline.context import Context, Stores
from flowsentry.value import Value

FINDINGS_PER_PART = 100
"""Findings that are explained and put together. More: the first ones are put later. Fewer: more calls of DynamoDB."""
MAX_FINDINGS = 10_000
"""Findings of a batch that are put one by one; each takes a third of a millisecond, and six write units. More: a flood
of all kinds at once waits for the table, of which a waiting list of alerts takes 1,000 units a second. Fewer: if very
much really happens at once, more of it is only counted."""
MIN_SECONDS_LEFT = 15.0
"""Remaining time of an invocation below which the remaining findings are summed up in one. More: fewer findings of a
flood are put one by one. Less: the steps after this one (outages, metrics, the record that the object is done) may not
end in time."""


class Clock(Value, frozen=True):
    """The time of a batch: `now` is its Unix second, `seconds_left` the remaining time of its invocation."""

    now: float = math.inf
    seconds_left: Callable[[], float] = lambda: math.inf


def judged(
    settled: Settled,
    capture_gaps: CaptureGaps,
    context: Context,
    stores: Stores,
    clock: Clock,
    dropped_sources: int = 0,
) -> list[Finding]:
    """The new findings, after evidence and findings were stored. `settled` has the scopes of its sources;
    `dropped_sources` is how many outside sources were left out of it, because there were too many.

    Raises RetryableError when a store can't be reached: a retry is harmless.
    """
    settled, busy_services = _without_public_services(settled, context, stores)
    answers = answers_in(settled.contacts)
    known = _recorded(settled, answers, context, stores)
    thresholds, down = context.thresholds, known.down
    observed = Observed(*settled, capture_gaps, down, known.left_out, dropped_sources)
    found = detect(observed, known.histories, known.services, context.address_space, thresholds, busy_services)
    new = _put(found, context, stores, clock)
    _keep_outages(down, answers, stores)
    _excuse(excused_sources(known.histories, known.services, thresholds.scan), known.histories, stores)
    return new


def _put(found: Sequence[Draft], context: Context, stores: Stores, clock: Clock) -> list[Finding]:
    """The new ones of these findings, in order of time. Owners are looked up once, for those that may be new. They are
    put in parts, the most severe first, and each part is explained just before it is put, so that the most severe are
    delivered without delay. Findings for which no time is left, and those beyond MAX_FINDINGS, are summed up.
    """
    kept, left_out = most_severe(found, MAX_FINDINGS)
    waiting = in_priority_order(named(stores.findings.unknown(kept), context.address_space))
    unstored = named(left_out, context.address_space)
    rules, new = context.inventory.rules, list[Finding]()
    for start in range(0, len(waiting), FINDINGS_PER_PART):
        if start and clock.seconds_left() < MIN_SECONDS_LEFT:
            unstored += waiting[start:]
            break
        part = in_order_of_time(with_explanations(waiting[start : start + FINDINGS_PER_PART], rules))
        new += stores.findings.put_new(list(suppressed(part, context.suppressions, clock.now)))
    if unstored:
        rest = suppressed((one.finding for one in unstored), context.suppressions, clock.now)
        summaries = summarize_unstored([one for one in rest if not one.suppressed_by])
        new += stores.findings.put_new(stores.findings.unknown(summaries))
    return in_order_of_time(new)


def _without_public_services(settled: Settled, context: Context, stores: Stores) -> tuple[Settled, list[BusyService]]:
    """The contacts and logins without logins at public services, and the public services that were recognised by their
    many external clients. A service is public because the settings name it or because many external clients log in.
    """
    bounds = context.thresholds.login
    settled = exclude_public_services(settled, context.public_services, context.address_space)
    logins = external_logins(settled.logins, context.address_space)
    if logins.is_empty():
        return settled, []
    known = stores.evidence.merge(external_client_evidence(logins, bounds))
    busy_services = busy_services_in(
        logins, [*known, *stores.evidence.recall(services_with_attempts_only(logins, bounds))], bounds
    )
    return exclude_busy_services(settled, busy_services), busy_services


class _Recorded(Value, frozen=True):
    """The state of the stores once the evidence of a batch is in them: the histories of its sources, what is known of
    the services that failed, which of these are down, and the sources that were not recorded for lack of room.
    """

    histories: list[History]
    services: Services
    down: pl.DataFrame
    left_out: pl.DataFrame


def _recorded(settled: Settled, answers: Sequence[Answer], context: Context, stores: Stores) -> _Recorded:
    thresholds = context.thresholds
    if answers:
        stores.services.learn(answers)
    failures = service_failures(settled.contacts)
    services = _recalled(failed_services(failures), failures["day"], stores)
    known_failures = failures_of_known_services(failures, services)
    down = services_down(known_failures, services, thresholds.service)
    counted = settled._replace(contacts=exclude_outages(settled.contacts, known_failures))
    left_out = sources_left_out(counted, thresholds.login)
    suspects = stores.evidence.suspects(answered_sources(counted, left_out))
    histories = stores.evidence.merge(evidence_of(counted, suspects, thresholds.login, left_out))
    histories += _judged_again(answers, histories, stores)
    failed = failed_services_of(
        histories, min(thresholds.scan.min_endpoints, thresholds.blocked.max_endpoints_per_source + 1)
    )
    days = pl.Series([day for history in histories for day in history.days] if failed else [], dtype=pl.Int32)
    return _Recorded(histories, services.and_also(_recalled(failed, days, stores)), down, left_out)


def _recalled(asked: Sequence[Service], days: pl.Series, stores: Stores) -> Services:
    """What is known of these services within MEMORY_DAYS of the given days."""
    first, last = days.min(), days.max()
    if not asked or not isinstance(first, int) or not isinstance(last, int):
        return Services()
    return stores.services.recall(set(asked), first - MEMORY_DAYS, last + MEMORY_DAYS)


def _judged_again(answers: Sequence[Answer], histories: Sequence[History], stores: Stores) -> list[History]:
    """The histories of sources that were excused by an outage, in scopes in which a service has answered now."""
    scopes = {each.service.scope for each in answers}
    excused = stores.services.excused_in(scopes) if scopes else set()
    others = excused - {day.key for history in histories for day in history.days.values()}
    return stores.evidence.recall(others) if others else []


def _keep_outages(down: pl.DataFrame, answers: Sequence[Answer], stores: Stores) -> None:
    """Stores the outages, after their findings were put, and resolves those that have ended."""
    if len(down):
        stores.services.mark_down(outages_in(down))
    if answers and (ended := stores.services.recovered(answers)):
        stores.findings.resolve(finding_ids(ended), "it answers again")
        stores.services.mark_up(ended)


def _excuse(excused: set[EvidenceKey], histories: Sequence[History], stores: Stores) -> None:
    """Stores which sources are excused by an outage, and removes those that no longer are."""
    if excused:
        stores.services.excuse(excused)
    keys = {one.key for history in histories for day, one in history.days.items() if day in history.written_days}
    if others := {key for key in keys - excused if key.scope != PUBLIC}:
        stores.services.forget_excused(others)
