"""Suppressions: rules for findings that are recorded but not delivered, with a reason and an optional last day.

People edit them as JSON; docs/suppressions.md describes the format. The notifier imports this module, so it must not
import polars.
"""

import difflib
import ipaddress
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Self

from msgspec import Struct, field

from flowsentry.findings.finding import Finding
from flowsentry.findings.kinds import KINDS
from flowsentry.inventory.source_address import Network, is_within
from flowsentry.records.code_names import LOGIN_PORTS
from flowsentry.value import Value

MAX_ENTRIES = 500
"""Entries of the list. More: each finding is compared with more entries. Fewer: lists of single hosts do not fit."""
MAX_BYTES = 256 << 10
"""Size of the whole text; an entry with twenty networks has about 600 bytes."""
MAX_LETTERS = 200
"""Length of a reason, a source and an owner. Messages show reasons."""
LOGIN_PORTS_OF = {
    name: tuple(port for port in LOGIN_PORTS if LOGIN_PORTS[port] == name) for name in LOGIN_PORTS.values()
}
"""The ports of each login service, by its name."""
UNKNOWN_PORT = -1
_MOST_PORT = 65_535
_SECONDS_A_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()


class UnreadableSuppressionsError(Exception):
    """Invalid suppressions. The message lists every problem with its entry and key. Do not retry: a person must correct
    the text.
    """


class Suppression(Value, frozen=True):
    """Matches findings that meet all given criteria: of the subject (`networks`, `owners`), of the other endpoint
    (`responder_networks`, `responder_owners`), `ports` and `kinds`. A criterion that is not given matches everything.
    It is in force until the end of the day `expires_on` (UTC). An owner is given by id, name or kind, here in lower
    case. `source` says where the networks are published. A single address does not cover its /64: findings about other
    hosts in it would be suppressed too.
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
        """Whether the finding meets all criteria; a criterion about data that the finding lacks is not met."""
        details = finding.details
        return (
            (not self.kinds or finding.kind in self.kinds)
            and (not self.ports or _are_among(_ports_of(details), self.ports))
            and (not self.networks or is_within(finding.subject, self.networks))
            and (not self.owners or bool(_words_of(details.get("subject_owner")) & self.owners))
            and (not self.responder_networks or is_within(details.get("responder"), self.responder_networks))
            and (not self.responder_owners or bool(_words_of(details.get("responder_owner")) & self.responder_owners))
        )


class Suppressions(Value, frozen=True):
    """The suppressions, in the order in which they are tried; none by default. `unknown_kinds` has a sentence for each
    entry that names kinds of findings that this version does not have.
    """

    entries: tuple[Suppression, ...] = ()
    unknown_kinds: tuple[str, ...] = ()

    def suppressing(self, finding: Finding, now: float) -> Suppression | None:
        """The first suppression that is in force at `now` (Unix seconds) and covers the finding."""
        in_force = (each for each in self.entries if each.is_enabled and not each.is_expired(now))
        return next((each for each in in_force if each.covers(finding)), None)

    def expired(self, now: float) -> int:
        """The number of expired entries, which have no effect and can be removed."""
        return sum(each.is_enabled and each.is_expired(now) for each in self.entries)

    @classmethod
    def of_json(cls, text: str | bytes) -> Self:
        """`{"suppressions": [{"reason": …, …}]}`. Raises UnreadableSuppressionsError, but not for an unknown kind: the
        entry applies to its other kinds, or is left out if it has none. A version may have fewer kinds than the one
        that the entry was written for.
        """
        size = len(text.encode() if isinstance(text, str) else text)
        if size > MAX_BYTES:
            raise UnreadableSuppressionsError(f"the text has {size:,} bytes; allowed: {MAX_BYTES:,}")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UnreadableSuppressionsError(f"the text is not valid JSON: {error}") from error
        if not isinstance(value, Mapping) or value.keys() != {"suppressions"}:
            raise UnreadableSuppressionsError('the text is not a JSON object with the single key "suppressions"')
        reading = _Reading(unknown_kinds=[])
        entries = reading.entries("suppressions", value["suppressions"])
        if reading.problems:
            raise UnreadableSuppressionsError("; ".join(reading.problems))
        return cls(tuple(entries), tuple(reading.unknown_kinds or ()))


def suppressed(findings: Iterable[Finding], suppressions: Suppressions, now: float) -> Iterator[Finding]:
    """The findings in the same order; those suppressed at `now` (Unix seconds) have the reason in `suppressed_by`."""
    for finding in findings:
        by = suppressions.suppressing(finding, now)
        yield replace(finding, suppressed_by=by.reason) if by else finding


def read_entries(value: Any, key: str) -> tuple[list[Suppression], list[str]]:
    """The suppressions in a list of JSON objects, and one sentence for each problem with it. `key` is the name of the
    list in these sentences. An unknown kind is a problem.
    """
    reading = _Reading()
    return reading.entries(key, value), reading.problems


class _Reading(Struct):
    """Reads entries and collects problems; unknown kinds separately, where there is a list for them."""

    problems: list[str] = field(default_factory=list)
    unknown_kinds: list[str] | None = None

    def entries(self, key: str, value: Any) -> list[Suppression]:
        if not isinstance(value, list):
            self.problems.append(_refused(key, value, "a list of objects"))
            return []
        if len(value) > MAX_ENTRIES:
            self.problems.append(f"{key} has {len(value)} entries; allowed: {MAX_ENTRIES}")
            return []
        entries = [self.entry(f"{key}[{number}]", each) for number, each in enumerate(value)]
        return [each for each in entries if each is not None]

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
            self.problems.append(
                f"{key} has no criterion and would suppress everything; allowed: at least one of {', '.join(CRITERIA)}"
            )
        has_a_known_kind = "kinds" not in read or bool(read["kinds"])
        return Suppression(**read) if len(self.problems) == before and has_a_known_kind else None

    def _known(self, key: str, kinds: list[Any]) -> list[Any]:
        """The kinds without the unknown ones, which are reported."""
        unknown = [each for each in kinds if isinstance(each, str) and each not in KINDS]
        known = [each for each in kinds if each not in unknown]
        if unknown and self.unknown_kinds is not None:
            effect = "applies to its other kinds only" if known else "has no effect"
            self.unknown_kinds.append(f"{_refused(key, unknown, _KEYS['kinds'].words)}; the entry {effect}")
        return known

    def _read(self, key: str, name: str, value: Any) -> Any:
        allowed = _KEYS[name]
        try:
            if name == "kinds" and self.unknown_kinds is not None and isinstance(value, list) and value:
                known = self._known(key, value)
                return allowed.read(known) if known else frozenset()
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


class _Key(Value, frozen=True):
    """A key: its allowed values in words, and how a value is read; `read` raises TypeError or ValueError."""

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
    if value not in KINDS:
        raise ValueError
    return str(value)


def _tuple_of(item: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """A reader of non-empty lists: an empty list could also mean that nothing matches."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise TypeError
        return tuple(item(each) for each in value)

    return read


