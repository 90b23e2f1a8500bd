"""flowsentry explain: whether security groups and network ACLs allow a packet and its reply, and by which rule."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from flowsentry.emit.plain_text import plain
from flowsentry.inventory.firewall_rules import ALL
from flowsentry.records.code_names import PROTOCOL_NUMBERS, TCP
from local.knowledge import KnowledgeError, inventory_in
from local.packet_passage import MAX_LINE_LETTERS, Passage, packet_to
from local.snapshot_endpoints import EndsInSnapshot, UnclearEndError
from local.terminal.command import Command, Options
from local.terminal.complaints import complain
from local.terminal.folding import print_folded
from local.terminal.numbers import port_number

_NUMBERS = PROTOCOL_NUMBERS | {"all": ALL}
_LAST_PROTOCOL = 255


def _protocol(text: str) -> int:
    number = _NUMBERS.get(text.lower())
    if number is None and text.removeprefix("-").isdecimal():
        number = int(text)
    if number is None or not ALL <= number <= _LAST_PROTOCOL:
        raise typer.BadParameter(f"{text!r} is not a protocol; use tcp, udp, icmp, 0 to {_LAST_PROTOCOL}, or all")
    return number


@dataclass(frozen=True, kw_only=True)
class ExplainOptions(Options):
    """Of flowsentry explain."""

    source: Annotated[
        str, typer.Argument(metavar="SRC", help="client: an address, an interface id, or an owner's id or name")
    ]
    destination: Annotated[
        str, typer.Argument(metavar="DST", help="server, in the same forms; one of the two may be on the internet")
    ]
    port: Annotated[
        int, typer.Argument(parser=port_number, metavar="PORT", help="destination port; for ICMP the type, 0 for any")
    ]
    protocol: Annotated[
        int,
        typer.Argument(parser=_protocol, metavar="PROTO", help="tcp (default), udp, icmp, a number, or all"),
    ] = TCP
    inventory: Annotated[Path, typer.Option(metavar="FILE", help="inventory snapshot")]
    vpc: Annotated[str | None, typer.Option(metavar="ID", help="VPC of an endpoint that is in several VPCs")] = None
    source_port: Annotated[
        int | None,
        typer.Option(
            parser=port_number, metavar="PORT", help="source port; by default the verdict is for all ephemeral ports"
        ),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="print one line of JSON")] = False


def run(options: ExplainOptions) -> int:
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
    if options.json:
        print(json.dumps(passage.as_json()))
    else:
        print_folded(passage.lines())
    return 0


COMMAND = Command(
    options=ExplainOptions,
    run=run,
    description="Evaluates each security group and network ACL on the path from SRC to DST, and on the path of "
    "the reply, and prints the rule that allows or denies the packet, as of an inventory snapshot. Routes are "
    "not evaluated.",
    examples=(
        "flowsentry explain --inventory snapshot.zip web-3 orders 5432",
        "flowsentry explain --inventory snapshot.zip 203.0.113.9 i-0abc 53 udp --json",
    ),
    succeeds_when="there is a verdict: the packet is allowed, or denied",
    fails_when="the snapshot could not be read, or an endpoint is not in it or ambiguous",
    output="one object: the packet, the verdict, and each rule on the path and on the path of the reply",
)
