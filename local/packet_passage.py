"""Passage: the verdict of every security group and network ACL on a packet and its reply, as text and JSON."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

from flowsentry.emit.plain_text import moment, plain
from flowsentry.explain.descriptions import describe_end, describe_traffic
from flowsentry.explain.packet import ANY_PORTS, EPHEMERAL_PORTS, WITH_PORTS, WITH_TYPES, Packet, Ports
from flowsentry.explain.packet_path import forward_path, return_path
from flowsentry.findings.explanation import Judgement, Layer, Verdict
from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.records.code_names import ICMP, ICMPV6

MAX_LINE_LETTERS = 500
"""Length of a line with names from tags. Higher: long names hide the facts. Lower: lists of groups are cut."""
_WORDS = {
    (Layer.SECURITY_GROUP, True): "out of the interface",
    (Layer.NETWORK_ACL, True): "out of the subnet",
    (Layer.NETWORK_ACL, False): "into the subnet",
    (Layer.SECURITY_GROUP, False): "into the interface",
}
_STARTS = {
    Verdict.ALLOWED: ("allowed", "so is its reply"),
    Verdict.DENIED: ("denied", "its reply is denied"),
    Verdict.UNDETERMINED: (
        "whether it is allowed cannot be determined",
        "whether its reply is allowed cannot be determined",
    ),
}
"""Verdict → start of the sentence about the packet, and about its reply."""
_ECHO_TYPES = {ICMP: 8, ICMPV6: 128}


@dataclass(frozen=True)
class Passage:
    """The judgement of each layer on a packet's `forward_path`, and on the `return_path` of its reply."""

    packet: Packet
    forward_path: tuple[Judgement, ...]
    return_path: tuple[Judgement, ...]
    rules_taken_at: int

    @classmethod
    def of(cls, packet: Packet, rules: Rules) -> Self:
        """The passage of a packet under these rules."""
        return cls(packet, forward_path(packet, rules), return_path(packet, rules), rules.taken_at)

    @property
    def verdict(self) -> Verdict:
        """DENIED when any layer denies, else UNDETERMINED when any is undetermined, else ALLOWED."""
        verdicts = {each.verdict for each in (*self.forward_path, *self.return_path)}
        return next((each for each in (Verdict.DENIED, Verdict.UNDETERMINED) if each in verdicts), Verdict.ALLOWED)

    def sentence(self) -> str:
        """The verdict with the denying rule and the change that would allow the packet, or what is unknown."""
        starts = _STARTS[self.verdict]
        if self.verdict is Verdict.ALLOWED:
            return " and ".join(starts if self.return_path else starts[:1])
        paths = zip(starts, (self.forward_path, self.return_path), strict=True)
        deciding = [(start, [each for each in path if each.verdict is self.verdict]) for start, path in paths]
        return "; ".join(f"{start}{_and_why(path)}" for start, path in deciding if path)

    def lines(self) -> Iterator[str]:
        """Text lines: the packet, each layer in order, and the verdict."""
        ends = f"{_end(self.packet.source)} to {_end(self.packet.destination)}"
        age = f", rules as of {moment(self.rules_taken_at)}" if self.rules_taken_at else ""
        yield plain(f"{describe_traffic(self.packet)} from {ends}{age}", MAX_LINE_LETTERS)
        for is_reply, each in self._steps():
            step = f"{'reply ' if is_reply else ''}{_WORDS[each.layer, each.is_egress]}"
            reason = f"{each.who}: {each.reason}" if each.resources else each.reason
            yield f"  {step:<23} {_in_words(each.verdict):<10}  {plain(reason, MAX_LINE_LETTERS)}"
        yield plain(self.sentence(), 2 * MAX_LINE_LETTERS)

    def as_json(self) -> dict[str, Any]:
        """The passage as a JSON object."""
        return {
            "source": _end_as_json(self.packet.source),
            "destination": _end_as_json(self.packet.destination),
            "protocol": self.packet.protocol,
            "traffic": describe_traffic(self.packet),
            "steps": [
                {"is_reply": is_reply, **asdict(each), "verdict": _in_words(each.verdict)}
                for is_reply, each in self._steps()
            ],
            "verdict": _in_words(self.verdict),
            "sentence": self.sentence(),
            "rules_taken_at": self.rules_taken_at,
        }

    def _steps(self) -> Iterator[tuple[bool, Judgement]]:
        yield from ((False, each) for each in self.forward_path)
        yield from ((True, each) for each in self.return_path)


def packet_to(source: End, destination: End, protocol: int, port: int, source_port: int | None = None) -> Packet:
    """The packet to explain. For ICMP the port is the type, 0 when unknown; between IPv6 addresses, ICMP means
    ICMPv6.
    """
    if protocol == ICMP and ":" in destination.address:
        protocol = ICMPV6
    icmp_type = port if protocol in WITH_TYPES and port else None
    return Packet(
        source=source,
        destination=destination,
        protocol=protocol,
        source_ports=EPHEMERAL_PORTS if source_port is None else Ports(source_port, source_port),
        destination_ports=Ports(port, port) if protocol in WITH_PORTS else ANY_PORTS,
        icmp_type=icmp_type,
        icmp_code=0 if icmp_type == _ECHO_TYPES.get(protocol, -1) else None,
    )


def _and_why(judgements: list[Judgement]) -> str:
    if judgements[0].verdict is Verdict.UNDETERMINED:
        return f": {'; '.join(each.reason for each in judgements)}"
    denying = ", and".join(f" by {each.who}: {each.reason}" for each in judgements)
    return f"{denying} ({'; and '.join(each.change for each in judgements)})"


def _in_words(verdict: Verdict) -> str:
    return "unknown" if verdict is Verdict.UNDETERMINED else str(verdict)


def _end(end: End) -> str:
    vpc_id = end.interface.vpc_id if end.interface else ""
    return f"{describe_end(end)}{' in ' + vpc_id if vpc_id else ''}"


def _end_as_json(end: End) -> dict[str, Any]:
    interface = end.interface
    return {
        "address": end.address,
        "interface_id": (interface.interface_id or None) if interface else None,
        "vpc_id": (interface.vpc_id or None) if interface else None,
        "subnet_id": (interface.subnet_id or None) if interface else None,
        "owner": interface.owner if interface else None,
    }
