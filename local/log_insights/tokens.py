"""The words of a query in the language of CloudWatch Logs Insights.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


class MalformedQueryError(ValueError):
    """A query that CloudWatch would refuse with MalformedQueryException, or that this interpreter does not know."""


@dataclass(frozen=True)
class Token:
    """A word of a query: its kind, its value without quotes, and where it begins."""

    kind: str
    text: str
    at: int


_KINDS = {
    "string": r'"(?:[^"\\]|\\.)*"' + r"|'(?:[^'\\]|\\.)*'",
    "quoted": r"`[^`]+`",
    "period": r"\d+(?:ms|[smhdw])\b",
    "number": r"\d+(?:\.\d+)?",
    "name": r"[@A-Za-z_][A-Za-z0-9_@]*(?:\.[A-Za-z0-9_@]+)*",
    "operator": r"!=|<=|>=|=~|==|[=<>+\-*/^%(),\[\]|]",
    "space": r"\s+",
}
"""A field has letters, digits, `@`, `.` and `_`, and needs backticks with any other character."""
_TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items()))
_PATTERN = re.compile(r"/((?:[^/\\\n]|\\.)+)/")
_PATTERNS_FOLLOW = frozenset({"like", "=~", "parse", "@message"})


def tokens_of(query: str) -> list[Token]:
    """The tokens of a query; lines that begin with `#` are comments. Raises MalformedQueryError."""
    text = re.sub(r"^[ \t]*#.*$", lambda line: " " * len(line.group()), query, flags=re.MULTILINE)
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    at, last = 0, ""
    while at < len(text):
        pattern = _PATTERN.match(text, at) if last.lower() in _PATTERNS_FOLLOW else None
        found = pattern or _TOKEN.match(text, at)
        if found is None:
            raise MalformedQueryError(f"unexpected {text[at : at + 20]!r} at {at}")
        kind = "pattern" if pattern else str(found.lastgroup)
        if kind != "space":
            last = found.group()
            yield Token(kind, _value(kind, found), at)
        at = found.end()


def _value(kind: str, found: re.Match[str]) -> str:
    if kind == "pattern":
        return found.group(1)
    if kind == "string":
        return re.sub(r"\\(.)", r"\1", found.group()[1:-1])
    return found.group().strip("`") if kind == "quoted" else found.group()
