"""Ports and protocols in requests."""

from flowsentry.inventory.firewall_rules import ALL
from flowsentry.records.code_names import PROTOCOL_NUMBERS
from local.console.query import Query, QueryError

LAST_PORT, LAST_PROTOCOL = 65_535, 255


def port_in(query: Query) -> int | None:
    """The number in `port`; None without it. Raises QueryError."""
    return query.number("port", 0, LAST_PORT) if query.text("port") else None


def protocol_in(query: Query) -> int | None:
    """The number of the protocol in `protocol`, by name or number; None without it. Raises QueryError."""
    text = query.text("protocol").strip().lower()
    return protocol_number(text) if text else None


def protocol_number(text: str) -> int:
    """The number of a protocol: `tcp`, `6`, or `all` (ALL). Raises QueryError."""
    if text == "all":
        return ALL
    if text in PROTOCOL_NUMBERS:
        return PROTOCOL_NUMBERS[text]
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(LAST_PROTOCOL))
    if not is_number or int(text) > LAST_PROTOCOL:
        raise QueryError(
            f"protocol must be a name such as tcp, udp or icmp, all, or a number from 0 to {LAST_PROTOCOL}"
        )
    return int(text)
