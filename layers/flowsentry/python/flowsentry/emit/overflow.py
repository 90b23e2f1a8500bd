"""Findings over the rate limit → one message that summarises them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from flowsentry.emit.alert_message import MAX_SUBJECT_LETTERS, SEVERAL, AlertMessage, attributes, findings_command
from flowsentry.emit.chat import Chat, chat_notification
from flowsentry.emit.console_queries import NO_RESOURCES, AccountResources
from flowsentry.emit.facts import fact_line
from flowsentry.emit.machine_json import findings_json
from flowsentry.emit.narratives.by_kind import narrative_of
from flowsentry.emit.owner_names import owner_text, subject_text
from flowsentry.emit.plain_text import ascii_line, counted, period, plain
from flowsentry.findings.finding import Audience, Finding, Severity

MAX_LINES = 20
"""Groups listed per severity. More: longer e-mails, whose end is not read. Fewer: of an attack on many hosts, fewer
are named."""
MOST_SEVERE_FIRST = tuple(Severity)

Group = list[Finding]
"""Findings of one kind about one subject, in order of time."""


def overflow_message(
    findings: Sequence[Finding], limit_an_hour: int, resources: AccountResources = NO_RESOURCES
) -> AlertMessage:
    """One message about the findings over the limit of single messages an hour; there must be at least one."""
    groups = _by_severity(findings)
    listed = list(chain.from_iterable(chain.from_iterable(groups.values())))
    scopes = {finding.scope for finding in findings}
    return AlertMessage(
        subject=ascii_line(f"[{listed[0].severity}] {_headline(findings)}", MAX_SUBJECT_LETTERS),
        text="\n".join(_lines(groups, limit_an_hour, resources)),
        json=findings_json("overflow", listed, {"limit_an_hour": limit_an_hour, "audience": Audience.URGENT}),
        chat=chat_notification(_chat(groups, limit_an_hour, resources)),
        attributes=attributes(
            kind="overflow",
            severity=listed[0].severity.value,
            audience=Audience.URGENT,
            scope=scopes.pop() if len(scopes) == 1 else SEVERAL,
            subject=SEVERAL,
        ),
    )


def _by_severity(findings: Sequence[Finding]) -> dict[Severity, list[Group]]:
    """The groups of each severity that has any, the largest first."""
    found: dict[tuple[Severity, str, str, str], Group] = {}
    for finding in sorted(findings, key=lambda finding: (finding.first_seen, finding.id)):
        found.setdefault((finding.severity, finding.kind, finding.scope, finding.subject), []).append(finding)
    groups = sorted(found.values(), key=lambda group: -len(group))
    by_severity = {each: [group for group in groups if group[0].severity is each] for each in MOST_SEVERE_FIRST}
    return {severity: groups for severity, groups in by_severity.items() if groups}


def _headline(findings: Sequence[Finding]) -> str:
    """`37 more alerts: 3 high, 34 medium`."""
    numbers = {each: sum(finding.severity is each for finding in findings) for each in MOST_SEVERE_FIRST}
    by_severity = ", ".join(f"{number:,} {severity}" for severity, number in numbers.items() if number)
    return f"{counted(len(findings), 'more alert')} in one message: {by_severity}"


def _lines(
    groups: Mapping[Severity, Sequence[Group]], limit_an_hour: int, resources: AccountResources
) -> Iterator[str]:
    listed = list(chain.from_iterable(chain.from_iterable(groups.values())))
    yield f"{_headline(listed)}."
    yield from _why(limit_an_hour)
    yield ""
    yield fact_line("When", _when(listed))
    for severity, of_severity in groups.items():
        yield ""
        yield severity.value.capitalize()
        yield from _group_lines(of_severity)
    for line in _how_to_list(resources):
        yield from ("", line)


def _why(limit_an_hour: int) -> Iterator[str]:
    yield f"At most {limit_an_hour:,} alerts an hour are sent one by one; these are the others. No finding is lost."
    yield "Many alerts at once usually have one cause: look for the host, rule or hour that they have in common."


def _how_to_list(resources: AccountResources) -> Iterator[str]:
    if command := findings_command(resources, "list"):
        yield f"All findings: {command}"


def _when(listed: Sequence[Finding]) -> str:
    return period(min(each.first_seen for each in listed), max(each.last_seen for each in listed))


def _group_lines(groups: Sequence[Group]) -> Iterator[str]:
    yield from (f"- {_group_line(group)}" for group in groups[:MAX_LINES])
    if others := groups[MAX_LINES:]:
        yield f"- and {sum(map(len, others)):,} more about {counted(len(others), 'address')}"


def _group_line(group: Group) -> str:
    """The first of them, how many more, and its id."""
    first = group[0]
    more = f", and {len(group) - 1:,} more like it" if len(group) > 1 else ""
    return f"{subject_text(first)} {narrative_of(first).headline(first, owner_text)}{more} ({plain(first.id)})"


def _chat(groups: Mapping[Severity, Sequence[Group]], limit_an_hour: int, resources: AccountResources) -> Chat:
    listed = list(chain.from_iterable(chain.from_iterable(groups.values())))
    return Chat(
        id=f"overflow-{listed[0].id}",
        thread="",
        kind="overflow",
        title=f"[{listed[0].severity}] {_headline(listed)}",
        lines=[*_why(limit_an_hour), *chain.from_iterable(map(_group_lines, groups.values()))],
        steps=list(_how_to_list(resources)),
        keywords=["overflow", *sorted({finding.kind for finding in listed})],
        context={"deployment": resources.deployment, "region": resources.region, "account": resources.account_id},
    )
