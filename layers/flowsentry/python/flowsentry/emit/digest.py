"""Quiet findings → one message for a window of time, with a chapter for each subject matter."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest

from flowsentry.emit.alert_message import MAX_SUBJECT_LETTERS, SEVERAL, AlertMessage, attributes, findings_command
from flowsentry.emit.chat import Chat, chat_notification
from flowsentry.emit.console_queries import NO_RESOURCES, AccountResources
from flowsentry.emit.facts import fact_line
from flowsentry.emit.machine_json import findings_json
from flowsentry.emit.narratives.by_kind import narrative_of
from flowsentry.emit.narratives.connectivity import NOTHING_GOT_OUT, last_answer_text
from flowsentry.emit.narratives.gaps import RECORDS_SKIPPED, hour_of, hour_text, number_left_out
from flowsentry.emit.narratives.narrative import number_in
from flowsentry.emit.owner_names import owner_text, subject_text
from flowsentry.emit.plain_text import ascii_line, counted, duration, period
from flowsentry.findings.finding import Audience, Finding, Severity
from flowsentry.findings.kinds import KINDS, Chapter
from flowsentry.value import Value

MAX_LINES = 20
"""Subjects named in a chapter. More: longer e-mails, whose end is not read. Fewer: less to recognise later."""


class ChapterText(Value, frozen=True):
    """The text of a chapter. `headline` and `short_headline` (for the subject line of a digest with several chapters)
    take the number of subjects. Subjects are listed by `weight`, the largest first. `line` completes a sentence that
    starts with a subject; it takes all findings about that subject, the weightiest first.
    """

    headline: Callable[[int], str]
    short_headline: Callable[[int], str]
    why: str
    weight: Callable[[Finding], int]
    line: Callable[[Sequence[Finding]], str]


Chapters = Mapping[Chapter, Sequence[Finding]]
"""The findings of each chapter that has any, the weightiest first."""


def digest_message(
    findings: Sequence[Finding], window_minutes: int, resources: AccountResources = NO_RESOURCES
) -> AlertMessage:
    """One message about all quiet findings of a window; there must be at least one."""
    chapters = _by_chapter(findings)
    scopes = {finding.scope for finding in findings}
    # Some of every chapter first, so that none is cut from the JSON.
    listed = [each for each in chain.from_iterable(zip_longest(*chapters.values())) if each is not None]
    is_low = any(finding.severity is not Severity.BACKGROUND for finding in findings)
    return AlertMessage(
        subject=ascii_line(f"[digest] {_headline(chapters)}", MAX_SUBJECT_LETTERS),
        text="\n".join(_lines(chapters, window_minutes, resources)),
        json=findings_json("digest", listed, {"window_minutes": window_minutes, "audience": Audience.DIGEST}),
        chat=chat_notification(_chat(chapters, listed[0])),
        attributes=attributes(
            kind="digest",
            severity=(Severity.LOW if is_low else Severity.BACKGROUND).value,
            audience=Audience.DIGEST,
            scope=scopes.pop() if len(scopes) == 1 else SEVERAL,
            subject=SEVERAL,
        ),
    )


def _by_chapter(findings: Sequence[Finding]) -> Chapters:
    found: dict[Chapter, list[Finding]] = {chapter: [] for chapter in Chapter}
    for finding in findings:
        kind = KINDS.get(finding.kind)
        found[kind.chapter if kind else Chapter.OTHERS].append(finding)
    return {
        chapter: sorted(listed, key=lambda finding: (-CHAPTERS[chapter].weight(finding), finding.id))
        for chapter, listed in found.items()
        if listed
    }


def _headline(chapters: Chapters) -> str:
    numbers = {CHAPTERS[chapter]: len(_by_subject(listed)) for chapter, listed in chapters.items()}
    if len(numbers) == 1:
        return "".join(text.headline(number) for text, number in numbers.items())
    return "; ".join(text.short_headline(number) for text, number in numbers.items())


def _by_subject(findings: Sequence[Finding]) -> dict[tuple[str, str], list[Finding]]:
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.scope, finding.subject), []).append(finding)
    return found


def _lines(chapters: Chapters, window_minutes: int, resources: AccountResources) -> Iterator[str]:
    for chapter, findings in chapters.items():
        yield from _chapter_lines(CHAPTERS[chapter], findings)
        yield ""
    if command := findings_command(resources, "list"):
        yield f"All findings: {command}"
    yield f"The next digest comes in {duration(window_minutes * 60)} at the earliest."


def _chapter_lines(text: ChapterText, findings: Sequence[Finding]) -> Iterator[str]:
    first = min(finding.first_seen for finding in findings)
    last = max(finding.last_seen for finding in findings)
    subjects = list(_by_subject(findings).values())
    yield f"{text.headline(len(subjects))}."
    yield text.why
    yield ""
    yield fact_line("When", period(first, last))
    yield ""
    yield from (f"- {subject_text(about[0])} {text.line(about)}" for about in subjects[:MAX_LINES])
    if len(subjects) > MAX_LINES:
        yield f"- and {len(subjects) - MAX_LINES:,} more"


def _chat(chapters: Chapters, first: Finding) -> Chat:
    """The chapters, each with its first subjects."""
    lines = (_chapter_lines(CHAPTERS[chapter], findings) for chapter, findings in chapters.items())
    return Chat(
        id=f"digest-{first.id}",
        thread="",
        kind="digest",
        title=f"[digest] {_headline(chapters)}",
        lines=list(chain.from_iterable(lines)),
        keywords=["digest", *sorted({finding.kind for findings in chapters.values() for finding in findings})],
    )


def _what_happened(about: Sequence[Finding]) -> str:
    more = f" (and {len(about) - 1:,} more like it)" if len(about) > 1 else ""
    return _happened_once(about) + more


def _happened_once(about: Sequence[Finding]) -> str:
    """Of the weightiest finding alone, where others are the same on other days."""
    return narrative_of(about[0]).headline(about[0], owner_text)


def _stopped_answering(about: Sequence[Finding]) -> str:
    last = last_answer_text(about[0])
    return _what_happened(about) + (f"; its last answer was at {last}" if last else "")


def _skipped_records(finding: Finding) -> int:
    return number_in(finding.details, "records")


def _skipped_hours(about: Sequence[Finding]) -> str:
    """`in the hour from 2026-11-03 03:00 UTC (2 SKIPDATA records)`."""
    records = counted(sum(map(_skipped_records, about)), "SKIPDATA record")
    hours = sorted(set(map(hour_of, about)))
    if len(hours) == 1:
        return f"in the hour from {hour_text(hours[0])} ({records})"
    first, last = hour_text(hours[0]), hour_text(hours[-1])
    return f"in {counted(len(hours), 'hour')}, the first from {first}, the last from {last} ({records})"


CHAPTERS: Mapping[Chapter, ChapterText] = {
    Chapter.SERVICES_DOWN: ChapterText(
        lambda number: f"{counted(number, 'service')} no longer answer{'s' if number == 1 else ''}",
        lambda number: f"{counted(number, 'service')} down",
        "Look at this when you have time. Each answered in the days before; its clients do not count as scanners now.",
        lambda finding: number_in(finding.details, "clients"),
        _stopped_answering,
    ),
    Chapter.BLOCKED_EGRESS: ChapterText(
        lambda number: f"{counted(number, 'host')} of yours can't reach external addresses: a rule blocks it",
        lambda number: f"{counted(number, 'host')} blocked outbound",
        NOTHING_GOT_OUT,
        lambda finding: number_in(finding.details, "packets"),
        _what_happened,
    ),
    Chapter.FLOODS: ChapterText(
        lambda number: f"Flood at {counted(number, 'address')}: more at once than is recorded",
        lambda number: f"flood at {counted(number, 'address')}",
        "Look at this when you have time: is it expected? The largest part is recorded; all is in the flow logs.",
        number_left_out,
        _what_happened,
    ),
    Chapter.PASSWORD_GUESSES: ChapterText(
        lambda number: f"{counted(number, 'external address')} guessed passwords",
        lambda number: f"{counted(number, 'external address')} guessed passwords",
        "No action needed now. Open login ports are tried all day: close SSH, RDP and WinRM where you can.",
        lambda finding: number_in(finding.details, "attempts"),
        _what_happened,
    ),
    Chapter.OUTSIDE_SCANS: ChapterText(
        lambda number: f"{counted(number, 'external address')} scanned your network",
        lambda number: f"{counted(number, 'external address')} scanned your network",
        "No action needed. Listed so that you recognise an address that appears again.",
        lambda finding: finding.endpoints,
        _happened_once,
    ),
    Chapter.CAPTURE_GAPS: ChapterText(
        lambda number: f"AWS skipped flow log records of {counted(number, 'interface')}",
        lambda number: f"AWS skipped records of {counted(number, 'interface')}",
        RECORDS_SKIPPED.why,
        _skipped_records,
        _skipped_hours,
    ),
    Chapter.OTHERS: ChapterText(
        lambda number: f"Other findings about {counted(number, 'address')}",
        lambda number: f"other findings about {counted(number, 'address')}",
        "No action needed. Listed so that you recognise an address that appears again.",
        lambda finding: finding.endpoints,
        _what_happened,
    ),
}
