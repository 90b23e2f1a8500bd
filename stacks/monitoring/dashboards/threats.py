"""The dashboard of findings: what was found, and whether people were told."""

from collections.abc import Iterator

from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import Dashboard, Graph, Section

NORMAL = """\
Scans from the internet on public addresses are normal and go to the digest. Look first at what is high or medium: \
scans by hosts of yours, sessions and guessed passwords from outside, and services that no longer answer."""


def threats(watched: Watched) -> Dashboard:
    """Findings by kind, and the alerts about them."""
    return Dashboard("threats", "Threats", NORMAL, tuple(_sections(watched)))


def _sections(watched: Watched) -> Iterator[Section]:
    lines = watched.lines
    yield Section(
        "What was found",
        "A few findings a day. Suppressed ones are those that somebody has excepted.",
        (
            Graph("Findings by kind", lines.by_kind("FindingsRaised")),
            Graph("Suppressed findings by kind", lines.by_kind("FindingsSuppressed")),
        ),
    )
    yield Section(
        "Were people told",
        "Alerts are sent within a minute; nothing waits, is limited or is not delivered.",
        (
            Graph(
                "Messages sent",
                lines.each(("AlertsPublished", "DigestsPublished", "OverflowsPublished", "AlertsFailed"), "notifier"),
            ),
            Graph(
                "Alerts rate limited, silenced, paused",
                lines.each(("AlertsRateLimited", "AlertsSilenced", "AlertsPaused"), "notifier"),
            ),
            Graph("Alerts not delivered", lines.each(("PoisonFindings", "ChannelRefusals"), "notifier")),
            Graph("Oldest unsent alert (s)", [lines.pipeline("OldestAlertSeconds", "notifier", "Maximum", "seconds")]),
        ),
    )
