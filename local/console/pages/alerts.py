"""The alert inbox: the list, one alert in each form, and triage as of `flowsentry findings`."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, get_args

from botocore.exceptions import BotoCoreError, ClientError
from starlette.routing import Route

from flowsentry.aws.findings.item import Entry
from flowsentry.aws.findings.triage import NoSuchFindingError
from flowsentry.emit.plain_text import plain
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.triage import MAX_BY_LETTERS, MAX_NOTE_LETTERS, State, Triage
from local.console.console_data import ConsoleData, DataError, NotFoundError
from local.console.flows.finding_links import PATHS, SCANS
from local.console.inbox.inbox import AlertInbox, TriageAction
from local.console.inbox.listing import SEVERITIES, Row, Wanted, counts_of, row_of, row_of_message, rows_of
from local.console.inbox.message import Message
from local.console.query import Query, QueryError
from local.console.routing import get, post
from local.findings.entry_texts import standing
from local.findings.options import MAX_SNOOZE_DAYS

MAX_RELATED = 50
"""Related findings of an alert, newest first. More: a long list. Fewer: daily findings of two months are not all
there."""
ACTIONS: tuple[TriageAction, ...] = get_args(TriageAction)
STATES = [each.value for each in State]


def routes(data: ConsoleData) -> list[Route]:
    """The routes of this page."""
    return [
        get("/api/alerts", alerts, data),
        get("/api/alerts/{id}", alert, data),
        post("/api/alerts/{id}/triage", triage, data),
    ]


def alerts(data: ConsoleData, query: Query) -> Any:
    """Findings, and the digests and overflows that were sent, newest first: `rows` (`id`, `type` finding, digest or
    overflow, `severity`, `kind`, `title`, `subject`, `at`, `state`, `until`; times in Unix seconds), at most `limit` of
    `matching`. Filters: `state`, `kind`, `severity`, `text`, and the time from `start` to `end`. `all` counts
    them without filters, `states`, `severities` and `kinds` by each. `by` is who triages where nobody is named.
    """
    wanted = _wanted(query)
    with _answered():
        rows = rows_of(data.inbox.entries(), data.inbox.summaries())
    matching = [row for row in rows if wanted.has(row)]
    return {
        "rows": [row._asdict() for row in matching[: query.limit]],
        "matching": len(matching),
        "all": len(rows),
        **counts_of(rows),
        "by": _user(),
    }


def alert(data: ConsoleData, query: Query) -> Any:
    """One row by its `id`, with its `message` in each form: `subject` and `text` of the e-mail, `json` and `chat` as
    published, `at`, and `is_sent` (false: it was not sent alone, and this is how `flowsentry findings show` prints it).
    A finding also has `views` (pages that draw it: scan, blocked-path), `triage`, the same in a `sentence`, `delivery`
    (when it was sent, or why not), `summary` (the digest that lists it, or null) and `related` findings of its thread;
    a digest or overflow has its `findings`.
    """
    id_ = query.path["id"]
    with _answered():
        message = next((each for each in data.inbox.summaries() if each.id == id_), None)
        return _summary(data.inbox, message) if message else _finding(data.inbox, data.inbox.entry(id_))


def triage(data: ConsoleData, query: Query) -> Any:
    """Changes the triage of a finding as `flowsentry findings` does. Body: `action` (acknowledge, snooze, resolve,
    reopen), `by` (default: the user of this machine), `note`, and for a snooze `days`. Returns `triage` and `sentence`.
    """
    action = query.body_text("action")
    if action not in ACTIONS:
        raise QueryError(f"action must be one of {', '.join(ACTIONS)}")
    days = _days(query) if action == "snooze" else 0
    by = query.body_text("by", MAX_BY_LETTERS).strip() or _user()
    note = query.body_text("note", MAX_NOTE_LETTERS).strip()
    with _answered():
        return _triage(data.inbox.triage(query.path["id"], action, by, note, days))


def _wanted(query: Query) -> Wanted:
    return Wanted(
        query.choice("state", ["", *STATES], ""),
        query.text("kind"),
        query.choice("severity", ["", *SEVERITIES], ""),
        query.text("text"),
        query.given_span,
    )


def _finding(inbox: AlertInbox, entry: Entry) -> dict[str, Any]:
    summary = inbox.summary_with(entry)
    return {
        **row_of(entry)._asdict(),
        **{name: getattr(entry.finding, name) for name in ("scope", "first_seen", "last_seen")},
        "address": plain(entry.finding.subject),
        "views": list(_views(entry.finding.kind)),
        **_triage(entry.triage),
        "delivery": inbox.delivery_of(entry),
        "message": _message(inbox.message_about(entry)),
        "summary": _listed(row_of_message(summary)) if summary else None,
        "related": [_related(each) for each in inbox.related(entry)[:MAX_RELATED]],
    }


def _views(kind: str) -> Iterator[str]:
    """The pages that draw what a finding of this kind is about."""
    if kind in SCANS:
        yield "scan"
    if kind in PATHS:
        yield "blocked-path"


def _summary(inbox: AlertInbox, message: Message) -> dict[str, Any]:
    listed = set(message.finding_ids)
    return {
        **row_of_message(message)._asdict(),
        "message": _message(message),
        "findings": [row_of(each)._asdict() for each in inbox.entries() if each.finding.id in listed],
    }


def _message(message: Message) -> dict[str, Any]:
    names = ("id", "type", "subject", "text", "json", "chat", "at", "is_sent")
    return {name: getattr(message, name) for name in names}


def _triage(known: Triage) -> dict[str, Any]:
    return {"triage": asdict(known), "sentence": standing(known)}


def _related(entry: Entry) -> dict[str, Any]:
    return {**_listed(row_of(entry)), "sentence": standing(entry.triage)}


def _listed(row: Row) -> dict[str, Any]:
    return {"id": row.id, "title": row.title, "at": row.at}


def _days(query: Query) -> int:
    days = query.body.get("days")
    if type(days) is not int or not 1 <= days <= MAX_SNOOZE_DAYS:
        raise QueryError(f"days must be a whole number from 1 to {MAX_SNOOZE_DAYS}")
    return days


def _user() -> str:
    """The user of this machine; `console` for one without a name, as in a container with a user id of its own."""
    try:
        return getpass.getuser()[:MAX_BY_LETTERS]
    except (KeyError, OSError):  # OSError since Python 3.13
        return "console"


@contextmanager
def _answered() -> Iterator[None]:
    """Raises errors of the findings as those that the console answers with."""
    try:
        yield
    except NoSuchFindingError as error:
        raise NotFoundError(str(error)) from error
    except (RetryableError, PoisonError, BotoCoreError, ClientError) as error:
        raise DataError(f"the findings can't be read or changed now: {error}") from error
