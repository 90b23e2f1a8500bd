"""Thresholds: the limits above which traffic becomes a finding. Settings, `replay --set` and docs use this table."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, NamedTuple, Self

Number = int | float


class ThresholdError(Exception):
    """An unknown threshold, or a value out of range; the message names the threshold and the allowed values."""


class Bounds(NamedTuple):
    """The allowed range of a threshold, and what happens when it is higher and when it is lower."""

    low: Number
    high: Number
    meaning: str


def _threshold(value: Number, low: Number, high: Number, meaning: str) -> Any:
    return field(default=value, metadata={"bounds": Bounds(low, high, meaning)})


@dataclass(frozen=True, slots=True)
class ScanThresholds:
    """When a source with failed contacts is a scanner: see detect/scans/criteria.py."""

    min_endpoints: int = _threshold(
        10,
        5,
        60,
        "Distinct failed endpoints that make a source a scanner. Lower: slow scanners are found a little earlier, and "
        "a host with several wrong addresses in its configuration is taken for a scanner. Higher: slow scanners are "
        "missed: of 21 in a day, those with 12 to 13 probes.",
    )
    min_surplus: int = _threshold(
        4,
        1,
        60,
        "Number of failed endpoints minus number of answered endpoints. Of first contacts of benign sources about 0.8 "
        "succeed, of scanners 0.2, so each failure multiplies the odds of a scanner by 4 and each success divides them "
        "by 4: a surplus of 4 means odds of 256, the first whole step above 99 (threshold random walk: Jung et al. "
        '2004, "Fast Portscan Detection Using Sequential Hypothesis Testing"). Higher: scanners with mixed traffic are '
        "found later. Lower: more false alarms.",
    )
    min_failed_per_answered: float = _threshold(
        1.5,
        1,
        20,
        "Failed endpoints for each answered endpoint. Excludes busy hosts, whose surplus grows with their traffic. "
        "Higher: a scan from a host with normal traffic is missed. Lower: a host with many dead targets is taken for a "
        "scanner. With up to 20 % dead endpoints, false alarms stay below 1 %.",
    )
    min_endpoints_on_one_port: int = _threshold(
        20,
        10,
        60,
        "Distinct failed endpoints on one port that make an internal host a scanner, however many endpoints answered "
        "on other ports. Higher: a sweep by a busy host is missed. Lower: a busy client of a service that was removed "
        "from a dozen hosts is taken for a scanner.",
    )
    min_certain_failures: int = _threshold(
        3,
        1,
        60,
        "Certain failures from which doubtful failures of the same source count too. Higher: scanners with both kinds "
        "are found later. Lower: one dead endpoint is enough for backscatter from the same source to count.",
    )
    min_doubtful_source_ports: int = _threshold(
        3,
        2,
        8,
        "Source ports from which doubtful failures, which could also be late replies, count (replies come from one "
        "port); they also count from min_certain_failures on. Higher: without tcp-flags, scanners with a fixed source "
        "port are missed. Lower: backscatter from one service is taken for a scan.",
    )


@dataclass(frozen=True, slots=True)
class BlockedThresholds:
    """When rejected packets of internal hosts are reported: see detect/blocked."""

    min_packets: int = _threshold(
        3,
        1,
        1000,
        "Rejected packets in a batch. Real clients retry (Linux sends six to eleven SYNs in a minute or two, Windows "
        "three to five); probes do not. Higher: a client with a short timeout is not reported. Lower: probes and stray "
        "packets are reported.",
    )
    max_endpoints_per_source: int = _threshold(
        5,
        1,
        1000,
        "Blocked endpoints of one source that are reported one by one. A source with more in one batch is probing: it "
        "is left to scan detection. Higher: a sweep is reported endpoint by endpoint before it is reported as a scan. "
        "Lower: if a host loses several paths at once, none is reported.",
    )


@dataclass(frozen=True, slots=True)
class LoginThresholds:
    """When connections to login ports are sessions or login attempts: see detect/logins."""

    min_session_packets: int = _threshold(
        52,
        10,
        100_000,
        "Packets of the client in one record from which a connection is a session. Login attempts take 11 to 51 "
        'packets (Hofstede et al. 2014, "SSH Compromise Detection using NetFlow/IPFIX"). Higher: short commands over '
        "SSH are missed. Lower: failed logins are reported as sessions.",
    )
    min_attempt_packets: int = _threshold(
        8,
        4,
        1000,
        "Packets of the client in one record from which a connection is a login attempt. Health checks and banner "
        "grabbers need fewer (handshake, one answer, close: 3 to 7). Higher: tools that disconnect early are missed. "
        "Lower: health checks are taken for login attempts.",
    )
    min_attempts: int = _threshold(
        20,
        5,
        60,
        "Login attempts of one source in a UTC day that did not become sessions. Higher: slow password guessing is "
        "missed. Lower: a person who mistypes a password, and a script that runs short commands, are reported.",
    )
    max_external_clients: int = _threshold(
        10,
        1,
        60,
        "External clients (addresses outside the trusted networks; an IPv6 /64 counts as one) with a session on one "
        "login service in a UTC day that are reported one by one. With more, the service is reported once, on that day "
        "and for the three days after it. Higher: a public Git or SFTP server causes this many urgent messages before "
        "it is reported once. Lower: of a few intruders on one machine, only their number and the newest are "
        "reported.",
    )


@dataclass(frozen=True, slots=True)
class ServiceThresholds:
    """When a service that stopped answering its clients is reported: see detect/scans/service_down.py."""

    min_clients: int = _threshold(
        1,
        1,
        1000,
        "Clients in one batch that a service no longer answers. Higher: outages of services with few clients are "
        "missed, and all outages if each delivery shows one client, as from CloudWatch Logs. Lower than 1 is not "
        "possible.",
    )
    min_packets: int = _threshold(
        3,
        1,
        1000,
        "Packets of its clients in one batch that a service did not answer. Higher: clients with short timeouts do not "
        "count. Lower: one lost packet is reported as an outage.",
    )


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All thresholds that a user can change, by section."""

    scan: ScanThresholds = field(default_factory=ScanThresholds)
    blocked: BlockedThresholds = field(default_factory=BlockedThresholds)
    login: LoginThresholds = field(default_factory=LoginThresholds)
    service: ServiceThresholds = field(default_factory=ServiceThresholds)

    @classmethod
    def of(cls, values: Any) -> Self:
        """The defaults, changed by these values: `{"scan": {"min_endpoints": 20}}`. Raises ThresholdError."""
        if not isinstance(values, Mapping) or not all(isinstance(part, Mapping) for part in values.values()):
            raise ThresholdError(f'thresholds are {json.dumps(values)}; allowed: sections such as {{"scan": {{…}}}}')
        named = [(f"{section}.{name}", value) for section, part in values.items() for name, value in part.items()]
        return cls().with_values(named)

    def changed(self, changes: Iterable[str]) -> Self:
        """A copy with changes such as `scan.min_endpoints=20`. Raises ThresholdError."""
        return self.with_values(_as_change(change) for change in changes)

    def with_values(self, named: Iterable[tuple[str, Any]]) -> Self:
        """A copy with these values, by full name. Raises ThresholdError."""
        changed = self
        for name, value in named:
            section, _, own_name = name.partition(".")
            bounds = known_thresholds().get(name)
            if bounds is None:
                raise ThresholdError(f"unknown threshold {name}; known are {', '.join(known_thresholds())}")
            part = replace(getattr(changed, section), **{own_name: _checked(name, value, bounds)})
            changed = replace(changed, **{section: part})
        return changed

    def differences(self) -> dict[str, Number]:
        """The values that differ from the defaults, by full name: `{"scan.min_endpoints": 20}`."""
        return {name: value for name, value in _flat(self) if value != dict(_flat(type(self)()))[name]}

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises ThresholdError."""
        try:
            values = json.loads(text or "{}")
        except json.JSONDecodeError as error:
            raise ThresholdError(f"thresholds are not valid JSON: {error}") from error
        return cls.of(values)


def known_thresholds() -> dict[str, Bounds]:
    """The bounds of every threshold by full name, in the order of the sections."""
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
        number = float(value)
        return name.strip(), int(value) if value.strip().lstrip("+-").isdecimal() else number
    except ValueError as error:
        raise ThresholdError(f"{change!r} is not a threshold change; write it like scan.min_endpoints=20") from error


def _checked(name: str, value: Any, bounds: Bounds) -> Number:
    is_whole = isinstance(dict(_flat(Thresholds()))[name], int)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not bounds.low <= value <= bounds.high or (is_whole and int(value) != value):
        kind = "a whole number" if is_whole else "a number"
        raise ThresholdError(f"{name} is {json.dumps(value)}; allowed: {kind} from {bounds.low} to {bounds.high}")
    return int(value) if is_whole else float(value)