def _set_of(item: Callable[[Any], Any]) -> Callable[[Any], frozenset[Any]]:
    return lambda value: frozenset(_tuple_of(item)(value))


_NETWORKS = _Key("a list of addresses, or networks without host bits such as 192.0.2.0/24", _tuple_of(_network))
_OWNERS = _Key("a list of owner ids, names or kinds", _set_of(lambda value: _text(value).casefold()))
_KEYS: dict[str, _Key] = {
    "reason": _Key(f"1 to {MAX_LETTERS} printable characters", _text),
    "source": _Key(f"1 to {MAX_LETTERS} printable characters, such as a URL", _text),
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


def _words_of(owner: Any) -> set[str]:
    """The id, name and kind of an owner in a finding's details, in lower case."""
    return {str(word).casefold() for word in owner.values() if word} if isinstance(owner, Mapping) else set()


def _ports_of(details: Mapping[str, Any]) -> set[int] | None:
    """The ports of a finding: the responder's port, the failed ports of a scan if they are listed, or the ports of all
    services of password guessing. None if they are unknown.
    """
    if isinstance(failed := details.get("failed_ports"), list):
        return set(failed)
    if isinstance(services := details.get("services"), list):
        return {port for service in services for port in LOGIN_PORTS_OF.get(service, (UNKNOWN_PORT,))}
    one = details.get("responder_port")
    return {one} if isinstance(one, int) else None


def _are_among(ports: set[int] | None, allowed: frozenset[int]) -> bool:
    return bool(ports) and set(ports or ()) <= allowed
