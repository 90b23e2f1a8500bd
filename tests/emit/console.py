"""A stand-in for the console: it decodes a link to the query, time and log groups that the page shows."""

import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


def opened(link: str) -> dict[str, Any]:
    """The query detail that the Logs Insights page shows for a link."""
    fragment = urlsplit(link).fragment
    page, _, query_string = unquote(fragment.replace("$", "%")).partition("?")
    assert page == "logsV2:logs-insights"
    (detail,) = parse_qs(query_string, strict_parsing=True)["queryDetail"]
    value, rest = _value(detail)
    assert rest == ""
    assert isinstance(value, dict)
    return value


def _value(text: str) -> tuple[Any, str]:
    """One value of JSURL, and the remaining text."""
    if text.startswith("~("):
        return _list(text[2:]) if text[2] == "~" else _object(text[2:])
    assert text.startswith("~'")
    end = re.search(r"[~)]", text[2:])
    stop = 2 + end.start() if end else len(text)
    return re.sub(r"\*([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), text[2:stop]), text[stop:]


def _object(text: str) -> tuple[dict[str, Any], str]:
    found: dict[str, Any] = {}
    while True:
        name, rest = re.match(r"([A-Za-z]+)(.*)", text, flags=re.DOTALL).groups()  # type: ignore[union-attr]
        found[name], text = _value(rest)
        if text.startswith(")"):
            return found, text[1:]
        text = text.removeprefix("~")


def _list(text: str) -> tuple[list[Any], str]:
    found: list[Any] = []
    while not text.startswith(")"):
        value, text = _value(text)
        found.append(value)
    return found, text[1:]
