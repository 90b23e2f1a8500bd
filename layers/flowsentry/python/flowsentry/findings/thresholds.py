"""Thresholds: from when on something is worth telling. Settings, `replay --set` and docs are made from this table."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, NamedTuple, Self

Number = int | float


class ThresholdError(Exception):
    """A threshold that there is not, or a value that it can't have; the message says which, and what is allowed."""


class Bounds(NamedTuple):
    """What a threshold may be, and what happens when it is higher and when it is lower."""

    low: Number
    high: Number
    meaning: str


def _threshold(value: Number, low: Number, high: Number, meaning: str) -> Any:
    return field(default=value, metadata={"bounds": Bounds(low, high, meaning)})


@dataclass(frozen=True, slots=True)
class ScanThresholds:
    """When a source that fails is a scanner: see detect/scans/criteria.py."""

    min_endpoints: int = _threshold(
        10,
        5,
        60,
        "Distinct failed endpoints that make a scan. Fewer: slow scanners are found a little earlier, and a host with "
        "a broken configuration of several targets is taken for one. More: of 21 slow scanners of a day, those with 12 "
        "to 13 probes stay hidden.",
    )
    min_surplus: int = _threshold(
        4,
        1,
        60,
        "Failed minus answered endpoints. Benign sources succeed in about 0.8 of first contacts and scanners in 0.2, "
        "so each failure multiplies the odds of a scanner by 4 and each success divides them: a surplus of 4 is odds "
        'of 256, the nearest whole step past 99 (threshold random walk: Jung et al. 2004, "Fast Portscan Detection '
        'Using Sequential Hypothesis Testing"). Higher: later verdicts on mixed traffic. Lower: false alarms.',
    )
    min_failed_per_answered: float = _threshold(
        1.5,
        1,
        20,
        "Keeps out busy hosts, whose surplus grows by their size alone. Higher: a scan from a host that also works is "
        "hidden. Lower: a host with many dead targets is condemned. At up to 20 % dead endpoints false alarms stay "
        "below 1 %.",
    )
    min_endpoints_on_one_port: int = _threshold(
        20,
        10,
        60,
        "Distinct failed endpoints on one port that make a scan of a host of ours, however many others answered on "
        "other ports. Higher: a sweep by a busy host stays hidden. Lower: a busy client of a service that is gone from "
        "a dozen hosts is taken for a scanner.",
    )
    min_certain_failures: int = _threshold(
        3,
        1,
        60,
        "Failures that are certain, beside which doubtful ones count. Higher: scanners that mix both are found later. "
        "Lower: one dead endpoint makes backscatter from the same source count.",
    )
    min_doubtful_source_ports: int = _threshold(
        3,
        2,
        8,
        "What could as well be a late reply counts once the source used this many source ports (replies come from one) "
        "or has as many failures that are certain. Higher: scanners with a fixed source port stay hidden without "
        "tcp-flags. Lower: backscatter from one service is taken for a scan.",
    )


@dataclass(frozen=True, slots=True)
class BlockedThresholds:
    """When refused packets of our own hosts are worth telling: see detect/blocked."""

    min_packets: int = _threshold(
        3,
        1,
        1000,
        "Refused packets in a batch. Clients that mean it try again (Linux sends six to eleven SYNs in a minute or "
        "two, Windows three to five); probes do not. Higher: a client with a short time-out is not told about. Lower: "
        "probes and strays are.",
    )
    max_endpoints_per_source: int = _threshold(
        5,
        1,
        1000,
        "Blocked endpoints of one source told one by one. A source with more in one batch tries doors: that is left to "
        "scan evidence, where it belongs. Higher: a sweep is told door by door before it is told as one. Lower: of a "
        "host that lost several paths at once, none is told.",
    )


@dataclass(frozen=True, slots=True)
class LoginThresholds:
    """When connections to login ports are sessions or guesses: see detect/logins."""

    min_session_packets: int = _threshold(
        52,
        10,
        100_000,
        "Packets that the client sent in one record, from which on a connection is a session. Tries of a password take "
        '11 to 51 packets (Hofstede et al. 2014, "SSH Compromise Detection using NetFlow/IPFIX"). Higher: short '
        "commands over SSH stay unseen. Lower: failed logins are told as sessions.",
    )
    min_attempt_packets: int = _threshold(
        8,
        4,
        1000,
        "Packets that the client sent in one record, from which on a connection is a try of a password. Health checks "
        "and banner grabbers need fewer (a handshake, one answer, an end: 3 to 7). Higher: tools that hang up early "
        "are missed. Lower: health checks are taken for tries.",
    )
    min_attempts: int = _threshold(
        20,
        5,
        60,
        "Connections of one source to login ports in a UTC day that were tries and no sessions. Higher: slow guessing "
        "stays hidden. Lower: a person who mistypes, and a script that runs short commands, are told.",
    )
    max_external_clients: int = _threshold(
        10,
        1,
        60,
        "Strangers (addresses outside the trusted networks, of IPv6 their /64) with a session on one login service in "
        "a UTC day that are told one by one; with more, the service is told once, that day and while the day is "
        "remembered. Higher: a public Git or SFTP server is as many urgent messages before it is one. Lower: of a few "
        "intruders at one machine only their number and the newest are told.",
    )


