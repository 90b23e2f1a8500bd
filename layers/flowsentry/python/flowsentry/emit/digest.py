"""Quiet findings → one message for a window of time, with a chapter for each sort of thing in it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from flowsentry.emit.alert_message import MAX_SUBJECT_LETTERS, AlertMessage, attributes, findings_command
from flowsentry.emit.chat import Chat, chat_notification
from flowsentry.emit.console_queries import NO_RESOURCES, AccountResources
from flowsentry.emit.machine_json import findings_json
from flowsentry.emit.party_names import owner_text, subject_text
from flowsentry.emit.plain_text import ascii_line, counted, duration, period
from flowsentry.emit.stories.chapters import hour_in_words, hour_of, story_of
from flowsentry.emit.stories.floods import number_left_out
from flowsentry.emit.stories.services import last_answer_text
from flowsentry.emit.stories.story import number_in
from flowsentry.findings.finding import Audience, Finding, Severity

MAX_LINES = 20
"""Subjects named in a chapter. More: longer mails that nobody reads to the end. Fewer: less to recognise later."""
SEVERAL = "several"


@dataclass(frozen=True)
class Chapter:
    """One sort of finding. `headline` takes the number of subjects, and so does `short_headline`, for a subject line
    that has several; `weight` says what is told first; `line` continues a sentence that starts with a subject, and
    takes all findings about it, the weightiest first.
    """

    headline: Callable[[int], str]
    short_headline: Callable[[int], str]
    matter: str
    weight: Callable[[Finding], int]
    line: Callable[[Sequence[Finding]], str]


def digest_message(
    findings: Sequence[Finding], window_minutes: int, resources: AccountResources = NO_RESOURCES
) -> AlertMessage:
    """One message about all quiet findings of a window, the weightiest of each sort first. There must be at least
    one.
    """
    sorts = _by_chapter(findings)
    scopes = {finding.scope for finding in findings}
    # Some of every chapter first, so that none is pushed out of the JSON.
    told = [each for each in chain.from_iterable(zip_longest(*sorts.values())) if each is not None]
    is_low = any(finding.severity is not Severity.BACKGROUND for finding in findings)
    return AlertMessage(
        subject=ascii_line(f"[digest] {_headline(sorts)}", MAX_SUBJECT_LETTERS),
        text="\n".join(_lines(sorts, window_minutes, resources)),
        json=findings_json("digest", told, {"window_minutes": window_minutes, "audience": Audience.DIGEST}),
        chat=chat_notification(_chat(sorts, told[0])),
        attributes=attributes(
            kind="digest",
            severity=(Severity.LOW if is_low else Severity.BACKGROUND).value,
            audience=Audience.DIGEST,
            scope=scopes.pop() if len(scopes) == 1 else SEVERAL,
            subject=SEVERAL,
        ),
    )


def _by_chapter(findings: Sequence[Finding]) -> dict[Chapter, list[Finding]]:
    """The findings of each chapter that has any, the weightiest first."""
    found: dict[Chapter, list[Finding]] = {chapter: [] for chapter in CHAPTERS}
    for finding in findings:
        found[_chapter_of(finding)].append(finding)
    return {
        chapter: sorted(held, key=lambda finding: (-chapter.weight(finding), finding.id))
        for chapter, held in found.items()
        if held
    }


def _chapter_of(finding: Finding) -> Chapter:
    if chapter := OF_KIND.get(finding.kind):
        return chapter
    return NOISE if finding.details.get("relation") == "outside_background" else OTHERS


def _headline(sorts: Mapping[Chapter, Sequence[Finding]]) -> str:
    numbers = {chapter: len(_by_subject(held)) for chapter, held in sorts.items()}
    if len(numbers) == 1:
        return "".join(chapter.headline(number) for chapter, number in numbers.items())
    return "; ".join(chapter.short_headline(number) for chapter, number in numbers.items())


def _by_subject(findings: Sequence[Finding]) -> dict[tuple[str, str], list[Finding]]:
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.scope, finding.subject), []).append(finding)
    return found


def _lines(
    sorts: Mapping[Chapter, Sequence[Finding]], window_minutes: int, resources: AccountResources
) -> Iterator[str]:
    for chapter, findings in sorts.items():
        yield from _chapter_lines(chapter, findings)
        yield ""
    if command := findings_command(resources, "list"):
        yield f"See each: {command}"
    yield f"There is at most one such digest every {duration(window_minutes * 60)}."


def _chapter_lines(chapter: Chapter, findings: Sequence[Finding]) -> Iterator[str]:
    first = min(finding.first_seen for finding in findings)
    last = max(finding.last_seen for finding in findings)
    told = list(_by_subject(findings).values())
    yield f"{chapter.headline(len(told))}."
    yield chapter.matter
    yield ""
    yield f"{'When':<10}{period(first, last)}"
    yield ""
    yield from (f"- {subject_text(about[0])} {chapter.line(about)}" for about in told[:MAX_LINES])
    if len(told) > MAX_LINES:
        yield f"- and {len(told) - MAX_LINES:,} more"


def _chat(sorts: Mapping[Chapter, Sequence[Finding]], first: Finding) -> Chat:
    """The chapters, each with its first subjects."""
    return Chat(
        id=f"digest-{first.id}",
        thread="",
        kind="digest",
        title=f"[digest] {_headline(sorts)}",
        lines=list(chain.from_iterable(_chapter_lines(chapter, findings) for chapter, findings in sorts.items())),
        keywords=["digest", *sorted({finding.kind for findings in sorts.values() for finding in findings})],
    )


def _what_happened(about: Sequence[Finding]) -> str:
    more = f" (and {len(about) - 1:,} more like it)" if len(about) > 1 else ""
    return story_of(about[0]).happening(about[0], owner_text) + more


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
        return f"in the hour from {hour_in_words(hours[0])} ({records})"
    first, last = hour_in_words(hours[0]), hour_in_words(hours[-1])
    return f"in {counted(len(hours), 'hour')}, the first from {first}, the last from {last} ({records})"


KEPT_IN = Chapter(
    lambda number: f"{counted(number, 'machine')} of yours can't reach an outside address: a rule blocks it",
    lambda number: f"{counted(number, 'machine')} blocked on the way out",
    "Look when you have time. Nothing got out: a missing rule, or a program that calls somebody it may not.",
    lambda finding: number_in(finding.details, "packets"),
    _what_happened,
)
GUESSES = Chapter(
    lambda number: f"{counted(number, 'outside address')} guessed passwords",
    lambda number: f"{counted(number, 'outside address')} guessed passwords",
    "Nothing to do now. Whatever is open to the internet is tried all day: close SSH, RDP and WinRM where you can.",
    lambda finding: number_in(finding.details, "attempts"),
    _what_happened,
)
NOISE = Chapter(
    lambda number: f"{counted(number, 'outside address')} searched your network and found nothing open",
    lambda number: f"{counted(number, 'outside address')} found nothing open",
    "Nothing to do. Kept so that you recognise an address when it turns up again.",
    lambda finding: finding.endpoints,
    lambda about: story_of(about[0]).happening(about[0], owner_text),
)
SKIPPED = Chapter(
    lambda number: f"AWS left out flow log records of {counted(number, 'interface')}",
    lambda number: f"AWS left out records of {counted(number, 'interface')}",
    "Nothing to do now. What passed there is not known and does not come later: a scan may have gone unseen.",
    _skipped_records,
    _skipped_hours,
)
OTHERS = Chapter(
    lambda number: f"Quiet findings about {counted(number, 'address')}",
    lambda number: f"quiet findings about {counted(number, 'address')}",
    "Nothing to do. Kept so that you recognise it when it turns up again.",
    lambda finding: finding.endpoints,
    _what_happened,
)
DOWN = Chapter(
    lambda number: f"{counted(number, 'service')} of yours no longer answer{'s' if number == 1 else ''}",
    lambda number: f"{counted(number, 'service')} down",
    "Look when you have time. Each was answering in the days before; who calls one of them is not taken for a scanner.",
    lambda finding: number_in(finding.details, "clients"),
    _stopped_answering,
)
FLOODED = Chapter(
    lambda number: f"{counted(number, 'address')} in a flood: more sources at once than are recorded",
    lambda number: f"{counted(number, 'address')} in a flood",
    "Look when you have time: is it expected? The loudest sources are recorded; the others are in the flow logs alone.",
    number_left_out,
    _what_happened,
)
CHAPTERS = (DOWN, KEPT_IN, FLOODED, GUESSES, NOISE, SKIPPED, OTHERS)
"""In the order in which they are told: what is about machines of yours first."""
OF_KIND = {
    "blocked_egress": KEPT_IN,
    "login_brute_force": GUESSES,
    "records_skipped": SKIPPED,
    "service_down": DOWN,
    "flood": FLOODED,
}
