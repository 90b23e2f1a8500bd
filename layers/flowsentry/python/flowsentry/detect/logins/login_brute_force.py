"""Many login attempts, each in its own connection: a source guesses passwords.

Why it matters: a correct guess looks like a normal login. External password guessing is constant background noise,
until the same source has a session: then it may have guessed a password. An internal source is a host that its owner
may no longer control.
Innocent look-alikes: git over SSH, with one short connection for each fetch: a build that fetches every minute makes
1,440 a day, to one host or the few of a provider. Attempts of internal sources therefore count only if they go to
several hosts. Ansible and similar tools keep one connection to a host, which is a session; without that, or when they
run one short command on many hosts in parallel, they look like password guessing, and so does monitoring over SSH:
suppress these by owner. Health checks and banner grabbers need fewer packets than an attempt, and a script that
connects to dead hosts makes no attempt, because an attempt needs an answer. A user who mistypes a password makes three
attempts in one connection, not twenty connections. External users behind one address who fetch from your git server, or
deploy with many short commands, are reported as guessers with a session: add their network to `trusted_networks`, or
the server to `public_login_services`. At a service with many external clients on that day (see public_login_service),
nothing counts as guessing, because short fetches and guesses look the same. Missed: an internal host that guesses on
one or two internal hosts, and slow guessing from many addresses.
ATT&CK T1110, Brute Force.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import polars as pl

from flowsentry.detect.host_pairs import display_name
from flowsentry.detect.ipv6_addresses import address_details, is_trusted_source, known_addresses
from flowsentry.detect.logins.attempts import Login, login_of
from flowsentry.findings.bounds import MAX_ATTEMPTS, MAX_SAMPLE_ENDPOINTS, MAX_SESSIONS
from flowsentry.findings.drafts import Draft, Owners
from flowsentry.findings.evidence import RANK_LIMIT, Evidence, History, max_complete_rank, rank_of_member
from flowsentry.findings.finding import Finding, finding_id
from flowsentry.findings.kinds import KINDS, LoginRelation
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.inventory.address_space import AddressQuery, AddressSpace
from flowsentry.inventory.source_address import address_of

KIND = KINDS["login_brute_force"]
MIN_HOSTS_INSIDE = 3
"""Internal hosts on which an internal source must make attempts. Higher: guessing on few hosts is missed. Lower: a
build that uses its git host, and a job that copies files to two hosts, are reported."""
MIN_HOSTS_OUTSIDE = 10
"""External hosts on which an internal source must make attempts. Higher: an internal host that guesses on few external
hosts is missed. Lower: a build that uses a large git provider, which has half a dozen addresses, is reported."""


class LoginAttempts(NamedTuple):
    """The login attempts of one source in one day: a sample, and an estimate of their number."""

    sample: Sequence[Login]
    number: int


def login_brute_force(
    histories: Sequence[History], address_space: AddressSpace, thresholds: LoginThresholds
) -> list[Draft]:
    """A finding for each source and day with at least `min_attempts` attempts. Once there is a session, a second
    finding with a higher severity is added; the first stays, so the result is the same whether both are seen at once or
    one after the other.

    Each day counts separately, because a program that logs in now and then would reach the threshold in some days,
    while a guesser makes twenty attempts in minutes. Guessing slower than one attempt an hour is missed.
    """
    return [
        _draft(evidence, attempts, relation)
        for evidence in _written(histories)
        if len(evidence.attempts) >= thresholds.min_attempts
        and (attempts := login_attempts(evidence)).number >= thresholds.min_attempts
        and _is_reported(evidence, attempts, address_space)
        for relation in _relations(evidence)
    ]


def login_attempts(evidence: Evidence) -> LoginAttempts:
    """The connections that were attempts and not sessions. Exact while neither set is full; otherwise both sets are
    compared up to the rank to which both are complete, as for scans.
    """
    bound = min(max_complete_rank(evidence.attempts, MAX_ATTEMPTS), max_complete_rank(evidence.sessions, MAX_SESSIONS))
    comparable = {member for member in evidence.attempts - evidence.sessions if rank_of_member(member) <= bound}
    names = known_addresses(evidence)
    sample = [login_of(member, names) for member in sorted(comparable, key=rank_of_member)]
    return LoginAttempts(sample, len(sample) if bound == RANK_LIMIT else round(len(sample) * RANK_LIMIT / (bound + 1)))


def _written(histories: Sequence[History]) -> Iterator[Evidence]:
    for history in histories:
        yield from (history.days[day] for day in sorted(history.written_days) if day in history.days)


def _is_reported(evidence: Evidence, attempts: LoginAttempts, address_space: AddressSpace) -> bool:
    """External sources are reported unless trusted; internal sources if they try several hosts."""
    if not evidence.is_inside:
        return not is_trusted_source(evidence, address_space)
    inside, outside = _hosts(attempts, address_space)
    return inside >= MIN_HOSTS_INSIDE or outside >= MIN_HOSTS_OUTSIDE


def _hosts(attempts: LoginAttempts, address_space: AddressSpace) -> tuple[int, int]:
    """The numbers of internal and of external hosts that were tried: by address, or by the flag of IPv6 members."""
    hosts = {login.host: login for login in attempts.sample}
    addresses = pl.Series([login.address for login in hosts.values()], dtype=pl.String)
    are_inside = address_space.is_inside(addresses)
    inside = sum(known or login.is_inside for known, login in zip(are_inside, hosts.values(), strict=True))
    return inside, len(hosts) - inside


def _draft(evidence: Evidence, attempts: LoginAttempts, relation: LoginRelation) -> Draft:
    key, at = evidence.key, evidence.last_seen
    id_ = finding_id("login_brute_force", key.scope, key.source, str(key.day), relation)
    source = AddressQuery(key.scope, address_of(key.source), at)
    return Draft(id_, KIND.severity(relation), at, (source,), partial(_finding, id_, evidence, attempts, relation))


def _finding(id_: str, evidence: Evidence, attempts: LoginAttempts, relation: LoginRelation, owners: Owners) -> Finding:
    key, (end,) = evidence.key, owners
    has_attempts_only = relation is LoginRelation.OUTSIDE_TRIES
    names = known_addresses(evidence)
    sessions = [] if has_attempts_only else sorted({login_of(member, names).where for member in evidence.sessions})
    services = sorted({login.service for login in attempts.sample})
    hosts = len({login.host for login in attempts.sample})
    return Finding(
        id=id_,
        thread=finding_id("login_brute_force", key.scope, key.source, relation),
        kind=KIND.name,
        severity=KIND.severity(relation),
        title=f"{display_name(key.source, end.owner)} {_title(attempts, services, hosts, got_in=bool(sessions))}",
        subject=key.source,
        scope=key.scope,
        first_seen=evidence.first_seen,
        last_seen=evidence.last_seen,
        details={
            "relation": str(relation),
            "attempts": attempts.number,
            "hosts": hosts,
            "services": services,
            "sample_endpoints": _sample(attempts),
            "sessions": sessions,
            **address_details(evidence),
            "subject_owner": end.owner.owner if end.owner else None,
            "technique": KIND.technique(),
        },
    )


def _sample(attempts: LoginAttempts) -> list[str]:
    """Some of the endpoints that were tried, those with an address first."""
    endpoints = {(login.address is None, login.where) for login in attempts.sample}
    return [where for _, where in sorted(endpoints)[:MAX_SAMPLE_ENDPOINTS]]


def _relations(evidence: Evidence) -> Iterator[LoginRelation]:
    if evidence.is_inside:
        yield LoginRelation.INSIDE_TRIES
        return
    yield LoginRelation.OUTSIDE_TRIES
    if evidence.sessions:
        yield LoginRelation.OUTSIDE_GOT_IN


def _title(attempts: LoginAttempts, services: Sequence[str], hosts: int, *, got_in: bool) -> str:
    """`made 214 login attempts: SSH on at least 31 hosts`; the hosts are those of the sample."""
    at_least = "at least " if attempts.number > len(attempts.sample) else ""
    where = f"{' and '.join(services)} on {at_least}{hosts} {'host' if hosts == 1 else 'hosts'}"
    return f"made {attempts.number} login attempts: {where}{', and has a session' if got_in else ''}"