@dataclass(frozen=True, slots=True)
class ServiceThresholds:
    """When a service that answers its clients no more is worth telling: see detect/scans/service_down.py."""

    min_clients: int = _threshold(
        1,
        1,
        1000,
        "Clients in one batch that a service no longer answers. Higher: a service with few clients fails unseen, and "
        "so does any service where each delivery shows one client, as from CloudWatch Logs. 1 is the least.",
    )
    min_packets: int = _threshold(
        3,
        1,
        1000,
        "Packets of its clients in one batch that a service did not answer. Higher: clients with short time-outs are "
        "not heard. Lower: one lost packet is told as an outage.",
    )


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All thresholds that a user may change, by what they are about."""

    scan: ScanThresholds = field(default_factory=ScanThresholds)
    blocked: BlockedThresholds = field(default_factory=BlockedThresholds)
    login: LoginThresholds = field(default_factory=LoginThresholds)
    service: ServiceThresholds = field(default_factory=ServiceThresholds)

    @classmethod
    def of(cls, values: Any) -> Self:
        """The defaults with these values in their place: `{"scan": {"min_endpoints": 20}}`. Raises ThresholdError."""
        if not isinstance(values, Mapping) or not all(isinstance(part, Mapping) for part in values.values()):
            raise ThresholdError(f'thresholds are {json.dumps(values)}; allowed: sections such as {{"scan": {{…}}}}')
        named = [(f"{section}.{name}", value) for section, part in values.items() for name, value in part.items()]
        return cls().with_values(named)

    def changed(self, changes: Iterable[str]) -> Self:
        """These with changes such as `scan.min_endpoints=20`. Raises ThresholdError."""
        return self.with_values(_as_change(change) for change in changes)

    def with_values(self, named: Iterable[tuple[str, Any]]) -> Self:
        """These with values in their place, by full name. Raises ThresholdError."""
        changed = self
        for name, value in named:
            section, _, own_name = name.partition(".")
            bounds = known_thresholds().get(name)
            if bounds is None:
                raise ThresholdError(f"there is no threshold {name}; there are {', '.join(known_thresholds())}")
            part = replace(getattr(changed, section), **{own_name: _checked(name, value, bounds)})
            changed = replace(changed, **{section: part})
        return changed

    def differences(self) -> dict[str, Number]:
        """What is not as by default, by name: `{"scan.min_endpoints": 20}`."""
        return {name: value for name, value in _flat(self) if value != dict(_flat(type(self)()))[name]}

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises ThresholdError."""
        try:
            values = json.loads(text or "{}")
        except json.JSONDecodeError as error:
            raise ThresholdError(f"thresholds are no JSON: {error}") from error
        return cls.of(values)


def known_thresholds() -> dict[str, Bounds]:
    """The bounds of every threshold by its full name, in the order of the sections."""
    return {
        f"{section.name}.{each.name}": each.metadata["bounds"]
        for section in fields(Thresholds)
        for each in fields(getattr(Thresholds(), section.name))
    }


def _flat(thresholds: Thresholds) -> Iterator[tuple[str, Number]]:
    for section, part in asdict(thresholds).items():
        yield from ((f"{section}.{name}", value) for name, value in part.items())


def _as_change(change: str) -> tuple[str, Any]:
    name, _, value = change.partition("=")
    try:
        return name.strip(), float(value) if "." in value else int(value)
    except ValueError as error:
        raise ThresholdError(f"{change!r} is no change; write scan.min_endpoints=20") from error


def _checked(name: str, value: Any, bounds: Bounds) -> Number:
    is_whole = isinstance(dict(_flat(Thresholds()))[name], int)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (is_whole and int(value) != value) or not bounds.low <= value <= bounds.high:
        kind = "a whole number" if is_whole else "a number"
        raise ThresholdError(f"{name} is {json.dumps(value)}; allowed: {kind} from {bounds.low} to {bounds.high}")
    return int(value) if is_whole else float(value)
