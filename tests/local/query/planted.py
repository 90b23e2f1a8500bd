"""A small network, what happened in it one noon, and enriched Parquet files of that, in any log format."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from flowsentry.emit.enriched_object import EnrichedFile, EnrichedSink, enriched_key
from flowsentry.explain.flows import FlowExplainer
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.firewall_rules import AclEntry, GroupRule, NetworkAcl, Rules, SecurityGroup
from flowsentry.inventory.inventory import Inventory
from flowsentry.records.fields import DEFAULT_NAMES
from stacks.settings.logged.formats import log_format_of
from tests.builders import NOON, SYN, VPC, enriched, interface, line

EXTENDED = tuple(token[2:-1] for token in log_format_of("v5", of_gateway=False).split())
SHUFFLED = (
    *("log-status", "bytes", "dstport", "action", "interface-id", "end", "srcaddr", "packets", "version"),
    *("protocol", "pkt-dstaddr", "start", "dstaddr", "vpc-id", "account-id", "srcport", "pkt-srcaddr", "tcp-flags"),
)
FORMATS = {"default": DEFAULT_NAMES, "extended": EXTENDED, "shuffled": SHUFFLED}

WEB, DATABASE = "10.0.0.1", "10.0.0.2"
CLIENT, SCANNER = "203.0.113.9", "198.51.100.7"
DAY, NEXT_DAY = "2026-01-01", "2026-01-02"

_IN = GroupRule("sg-web", is_egress=False, protocol=6, first_port=443, last_port=443, cidr="0.0.0.0/0")
_SSH = GroupRule("sg-web", is_egress=False, protocol=6, first_port=22, last_port=22, cidr="203.0.113.0/24")
_OUT = GroupRule("sg-web", is_egress=True, protocol=6, first_port=443, last_port=5432, cidr="0.0.0.0/0")
_DATABASE = GroupRule("sg-db", is_egress=False, protocol=6, first_port=5432, last_port=5432, cidr="10.0.0.0/24")
_ALL = tuple(
    AclEntry(100, is_egress=is_egress, is_allowed=True, protocol=-1, cidr="0.0.0.0/0") for is_egress in (False, True)
)
RULES = Rules(
    1,
    (SecurityGroup("sg-web", "web", VPC, (_IN, _SSH, _OUT)), SecurityGroup("sg-db", "db", VPC, (_DATABASE,))),
    (NetworkAcl("acl-open", "open", VPC, subnet_ids=("subnet-1",), entries=_ALL),),
)
INVENTORY = Inventory.of(
    (
        replace(
            interface(WEB, name="web-1", security_groups=("sg-web",), public_addresses=("198.51.100.1",)),
            availability_zone="euw1-az1",
        ),
        replace(
            interface(DATABASE, name="db-1", kind="rds database", security_groups=("sg-db",)),
            availability_zone="euw1-az2",
        ),
    ),
    rules=RULES,
)


def traffic(names: Sequence[str]) -> list[str]:
    """Records of five minutes: those of flows inside are there twice, as both interfaces log them."""

    def flow(at: str, source: str, destination: str, port: int, packets: int, size: int, **values: object) -> str:
        """A record at the interface `web-1` or `db-1`."""
        own = {"web-1": WEB, "db-1": DATABASE}[at]
        direction = "egress" if source == own else "ingress"
        told = {"interface_id": f"eni-{at}", "srcport": 40000, "flow_direction": direction, "version": 5} | values
        return line(names, srcaddr=source, dstaddr=destination, dstport=port, packets=packets, bytes=size, **told)

    def rejected(at: str, source: str, destination: str, port: int, minute: int, **values: object) -> str:
        begun = {"start": NOON + 60 * minute, "end": NOON + 60 * minute + 30}
        told = {"action": "REJECT", "tcp_flags": SYN} | begun | values
        return flow(at, source, destination, port, 1, 60, **told)

    return [
        *(flow(at, WEB, DATABASE, 5432, 10, 1_000) for at in ("web-1", "db-1")),
        *(flow(at, DATABASE, WEB, 40000, 20, 50_000, srcport=5432) for at in ("web-1", "db-1")),
        flow("web-1", CLIENT, WEB, 443, 30, 300),
        flow("web-1", WEB, CLIENT, 40000, 12, 9_000, srcport=443),
        flow("web-1", CLIENT, WEB, 22, 40, 400),
        *(rejected("web-1", SCANNER, WEB, 22, minute) for minute in (0, 1, 2)),
        rejected("db-1", SCANNER, DATABASE, 3389, 3),
        rejected("db-1", SCANNER, DATABASE, 53, 3, protocol=17, tcp_flags=0),
        rejected("web-1", WEB, "203.0.113.50", 25, 4),
    ]


def write_enriched(folder: Path, lines: Iterable[str], names: Sequence[str], at: int = NOON) -> Path:
    """An enriched object of these records under its key in the folder."""
    path = folder / enriched_key(f"{names}{at}", at)
    path.parent.mkdir(parents=True, exist_ok=True)
    explained = FlowExplainer(AddressSpace.of(INVENTORY)).explained(enriched(lines, names, INVENTORY))
    with EnrichedSink(EnrichedFile(path)) as sink:
        sink.write(explained)
    return path
