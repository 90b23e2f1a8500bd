"""flowsentry explain: whether security groups and network ACLs allow a packet and its reply, and by which rule."""

import argparse
import json
from pathlib import Path

from flowsentry.emit.plain_text import plain
from flowsentry.explain.packet import ANY_PORTS
from flowsentry.inventory.firewall_rules import ALL
from flowsentry.records.code_names import PROTOCOLS, TCP
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
        help="show the security group or network ACL rule that allows or denies a packet",
        description="Evaluates each security group and network ACL on the path from SRC to DST, and on the path of the "
        "reply, and prints the rule that allows or denies the packet, as of an inventory snapshot. Routes are not "
        "evaluated. Exit code 0 for both verdicts; 1 when the snapshot cannot be read, or when an endpoint is not in "
        "it or is ambiguous.",
    )
    parser.add_argument("source", metavar="SRC", help="client: an address, an interface id, or an owner's id or name")
    parser.add_argument(
        "destination", metavar="DST", help="server, in the same forms; one of the two may be on the internet"
    )
    parser.add_argument("port", metavar="PORT", type=_port, help="destination port; for ICMP the type, 0 for any")
    parser.add_argument(
        "protocol",
        metavar="PROTO",
        nargs="?",
        type=_protocol,
        default=TCP,
        help="tcp (default), udp, icmp, a number, or all",
    )
    parser.add_argument("--inventory", metavar="FILE", required=True, type=Path, help="inventory snapshot")
    parser.add_argument("--vpc", metavar="ID", help="VPC of an endpoint that is in several VPCs")
    parser.add_argument(
        "--source-port",
        metavar="PORT",
        type=_port,
        help="source port; by default the verdict is for all ephemeral ports",
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.set_defaults(run=run)


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= ANY_PORTS.last):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; use 0 to {ANY_PORTS.last}")
    return int(text)


def _protocol(text: str) -> int:
    number = _NUMBERS.get(text.lower())
    if number is None and text.removeprefix("-").isdecimal():
        number = int(text)
    if number is None or not ALL <= number <= _LAST_PROTOCOL:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a protocol; use tcp, udp, icmp, 0 to {_LAST_PROTOCOL}, or all"
        )
    return number


def run(options: argparse.Namespace) -> int:
    """Exit code: 0 for both verdicts, 1 when the snapshot cannot be read or an endpoint is unknown or ambiguous."""
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
