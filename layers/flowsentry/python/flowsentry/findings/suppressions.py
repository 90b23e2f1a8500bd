"""Suppressions: findings that nobody wants to be told of, by whom they are about, with a reason and an end.

They are JSON that people edit; docs/suppressions.md describes it. The notifier imports this: no polars here.
"""

import difflib
import ipaddress
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Self

from flowsentry.findings.finding import KINDS, Finding
from flowsentry.inventory.source_address import is_within

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_ENTRIES = 500
"""More: each finding is compared with more of them. Fewer: whoever lists single hosts runs out of room."""
MAX_BYTES = 256 << 10
"""Of the whole text; an entry with twenty networks is some 600 bytes."""
MAX_LETTERS = 200
"""Of a reason, a source and an owner. Reasons stand in messages."""
LOGIN_PORTS_OF = {"SSH": (22,), "RDP": (3389,), "WinRM": (5985, 5986)}
"""services.LOGIN_PORTS the other way round: that would bring polars."""
UNKNOWN_PORT = -1
_MOST_PORT = 65_535
_SECONDS_A_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()


class UnreadableSuppressionsError(Exception):
    """A text that holds no suppressions, or some that can't be meant. The message names every problem with its entry
    and key. Never retry: a person must correct it.
    """


@dataclass(frozen=True, slots=True)
class Suppression:
    """Findings that fit every criterion given: whom they are about (`networks`, `owners`), at the other end
    (`responder_networks`, `responder_owners`), their `ports` and `kinds`. What is not given fits all. It holds until
    the end of the day `expires_on` (UTC). An owner is named by its id, its name or its kind, in lower case here.
    `source` says where its networks are published.
    """

    reason: str
    expires_on: date | None = None
    is_enabled: bool = True
    source: str = ""
    networks: tuple[Network, ...] = ()
    owners: frozenset[str] = frozenset()
    responder_networks: tuple[Network, ...] = ()
    responder_owners: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()

    def is_expired(self, now: float) -> bool:
        return self.expires_on is not None and now >= (self.expires_on.toordinal() + 1 - _EPOCH) * _SECONDS_A_DAY

    def covers(self, finding: Finding) -> bool:
        """Whether every criterion fits; one about something that the finding does not tell does not."""
        details = finding.details
        return (
            (not self.kinds or finding.kind in self.kinds)
            and (not self.ports or _are_among(_ports_of(details), self.ports))
            and (not self.networks or _is_in(finding.subject, self.networks))
            and (not self.owners or bool(_words_of(details.get("subject_owner")) & self.owners))
            and (not self.responder_networks or _is_in(details.get("responder"), self.responder_networks))
            and (not self.responder_owners or bool(_words_of(details.get("responder_owner")) & self.responder_owners))
        )


@dataclass(frozen=True, slots=True)
class Suppressions:
    """What is suppressed, in the order in which it is looked for; nothing by default."""

    entries: tuple[Suppression, ...] = ()

    def suppressing(self, finding: Finding, now: float) -> Suppression | None:
        """The first that is in force at `now` (Unix s) and covers the finding."""
        held = (each for each in self.entries if each.is_enabled and not each.is_expired(now))
        return next((each for each in held if each.covers(finding)), None)

    def expired(self, now: float) -> int:
        """How many do nothing any more and may be taken out."""
        return sum(each.is_enabled and each.is_expired(now) for each in self.entries)

    @classmethod
    def of_json(cls, text: str | bytes) -> Self:
        """`{"suppressions": [{"reason": …, …}]}`. Raises UnreadableSuppressionsError."""
        size = len(text.encode() if isinstance(text, str) else text)
        if size > MAX_BYTES:
            raise UnreadableSuppressionsError(f"it has {size:,} bytes; allowed: {MAX_BYTES:,}")
        try:
            told = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UnreadableSuppressionsError(f"it is no JSON: {error}") from error
        if not isinstance(told, Mapping) or told.keys() != {"suppressions"}:
            raise UnreadableSuppressionsError('it is no object with the one key "suppressions"')
        entries, problems = read_entries(told["suppressions"], "suppressions")
        if problems:
            raise UnreadableSuppressionsError("; ".join(problems))
        return cls(tuple(entries))


def suppressed(findings: Iterable[Finding], suppressions: Suppressions, now: float) -> Iterator[Finding]:
    """The findings in the same order; those that are suppressed at `now` (Unix s) say by what reason."""
    for finding in findings:
        by = suppressions.suppressing(finding, now)
        yield replace(finding, suppressed_by=by.reason) if by else finding


def read_entries(value: Any, key: str) -> tuple[list[Suppression], list[str]]:
    """The suppressions in a list of JSON objects, and what is wrong with it, a sentence each. `key` is what the list is
    called.
    """
    if not isinstance(value, list):
        return [], [_refused(key, value, "a list of objects")]
    if len(value) > MAX_ENTRIES:
        return [], [f"{key} has {len(value)} entries; allowed: {MAX_ENTRIES}"]
    reading = _Reading()
    entries = [reading.entry(f"{key}[{number}]", each) for number, each in enumerate(value)]
    return [each for each in entries if each is not None], reading.problems


