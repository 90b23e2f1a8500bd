"""Story: what a finding means to people. Its words are in the stories of its kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flowsentry.emit.party_names import Names
from flowsentry.emit.plain_text import plain
from flowsentry.findings.finding import Finding


@dataclass(frozen=True)
class Story:
    """What happens, whether it matters, what to check next. `happening` continues a sentence that starts with who it is
    about, and says owners as `names` does.
    """

    happening: Callable[[Finding, Names], str]
    matter: str
    checks: tuple[str, ...]


def number_in(details: Mapping[str, Any], name: str) -> int:
    """A number among a finding's details; 0 where there is none."""
    value = details.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def listed_in(details: Mapping[str, Any], name: str) -> list[str]:
    """A list among a finding's details, as words; empty where there is none."""
    values = details.get(name)
    return [plain(value) for value in values] if isinstance(values, list | tuple) else []


def numbers_in(details: Mapping[str, Any], name: str) -> list[int]:
    """A list of numbers among a finding's details; empty where there is none."""
    values = details.get(name)
    listed = values if isinstance(values, list | tuple) else ()
    return [value for value in listed if isinstance(value, int) and not isinstance(value, bool)]


def port_text(details: Mapping[str, Any]) -> str:
    """`port 5432/tcp`."""
    return f"port {plain(details.get('responder_port', '?'))}/{plain(details.get('protocol', '?'))}"
