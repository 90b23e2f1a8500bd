"""Many tries to log in, one connection after the other: somebody, or something, guesses passwords.

Why it matters: a guess that is right looks like a login. From outside it is the weather of the Internet, until the same
source has a session: then it may have guessed right. From inside it is a host that does what its owner does not.
Innocent look-alikes: git over SSH, which is one short connection for each fetch: a build that asks its git host every
minute makes 1,440 a day, at one host or the few of a provider; so from inside, tries count only where they go to
several hosts. Ansible and its like keep one connection to a host, and it is a session; run without that, or in parallel
on many hosts for one short command, they look the same as guessing, and so does a monitor that checks by SSH: suppress
these by owner. Health checks and banner grabbers need fewer packets than a try, and a script that meets dead hosts
has tried nothing: a try needs an answer. A user who mistypes makes three tries in one connection, and not twenty.
From outside, people behind one address who fetch from a git server of one's own, or deploy with many short commands,
are told as guessers who got in: name their network as trusted, or the server in `public_login_services`. At a service
that many strangers use on that day (see public_login_service), what they do is no guessing: short fetches and guesses
look the same. Wrong the other way: a host that guesses at one or two hosts inside stays unseen here, and so does slow
guessing from many addresses.
ATT&CK T1110, Brute Force.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

import polars as pl

from flowsentry.detect.host_pairs import display_name
from flowsentry.detect.ipv6_addresses import address_details, is_trusted_source, known_addresses_of
from flowsentry.detect.logins.attempts import Login, login_of
from flowsentry.findings.evidence import (
    MAX_ATTEMPTS,
    MAX_SESSIONS,
    RANK_LIMIT,
    Evidence,
    History,
    max_complete_rank,
    rank_of_member,
)
from flowsentry.findings.finding import Finding, Severity, finding_id
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.inventory.address_space import AddressAt, AddressSpace, EndOf
from flowsentry.inventory.source_address import address_of

MIN_HOSTS_INSIDE = 3
"""Hosts inside at which one host of ours must try. Higher: guessing at few hosts stays unseen. Lower: a build that asks
its git host, and a job that copies to two others, are told."""
MIN_HOSTS_OUTSIDE = 10
"""The same for hosts outside. Higher: a host of ours that guesses at few others stays unseen. Lower: a build that asks
a large git provider, which answers from half a dozen addresses, is told."""
MAX_SAMPLE_ENDPOINTS = 10


class LoginRelation(StrEnum):
    """Who tries to log in where, from quiet to loud. Evidence only grows, so a source's relation only gets louder."""

    OUTSIDE_TRIES = "outside_tries"
    OUTSIDE_GOT_IN = "outside_got_in"
    INSIDE_TRIES = "inside_tries"


LOGIN_SEVERITY = {
    LoginRelation.OUTSIDE_TRIES: Severity.LOW,
    LoginRelation.OUTSIDE_GOT_IN: Severity.HIGH,
    LoginRelation.INSIDE_TRIES: Severity.HIGH,
}


class Tries(NamedTuple):
    """The tries of one source in one day: a sample of them, and an estimate of how many there were."""

    sample: Sequence[Login]
    number: int


def login_brute_force(
    histories: Sequence[History], address_space: AddressSpace, thresholds: LoginThresholds
) -> list[Finding]:
    """A finding for each source and day with at least `min_attempts` tries; a louder one beside it, not in its place,
    once there is a session: so the same is found whether both are seen at once or one after the other.

    A day counts by itself, without the days before: a program that logs in now and then would add up to a guesser in
    some days, and who guesses makes twenty tries in minutes. What is missed so guesses slower than one a hour.
    """
    guessing = [
        (evidence, tries)
        for evidence in _written(histories)
        if len(evidence.attempts) >= thresholds.min_attempts
        and (tries := tries_of(evidence)).number >= thresholds.min_attempts
        and _is_reported(evidence, tries, address_space)
    ]
    asked = [AddressAt(each.key.scope, address_of(each.key.source), each.last_seen) for each, _ in guessing]
    ends = address_space.ends_of(asked) if asked else []
    return [
        _finding(evidence, tries, end, relation)
        for (evidence, tries), end in zip(guessing, ends, strict=True)
        for relation in _relations(evidence)
    ]


