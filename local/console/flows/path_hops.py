"""The hops of a packet from one end to the other and back, each with the rule that decides there."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from flowsentry.emit.plain_text import plain
from flowsentry.findings.explanation import Judgement, Layer, Verdict
from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.inventory import Inventory, Route
from local.packet_passage import MAX_LINE_LETTERS, Passage

MAX_SENTENCE_LETTERS = 2_000
"""Of the sentence about the whole path, with the changes at six layers. More: sentences that nobody reads. Fewer: the
changes at later layers are cut.
"""

_WORDS = {
    (Layer.SECURITY_GROUP, True): "security groups, outbound",
    (Layer.NETWORK_ACL, True): "network ACL of the subnet, outbound",
    (Layer.NETWORK_ACL, False): "network ACL of the subnet, inbound",
    (Layer.SECURITY_GROUP, False): "security groups, inbound",
}


def path_hops(passage: Passage, inventory: Inventory) -> dict[str, Any]:
    """`hops` in the order of the packet's path and of its reply's: `title`, `verdict` (allowed, denied, unknown, not
    evaluated, or empty for what decides nothing), `reason`, `who` decides, `change` that would admit it, `is_reply`. Of
    those that deny, the first has `decides`. Names in the texts are on one line, without marks that turn its direction.
    """
    packet, back = passage.packet, passage.return_path
    ends = packet.source, packet.destination
    there = [
        _interface(ends[0], "source"),
        *_crossing(passage.forward_path, ends, inventory),
        _interface(ends[1], "destination"),
    ]
    reply = [{**hop, "is_reply": True} for hop in _crossing(back, ends[::-1], inventory)] if back else []
    hops = [*there, *reply]
    first = next((hop for hop in hops if hop["verdict"] == "denied"), None)
    whole = passage.as_json()
    return {
        **whole,
        "sentence": plain(whole["sentence"], MAX_SENTENCE_LETTERS),
        "hops": [{**hop, "decides": hop is first} for hop in hops],
        "change": _change(passage),
    }


def _crossing(
    judgements: tuple[Judgement, ...], ends: tuple[End, ...], inventory: Inventory
) -> Iterator[dict[str, Any]]:
    """The layers at the sender's end, the route, and the layers at the receiver's end."""
    yield from (_layer(each) for each in judgements if each.is_egress)
    yield _route(ends[0], ends[1], inventory)
    yield from (_layer(each) for each in judgements if not each.is_egress)


def _hop(title: str, reason: str, verdict: str = "", who: str = "", change: str = "") -> dict[str, Any]:
    texts = {"reason": reason, "who": who, "change": change}
    written = {name: plain(text, MAX_LINE_LETTERS) for name, text in texts.items()}
    return {"title": title, "verdict": verdict, **written, "is_reply": False}


def _layer(judgement: Judgement) -> dict[str, Any]:
    title = _WORDS[judgement.layer, judgement.is_egress]
    who = judgement.who if judgement.resources else ""
    return _hop(title, judgement.reason, _in_words(judgement.verdict), who, judgement.change)


def _in_words(verdict: Verdict) -> str:
    return "unknown" if verdict is Verdict.UNDETERMINED else str(verdict)


def _interface(end: End, word: str) -> dict[str, Any]:
    """The network interface at an end, or that there is none."""
    interface = end.interface
    if interface is None:
        return _hop(word, f"{end.address}, on the internet")
    where = ", ".join(each for each in (interface.interface_id, interface.subnet_id, interface.vpc_id) if each)
    return _hop(
        word,
        f"{end.address} in {where}" if where else end.address,
        who=f"{interface.owner_kind} {interface.owner_name}",
    )


def _route(sender: End, receiver: End, inventory: Inventory) -> dict[str, Any]:
    """What the inventory knows of the way between the ends. Routes are not evaluated: the verdict is empty."""
    vpc_ids = [end.interface.vpc_id if end.interface else "" for end in (sender, receiver)]
    if "" in vpc_ids:
        return _hop("route", "through an internet gateway or a NAT gateway; routes to the internet are not evaluated")
    subnets = [end.interface.subnet_id if end.interface else "" for end in (sender, receiver)]
    if vpc_ids[0] == vpc_ids[1]:
        return _hop("route", "within the subnet" if subnets[0] == subnets[1] else f"local, within {vpc_ids[0]}")
    found = _most_specific(receiver.address, vpc_ids[0], inventory)
    if found is None:
        return _hop("route", f"no known route of {vpc_ids[0]} leads to {receiver.address}", "unknown")
    by = f" by {found.through}" if found.through else ""
    return _hop("route", f"{found.cidr} leads to {found.vpc_id or 'a VPC that is not known'}{by}")


def _most_specific(address: str, vpc_id: str, inventory: Inventory) -> Route | None:
    """The route of any of the VPC's route tables that covers the address by the longest prefix."""
    at = ipaddress.ip_address(address)
    routes = ((ipaddress.ip_network(each.cidr), each) for table in inventory.routes.get(vpc_id, ()) for each in table)
    covering = [(network.prefixlen, route) for network, route in routes if at in network]
    return max(covering, key=lambda each: each[0])[1] if covering else None


def _change(passage: Passage) -> str:
    """The changes that would admit the packet and its reply, empty where nothing denies them or none is known."""
    denying = (each for each in (*passage.forward_path, *passage.return_path) if each.verdict is Verdict.DENIED)
    changes = "; and ".join(dict.fromkeys(each.change for each in denying if each.change))
    return plain(changes, MAX_SENTENCE_LETTERS)
