"""The dashboard of findings: who did what to whom, and whether people were told."""

from collections.abc import Iterator

from stacks.monitoring.dashboards.lines import OF_INVENTORY, PROCESSORS
from stacks.monitoring.dashboards.log_queries import findings_of, known, newest, sums_by
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import GRID, HALF, Dashboard, Graph, LogTable, Section

NORMAL = """\
Scans from the internet on public addresses are normal, and go to the digest. Look first at what is high or medium: \
scans by hosts of yours, sessions and guessed passwords from outside, and services that no longer answer. Each finding \
is once in the tables, on the day on which it was new: `flowsentry findings` lists all of them with their state."""
SCANS = ("port_scan", "host_sweep", "network_scan")
LOGINS = ("remote_login", "public_login_service")
GUESSES = ("login_brute_force",)
BLOCKED = ("blocked_internal", "blocked_egress", "denied_by_acl_reply")
DOWN = ("service_down",)
OTHERS = ("flood", "records_skipped", OF_INVENTORY)
LOUDNESS = (known("severity", "loudness"), known("relation", "direction_and_result"))
SOURCE = (known("subject", "source"), known("owner", "source_owner"))
TARGET = (known("target", "tried"), known("target_owner", "owner_of_target"))
NUMBER, SOURCES = "count(*) as findings", "count_distinct(subject) as sources"
ENDPOINTS = "max(endpoints) as failed_endpoints"


def threats(watched: Watched) -> Dashboard:
    """Findings by kind, and the alerts about them."""
    sections = (_found(watched), _scans(), _logins(), _paths(), _alerts(watched))
    return Dashboard("threats", "Threats", NORMAL, sections)


def _found(watched: Watched) -> Section:
    lines = watched.lines
    return Section(
        "What was found?",
        "A few findings a day, most of them scans. Suppressed ones are those that somebody has excepted.",
        (
            Graph("Findings by kind", lines.by_kind("FindingsRaised"), width=HALF),
            Graph("Suppressed findings by kind", lines.by_kind("FindingsSuppressed"), width=HALF),
        ),
    )


def _scans() -> Section:
    return Section(
        "Who scans whom?",
        "Background scans from outside, every day from other addresses. Never from a host of yours, unless it is your "
        "scanner: except it in the suppressions.",
        (
            _table("Scans by kind and loudness", SCANS, sums_by((known("kind", "scan"), *LOUDNESS), NUMBER, SOURCES)),
            _table("Sources of scans", SCANS, sums_by((*SOURCE, LOUDNESS[0]), ENDPOINTS, NUMBER)),
            _table("Targets of scans", SCANS, sums_by(TARGET, SOURCES, ENDPOINTS)),
            _table("Floods, skipped records, stopped flow logs", OTHERS, newest(known("kind", "what"), *SOURCE)),
        ),
    )


def _logins() -> Section:
    session = (known("service", "protocol_of_login"), known("rule", "allowed_by"))
    attempts = (known("attempts", "tries"), LOUDNESS[1])
    return Section(
        "Who logs in, and who tries?",
        "Sessions from addresses of yours only: name them in `trusted_networks`. Guessed passwords from outside "
        "without a session are noise of a public address; `outside_got_in` is not.",
        (
            _table("Remote logins", LOGINS, newest(*SOURCE, *TARGET, *session), GRID),
            _table("Guessed passwords", GUESSES, newest(*SOURCE, *TARGET, *attempts), GRID),
        ),
    )


def _paths() -> Section:
    path = (*SOURCE, *TARGET, known("rule", "denied_by"))
    client = (known("clients", "unanswered_clients"), known("client", "one_client"), known("client_owner", "its_owner"))
    return Section(
        "Which paths are blocked, and which services are down?",
        "None. A blocked path is a rule that somebody needs or a client that should not try; a service that is down "
        "answered in the days before.",
        (
            _table("Blocked paths, with the rule", BLOCKED, newest(*path), GRID),
            _table("Services down", DOWN, newest(*SOURCE, *TARGET, *client), GRID),
        ),
    )


def _alerts(watched: Watched) -> Section:
    return Section(
        "Were people told?",
        "Alerts are sent within a minute; nothing waits, is limited or is not delivered.",
        tuple(_messages(watched)),
    )


def _messages(watched: Watched) -> Iterator[Graph]:
    lines = watched.lines
    sent = lines.each(("AlertsPublished", "DigestsPublished", "OverflowsPublished", "AlertsFailed"), "notifier")
    held_back = lines.each(("AlertsRateLimited", "AlertsSilenced", "AlertsPaused"), "notifier")
    oldest = lines.pipeline("OldestAlertSeconds", "notifier", "Maximum", "seconds")
    yield Graph("Messages sent", sent)
    yield Graph("Alerts rate limited, silenced, paused", held_back)
    yield Graph("Alerts not delivered", lines.each(("PoisonFindings", "ChannelRefusals"), "notifier"))
    yield Graph("Oldest unsent alert (s)", [oldest])
    nobody = lines.pipeline("AlertTopicsWithoutSubscription", "notifier", "Maximum", "topics")
    yield Graph("Topics without subscription", [nobody])
    canaries = [
        lines.pipeline("CanarySeconds", "notifier", "Maximum", "seconds to the test alert"),
        lines.pipeline("CanariesLost", "notifier", label="lost"),
    ]
    yield Graph("Canary after a deploy", canaries)


def _table(title: str, kinds: tuple[str, ...], shown: tuple[str, ...], width: int = HALF) -> LogTable:
    services = (*PROCESSORS, "inventory") if OF_INVENTORY in kinds else PROCESSORS
    return LogTable(title, services, (*findings_of(kinds), *shown), width)
