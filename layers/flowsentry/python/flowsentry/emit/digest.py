"""Background findings → one message for a window of time, with a chapter for each sort of thing in it."""

import json as jsonlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, zip_longest

from flowsentry.emit.alert_message import MAX_JSON_BYTES, MAX_SUBJECT_LETTERS, AlertMessage
from flowsentry.emit.plain_text import ascii_line, counted, duration, period, plain
from flowsentry.emit.stories import hour_in_words, owner_text, story_of
from flowsentry.findings import Finding

MAX_LINES = 20
"""Subjects named in a chapter. More: longer mails that nobody reads to the end. Fewer: less to recognise later."""
MAX_FINDINGS = 100
"""Findings spelled out in a digest's JSON, some 600 bytes each; SNS takes 256 KB in all."""
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


def digest_message(findings: Sequence[Finding], window_minutes: int) -> AlertMessage:
    """One message about all background findings of a window, the busiest of each sort first. There must be at least
    one.
    """
    sorts = _by_chapter(findings)
    scopes = {finding.scope for finding in findings}
    return AlertMessage(
        subject=ascii_line(f"[digest] {_headline(sorts)}", MAX_SUBJECT_LETTERS),
        text="\n".join(_lines(sorts, window_minutes)),
        json=_json(sorts, window_minutes),
        attributes={
            "kind": "digest",
            "severity": "background",
            "scope": plain(scopes.pop()) if len(scopes) == 1 else SEVERAL,
            "subject": SEVERAL,
        },
    )


def _by_chapter(findings: Sequence[Finding]) -> dict[Chapter, list[Finding]]:
    """The findings of each chapter that has any, the weightiest first."""
    found: dict[Chapter, list[Finding]] = {chapter: [] for chapter in (NOISE, SKIPPED, OTHERS)}
    for finding in findings:
        found[_chapter_of(finding)].append(finding)
    return {
        chapter: sorted(held, key=lambda finding: (-chapter.weight(finding), finding.id))
        for chapter, held in found.items()
        if held
    }


def _chapter_of(finding: Finding) -> Chapter:
    if finding.kind == "records_skipped":
        return SKIPPED
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


def _lines(sorts: Mapping[Chapter, Sequence[Finding]], window_minutes: int) -> Iterator[str]:
    for chapter, findings in sorts.items():
        yield from _chapter_lines(chapter, findings)
        yield ""
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
    yield from (f"- {_who(about[0])} {chapter.line(about)}" for about in told[:MAX_LINES])
    if len(told) > MAX_LINES:
        yield f"- and {len(told) - MAX_LINES:,} more"


def _who(finding: Finding) -> str:
    return owner_text(finding.details.get("subject_owner"), finding.subject)


def _what_happened(about: Sequence[Finding]) -> str:
    return story_of(about[0]).happening(about[0])


def _skipped_records(finding: Finding) -> int:
    return int(finding.details.get("records", 0))


def _skipped_hours(about: Sequence[Finding]) -> str:
    """`in the hour from 2026-11-03 03:00 UTC (2 SKIPDATA records)`."""
    records = counted(sum(map(_skipped_records, about)), "SKIPDATA record")
    hours = sorted({int(finding.details.get("hour", finding.first_seen)) for finding in about})
    if len(hours) == 1:
        return f"in the hour from {hour_in_words(hours[0])} ({records})"
    first, last = hour_in_words(hours[0]), hour_in_words(hours[-1])
    return f"in {counted(len(hours), 'hour')}, the first from {first}, the last from {last} ({records})"


NOISE = Chapter(
    lambda number: f"{counted(number, 'outside address')} searched your network and found nothing open",
    lambda number: f"{counted(number, 'outside address')} found nothing open",
    "Nothing to do. Kept so that you recognise an address when it turns up again.",
    lambda finding: finding.endpoints,
    _what_happened,
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


def _json(sorts: Mapping[Chapter, Sequence[Finding]], window_minutes: int) -> str:
    """All of them by number, and as many as there is room for in full: some of every chapter."""
    told = [each for each in chain.from_iterable(zip_longest(*sorts.values())) if each is not None]
    digest = {
        "type": "digest",
        "window_minutes": window_minutes,
        "count": len(told),
        "kinds": Counter(finding.kind for finding in told),
    }
    listed = [asdict(finding) for finding in told[:MAX_FINDINGS]]
    while len(text := jsonlib.dumps({**digest, "findings": listed}, sort_keys=True)) > MAX_JSON_BYTES and listed:
        listed = listed[: len(listed) // 2]
    return text
