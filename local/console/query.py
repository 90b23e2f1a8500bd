"""The parameters of a request, validated: every value is bounded, and an invalid one is named in a sentence."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.console.span import MAX_SECONDS, MAX_TIME, Span

_DIGITS = re.compile(r"[0-9]{1,15}")
MAX_LETTERS = 200
"""Of a text in a request. Longer: large requests for nothing. Shorter: names of owners (at most 255 in AWS, as a rule
below 64) are cut."""
MAX_ROWS = 1_000
"""Rows of an answer. More: slow pages. Fewer: more answers are cut, which they say."""


class QueryError(Exception):
    """A parameter is missing or invalid; the message names it and says what is allowed."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a page asks for: the parts of the path, the parameters after `?`, and the JSON body of a POST."""

    path: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def span(self) -> Span:
        """The time range of `start` and `end` (Unix seconds). Raises QueryError."""
        span = Span(self.number("start", 0, MAX_TIME), self.number("end", 0, MAX_TIME))
        if not 0 < span.seconds <= MAX_SECONDS:
            raise QueryError(f"end must be after start, by at most {MAX_SECONDS // 86_400} days")
        return span

    @property
    def given_span(self) -> Span | None:
        """The time range of `start` and `end`; None without either, for all times. Raises QueryError."""
        return self.span if {"start", "end"} & self.parameters.keys() else None

    @property
    def limit(self) -> int:
        """How many rows are asked for in `limit`; MAX_ROWS without it. Raises QueryError."""
        return self.number("limit", 1, MAX_ROWS, MAX_ROWS)

    def number(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """A whole number within bounds. Raises QueryError, also where it is missing and there is no default."""
        text = self.parameters.get(name, "")
        if not text and default is not None:
            return default
        if not (_DIGITS.fullmatch(text) and least <= int(text) <= most):
            raise QueryError(f"{name} must be a whole number from {least} to {most}")
        return int(text)

    def text(self, name: str, default: str = "") -> str:
        """A text of at most MAX_LETTERS. Raises QueryError."""
        return _short(name, self.parameters.get(name, default), MAX_LETTERS)

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        """One of these words. Raises QueryError."""
        text = self.parameters.get(name) or default
        if text not in choices:
            raise QueryError(f"{name} must be one of {', '.join(choices)}")
        return text

    def body_text(self, name: str, most: int = MAX_LETTERS) -> str:
        """A text of the body, at most so many letters; empty without it. Raises QueryError."""
        text = self.body.get(name, "")
        if not isinstance(text, str):
            raise QueryError(f"{name} must be a text")
        return _short(name, text, most)


def _short(name: str, text: str, most: int) -> str:
    if len(text) > most:
        raise QueryError(f"{name} has {len(text)} characters; {most} are allowed")
    return text