@dataclass(slots=True)
class _Reading:
    """Notes what is wrong on the way."""

    problems: list[str] = field(default_factory=list)

    def entry(self, key: str, value: Any) -> Suppression | None:
        if not isinstance(value, Mapping):
            self.problems.append(_refused(key, value, f"an object with {', '.join(_KEYS)}"))
            return None
        before = len(self.problems)
        self.problems.extend(_unknown(key, name, each) for name, each in value.items() if name not in _KEYS)
        given = [name for name in _KEYS if name in value]
        read = {_FIELDS.get(name, name): self._read(f"{key}.{name}", name, value[name]) for name in given}
        if "reason" not in value:
            self.problems.append(f"{key}.reason is missing; allowed: {_KEYS['reason'].words}")
        if not any(value.get(name) for name in CRITERIA):
            self.problems.append(f"{key} would suppress everything; allowed: at least one of {', '.join(CRITERIA)}")
        return Suppression(**read) if len(self.problems) == before else None

    def _read(self, key: str, name: str, value: Any) -> Any:
        allowed = _KEYS[name]
        try:
            return allowed.read(value)
        except (TypeError, ValueError, OverflowError):
            self.problems.append(_refused(key, value, allowed.words))
            return None


def _refused(key: str, value: Any, allowed: str) -> str:
    shown = json.dumps(value)
    return f"{key} is {shown if len(shown) <= MAX_LETTERS else f'{shown[:MAX_LETTERS]}…'}; allowed: {allowed}"


def _unknown(key: str, name: str, value: Any) -> str:
    near = difflib.get_close_matches(name, _KEYS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    return _refused(f"{key}.{name[:MAX_LETTERS]}", value, f"{hint}only {', '.join(_KEYS)}")


@dataclass(frozen=True, slots=True)
class _Key:
    """What a key may have, in words, and how its value is read; `read` raises TypeError and ValueError."""

    words: str
    read: Callable[[Any], Any]


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value.strip()) <= MAX_LETTERS:
        raise ValueError
    return value.strip()


def _day(value: Any) -> date:
    read = date.fromisoformat(value)
    if read.isoformat() != value:
        raise ValueError
    return read


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _network(value: Any) -> Network:
    if not isinstance(value, str):
        raise TypeError
    return ipaddress.ip_network(value)


def _port(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MOST_PORT:
        raise ValueError
    return value


def _kind(value: Any) -> str:
    return KINDS[KINDS.index(value)]


def _tuple_of(item: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """A list that is not empty: an empty one could as well be meant to fit nothing."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise TypeError
        return tuple(item(each) for each in value)

    return read


def _set_of(item: Callable[[Any], Any]) -> Callable[[Any], frozenset[Any]]:
    return lambda value: frozenset(_tuple_of(item)(value))


_NETWORKS = _Key("a list of networks such as 192.0.2.0/24, without host bits, or addresses", _tuple_of(_network))
_OWNERS = _Key("a list of ids, names or kinds of owners", _set_of(lambda value: _text(value).casefold()))
_KEYS: dict[str, _Key] = {
    "reason": _Key(f"1 to {MAX_LETTERS} printable letters", _text),
    "source": _Key(f"1 to {MAX_LETTERS} printable letters, such as a link", _text),
    "expires_on": _Key("a day such as 2026-12-31", _day),
    "enabled": _Key("true or false", _yes_or_no),
    "networks": _NETWORKS,
    "owners": _OWNERS,
    "responder_networks": _NETWORKS,
    "responder_owners": _OWNERS,
    "ports": _Key(f"a list of ports from 0 to {_MOST_PORT}", _set_of(_port)),
    "kinds": _Key(f"a list of {', '.join(KINDS)}", _set_of(_kind)),
}
_FIELDS = {"enabled": "is_enabled"}
CRITERIA = ("networks", "owners", "responder_networks", "responder_owners", "ports", "kinds")


def _is_in(address: Any, networks: Iterable[Network]) -> bool:
    """Whether an address, or all of a /64, is in one of them; false for what is neither, as the id of an interface. A
    single address does not cover the /64 that it is in: what its neighbours do would go untold.
    """
    return is_within(address, networks)


def _words_of(owner: Any) -> set[str]:
    """What an owner of a finding's details may be called."""
    return {str(word).casefold() for word in owner.values() if word} if isinstance(owner, Mapping) else set()


def _ports_of(details: Mapping[str, Any]) -> set[int] | None:
    """The ports that a finding is about: that of the responder; of a scan those that failed, where they are told; of
    guessed passwords all of the services. None where it is not known which.
    """
    if isinstance(failed := details.get("failed_ports"), list):
        return set(failed)
    if isinstance(services := details.get("services"), list):
        return {port for service in services for port in LOGIN_PORTS_OF.get(service, (UNKNOWN_PORT,))}
    one = details.get("responder_port")
    return {one} if isinstance(one, int) else None


def _are_among(ports: set[int] | None, allowed: frozenset[int]) -> bool:
    return bool(ports) and set(ports or ()) <= allowed
