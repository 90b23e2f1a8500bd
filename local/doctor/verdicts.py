"""Verdicts: what doctor says about one thing of the settings or the account, and how it is printed."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from rich.text import Text

from flowsentry.emit.plain_text import plain
from local.terminal.screen import printable

MAX_LETTERS = 600
"""Of a sentence. Names in it come from the account: they may be long, and are escaped."""


class Level(StrEnum):
    """OK: nothing to do. WARNING: a deploy succeeds, and something will not be as you want it. STOP: a deploy fails, or
    nothing will be found.
    """

    OK = "ok"
    WARNING = "warning"
    STOP = "stop"


STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.STOP: "bold red"}
"""On a terminal."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`about` is what was looked at, `finding` what is so, `mend` what to do about it, in one sentence."""

    level: Level
    about: str
    finding: str
    mend: str = ""


def ok(about: str, finding: str) -> Verdict:
    return Verdict(Level.OK, about, finding)


def warning(about: str, finding: str, mend: str) -> Verdict:
    return Verdict(Level.WARNING, about, finding, mend)


def stop(about: str, finding: str, mend: str) -> Verdict:
    return Verdict(Level.STOP, about, finding, mend)


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """1 where a deploy would fail, else 0."""
    return int(any(each.level is Level.STOP for each in verdicts))


def as_text(verdicts: Sequence[Verdict]) -> Text:
    """A line for each verdict, its mend in the next one, and the numbers at the end."""
    lines = [line for each in verdicts for line in _lines(each)]
    numbers = [f"{sum(each.level is level for each in verdicts)} {level}" for level in Level]
    return Text("\n").join([*lines, printable(", ".join(numbers))])


def _lines(verdict: Verdict) -> list[Text]:
    said = plain(f"{verdict.about}: {verdict.finding}", MAX_LETTERS)
    mend = [printable(f"{'':<9}→ {plain(verdict.mend, MAX_LETTERS)}")] if verdict.mend else []
    return [printable(f"{verdict.level:<9}", STYLES[verdict.level]).append_text(printable(said)), *mend]


def as_json(verdicts: Sequence[Verdict]) -> str:
    """One JSON object, with the verdicts and the exit code."""
    return json.dumps({"exit_code": exit_code(verdicts), "verdicts": [asdict(each) for each in verdicts]}, indent=2)