def tries_of(evidence: Evidence) -> Tries:
    """The connections that were tries and no sessions. Exact while both sets are not full; then both are compared up to
    the rank to which both are complete, as a verdict on a scan does.
    """
    bound = min(max_complete_rank(evidence.attempts, MAX_ATTEMPTS), max_complete_rank(evidence.sessions, MAX_SESSIONS))
    comparable = {member for member in evidence.attempts - evidence.sessions if rank_of_member(member) <= bound}
    names = known_addresses_of(evidence)
    sample = [login_of(member, names) for member in sorted(comparable, key=rank_of_member)]
    return Tries(sample, len(sample) if bound == RANK_LIMIT else round(len(sample) * RANK_LIMIT / (bound + 1)))


def _written(histories: Sequence[History]) -> Iterator[Evidence]:
    for history in histories:
        yield from (history.days[day] for day in sorted(history.written_days) if day in history.days)


def _is_reported(evidence: Evidence, tries: Tries, address_space: AddressSpace) -> bool:
    """From outside, all but what is trusted; from inside, what goes to several hosts."""
    if not evidence.is_inside:
        return not is_trusted_source(evidence, address_space)
    inside, outside = _hosts(tries, address_space)
    return inside >= MIN_HOSTS_INSIDE or outside >= MIN_HOSTS_OUTSIDE


def _hosts(tries: Tries, address_space: AddressSpace) -> tuple[int, int]:
    """How many hosts inside, and outside, were tried. An address is looked up, IPv6 members say it too."""
    hosts = {login.host: login for login in tries.sample}
    addresses = pl.Series([login.address for login in hosts.values()], dtype=pl.String)
    are_inside = address_space.is_inside(addresses)
    inside = sum(known or login.is_inside for known, login in zip(are_inside, hosts.values(), strict=True))
    return inside, len(hosts) - inside


def _finding(evidence: Evidence, tries: Tries, end: EndOf, relation: LoginRelation) -> Finding:
    key = evidence.key
    like = ("login_brute_force", key.scope, key.source)
    is_quiet = relation is LoginRelation.OUTSIDE_TRIES
    names = known_addresses_of(evidence)
    sessions = [] if is_quiet else sorted({login_of(member, names).where for member in evidence.sessions})
    services = sorted({login.service for login in tries.sample})
    hosts = len({login.host for login in tries.sample})
    return Finding(
        id=finding_id(*like, str(key.day), relation),
        thread=finding_id(*like, relation),
        kind="login_brute_force",
        severity=LOGIN_SEVERITY[relation],
        title=f"{display_name(key.source, end.owner)} {_title(tries, services, hosts, got_in=bool(sessions))}",
        subject=key.source,
        scope=key.scope,
        first_seen=evidence.first_seen,
        last_seen=evidence.last_seen,
        details={
            "relation": str(relation),
            "attempts": tries.number,
            "hosts": hosts,
            "services": services,
            "sample_endpoints": _sample(tries),
            "sessions": sessions,
            **address_details(evidence),
            "subject_owner": end.owner.owner if end.owner else None,
            "technique": "T1110",
        },
    )


def _sample(tries: Tries) -> list[str]:
    """Some of where it tried, those that have an address first."""
    told = {(login.address is None, login.where) for login in tries.sample}
    return [where for _, where in sorted(told)[:MAX_SAMPLE_ENDPOINTS]]


def _relations(evidence: Evidence) -> Iterator[LoginRelation]:
    if evidence.is_inside:
        yield LoginRelation.INSIDE_TRIES
        return
    yield LoginRelation.OUTSIDE_TRIES
    if evidence.sessions:
        yield LoginRelation.OUTSIDE_GOT_IN


def _title(tries: Tries, services: Sequence[str], hosts: int, *, got_in: bool) -> str:
    """`tries to log in 214 times: SSH on at least 31 hosts`; the hosts are those of the sample."""
    at_least = "at least " if tries.number > len(tries.sample) else ""
    where = f"{' and '.join(services)} on {at_least}{hosts} {'host' if hosts == 1 else 'hosts'}"
    return f"tries to log in {tries.number} times: {where}{', and has a session' if got_in else ''}"
