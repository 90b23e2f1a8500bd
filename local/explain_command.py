"""flowsentry explain: whether packets get from one end to another and back, and which rule says so."""

import argparse
import json
from pathlib import Path

from flowsentry.emit.plain_text import plain
from flowsentry.explain.packet import ANY_PORTS, TCP
from flowsentry.inventory.firewall_rules import ALL
from flowsentry.records.code_names import PROTOCOLS
from local.knowledge import KnowledgeError, inventory_in
from local.packet_passage import MAX_LINE_LETTERS, Passage, packet_to
from local.parse_command import complain
from local.snapshot_endpoints import EndsInSnapshot, UnclearEndError

_NUMBERS = {name: number for number, name in PROTOCOLS.items()} | {"all": ALL}
_LAST_PROTOCOL = 255


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its arguments."""
    parser = commands.add_parser(
        "explain",
        help="which security group or network ACL rule lets packets through, or refuses them",
        description="Says of each security group and network ACL on the way from SRC to DST, and on the way of the "
        "reply, whether it lets the packets through and by which rule, as of a snapshot of the inventory. Routes are "
        "not looked at. Exit code 0 whether they get through or not, 1 when the snapshot can't be read, or an end is "
        "not in it, or may be several.",
    )
    parser.add_argument("source", metavar="SRC", help="who calls: an address, an interface id, an owner's id or name")
    parser.add_argument("destination", metavar="DST", help="who is called; one of the two may be on the internet")
    parser.add_argument("port", metavar="PORT", type=_port, help="the port that is called; ICMP's type, or 0 for any")
    parser.add_argument(
        "protocol", metavar="PROTO", nargs="?", type=_protocol, default=TCP, help="tcp (if none), udp, icmp, 47, all …"
    )
    parser.add_argument("--inventory", metavar="FILE", required=True, type=Path, help="a snapshot of the inventory")
    parser.add_argument("--vpc", metavar="ID", help="the VPC that is meant, where an end is in several")
    parser.add_argument(
        "--source-port", metavar="PORT", type=_port, help="the caller's port; if none, what is so of all it may be"
    )
    parser.add_argument("--json", action="store_true", help="the same as one line of JSON")
    parser.set_defaults(run=run)


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= ANY_PORTS.last):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to {ANY_PORTS.last}")
    return int(text)


def _protocol(text: str) -> int:
    number = _NUMBERS.get(text.lower())
    if number is None and text.removeprefix("-").isdecimal():
        number = int(text)
    if number is None or not ALL <= number <= _LAST_PROTOCOL:
        raise argparse.ArgumentTypeError(f"{text!r} is no protocol: tcp, udp, icmp, 0 to {_LAST_PROTOCOL}, or all")
    return number


def run(options: argparse.Namespace) -> int:
    """0 whether the packets get through or not; 1 when the snapshot can't be read or an end is not clear."""
    try:
        inventory = inventory_in(options.inventory)
        source, destination = EndsInSnapshot(inventory, options.vpc).pair(options.source, options.destination)
    except KnowledgeError as error:
        return complain(error)
    except UnclearEndError as error:
        return complain(plain(error, MAX_LINE_LETTERS))
    packet = packet_to(source, destination, options.protocol, options.port, options.source_port)
    passage = Passage.of(packet, inventory.rules)
    print(json.dumps(passage.as_json()) if options.json else "\n".join(passage.lines()))
    return 0
