"""Synthetic flow logs for benchmarks: records of a company with ten thousand interfaces, reproducible by seed.

Connections are logged as by AWS: one record per direction and interface. 55 % of the connections are internal, 35 % are
between the company and the internet, 6 % are later intervals of long connections, and 4 % are probes of closed ports
from the internet.
"""

import gzip
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flowsentry.inventory.firewall_rules import GroupRule, Rules, SecurityGroup
from flowsentry.inventory.inventory import Interface, Inventory
from flowsentry.records.fields import DEFAULT_NAMES, FIELDS

VPC = "vpc-0123456789abcdef0"
INTERFACES = 10_000
OUTSIDE = 20_000
SERVICES = (443,) * 50 + (5432,) * 12 + (6379,) * 8 + (80,) * 10 + (3306, 9092, 9092, 53, 22, 8080, 11211, 27017)
V5_NAMES = tuple(entry.name for entry in FIELDS if entry.version <= 5)  # noqa: PLR2004 - version 5
NOON = 1_767_268_800


@dataclass
class Company:
    """`size` interfaces with their addresses, and `outside_size` external peers."""

    rng: random.Random
    size: int = INTERFACES
    outside_size: int = OUTSIDE
    interfaces: list[str] = field(init=False)
    addresses: list[str] = field(init=False)
    outside: list[str] = field(init=False)

    def __post_init__(self) -> None:
        draw = self.rng
        self.interfaces = [f"eni-{draw.getrandbits(68):017x}" for _ in range(self.size)]
        self.addresses = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in draw.sample(range(1 << 20), self.size)]
        self.outside = [
            f"{draw.randrange(11, 223)}.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(1, 255)}"
            for _ in range(self.outside_size)
        ]

    def inventory(self) -> Inventory:
        """The inventory of the interfaces, as the discovery would find them."""
        rows = (
            Interface(
                interface,
                VPC,
                f"subnet-{n % 16:017x}",
                "euw1-az1",
                (address,),
                (),
                "instance",
                f"i-{interface[4:]}",
                f"host-{n}",
            )
            for n, (interface, address) in enumerate(zip(self.interfaces, self.addresses, strict=True))
        )
        return Inventory.of(rows, {VPC: ("10.0.0.0/12",)}, _rules(self.size // 10))

    def busy(self) -> int:
        """The index of a random interface; some are far busier than others."""
        return int(self.rng.paretovariate(0.8) * 7) % self.size

    def scanner(self) -> int:
        """The index of an external address that probes closed ports: of an eighth of all, most probe once or twice, a
        few often. Also of one that offers a service.
        """
        return int(self.rng.paretovariate(0.7) * 3) % (self.outside_size // 8)


def _rules(groups: int) -> Rules:
    """`groups` security groups with three rules each, none of them attached to an interface."""
    cidrs = ("10.0.0.0/8", "192.0.2.0/24", "0.0.0.0/0")
    made = (
        SecurityGroup(
            f"sg-{number:017x}",
            f"group-{number}",
            VPC,
            tuple(GroupRule(f"sg-{number:017x}", False, 6, 443 + n, 443 + n, cidr) for n, cidr in enumerate(cidrs)),  # noqa: FBT003 - inbound
        )
        for number in range(groups)
    )
    return Rules(NOON, tuple(made))


def lines(company: Company, names: tuple[str, ...]) -> Iterator[str]:
    """An endless sequence of records as lines."""
    draw = company.rng
    while True:
        kind = draw.random()
        if kind < 0.55:  # noqa: PLR2004 - the mix is in the module's first lines
            yield from _inside(company, names)
        elif kind < 0.90:  # noqa: PLR2004
            yield from _outside(company, names)
        elif kind < 0.96:  # noqa: PLR2004
            yield from _later(company, names)
        else:
            yield _probe(company, names)


def _inside(company: Company, names: tuple[str, ...]) -> Iterator[str]:
    client, server = company.rng.randrange(company.size), company.busy()
    here, there = company.addresses[client], company.addresses[server]
    call = _Call(company.rng, here, there)
    yield call.line(names, company.interfaces[client], "egress")
    yield call.line(names, company.interfaces[client], "ingress", back=True)
    yield call.line(names, company.interfaces[server], "ingress")
    yield call.line(names, company.interfaces[server], "egress", back=True)


def _outside(company: Company, names: tuple[str, ...]) -> Iterator[str]:
    inside, peer = company.busy(), company.rng.choice(company.outside)
    calls_out = company.rng.random() < 0.5  # noqa: PLR2004 - half and half
    address, interface = company.addresses[inside], company.interfaces[inside]
    call = _Call(company.rng, address, peer) if calls_out else _Call(company.rng, peer, address)
    yield call.line(names, interface, "egress" if calls_out else "ingress")
    yield call.line(names, interface, "ingress" if calls_out else "egress", back=True)


def _later(company: Company, names: tuple[str, ...]) -> Iterator[str]:
    inside = company.busy()
    call = _Call(company.rng, company.addresses[inside], company.rng.choice(company.outside), is_later=True)
    yield call.line(names, company.interfaces[inside], "egress")
    yield call.line(names, company.interfaces[inside], "ingress", back=True)


def _probe(company: Company, names: tuple[str, ...]) -> str:
    inside = company.rng.randrange(company.size)
    call = _Call(company.rng, company.outside[company.scanner()], company.addresses[inside], is_probe=True)
    return call.line(names, company.interfaces[inside], "ingress")


def lines_of(company: Company, names: tuple[str, ...], inside: int) -> Iterator[str]:
    """An endless sequence of the records that one interface logs, in the same mix; of the outside services, it mostly
    uses the same few.
    """
    draw, ours, interface = company.rng, company.addresses[inside], company.interfaces[inside]
    while True:
        kind, calls_out = draw.random(), draw.random() < 0.5  # noqa: PLR2004 - half and half
        peer = company.outside[company.scanner()] if calls_out else draw.choice(company.outside)
        if kind >= 0.96:  # noqa: PLR2004 - the mix is in the module's first lines
            scanner = company.outside[company.scanner()]
            yield _Call(draw, scanner, ours, is_probe=True).line(names, interface, "ingress")
            continue
        if kind < 0.55:  # noqa: PLR2004
            peer = company.addresses[company.busy()]
        is_later = kind >= 0.90  # noqa: PLR2004
        call = _Call(draw, ours, peer, is_later=is_later) if calls_out else _Call(draw, peer, ours, is_later=is_later)
        yield call.line(names, interface, "egress" if calls_out else "ingress")
        yield call.line(names, interface, "ingress" if calls_out else "egress", back=True)


class _Call:
    """One connection in one aggregation interval."""

    def __init__(
        self, draw: random.Random, client: str, server: str, *, is_later: bool = False, is_probe: bool = False
    ) -> None:
        self._client, self._server = client, server
        self._client_port = draw.randrange(32_768, 61_000)
        self._server_port = draw.randrange(1, 65_536) if is_probe else draw.choice(SERVICES)
        self._start = NOON + draw.randrange(240)
        self._end = self._start + draw.randrange(1, 60)
        self._action = "REJECT" if is_probe else "ACCEPT"
        self._packets = (1, 1) if is_probe else (draw.randrange(6, 40), draw.randrange(5, 60))
        self._sizes = (44, 44) if is_probe else (draw.randrange(70, 400), draw.randrange(90, 1_400))
        self._flags = (0, 0) if is_later else (2, 18) if is_probe else (3, 19)

    def line(self, names: tuple[str, ...], interface: str, direction: str, *, back: bool = False) -> str:
        ends = [(self._client, self._client_port), (self._server, self._server_port)]
        (source, source_port), (destination, destination_port) = reversed(ends) if back else ends
        packets = self._packets[back]
        text = (
            f"2 123456789012 {interface} {source} {destination} {source_port} {destination_port} 6 {packets} "
            f"{packets * self._sizes[back]} {self._start} {self._end} {self._action} OK"
        )
        if names == DEFAULT_NAMES:
            return text
        return (
            f"5{text[1:]} {VPC} subnet-{int(interface[-1], 16):017x} "
            f"i-{interface[4:]} {self._flags[back]} IPv4 {source} {destination} eu-west-1 euw1-az1 - - - - "
            f"{direction} {'1' if direction == 'egress' else '-'}"
        )


def damaged(line: str, number: int) -> str:
    """The line damaged by one of four methods, in turn."""
    values = line.split(" ")
    match number % 4:
        case 0:
            values[6] = "70000"
        case 1:
            values = values[:9]
        case 2:
            values.append("more")
        case _:
            values[12] = "MAYBE"
    return " ".join(values)


def write_object(
    path: Path,
    names: tuple[str, ...],
    *,
    records: int | None = None,
    gz_bytes: int | None = None,
    damaged_every: int | None = None,
    interfaces: int = INTERFACES,
) -> None:
    """Writes a .log.gz file with `records` records or about `gz_bytes` bytes; damages every `damaged_every`-th line."""
    made = lines(Company(random.Random(7), interfaces), names)
    with path.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed:
        packed.write((" ".join(names) + "\n").encode())
        count = 0
        while count < (records or 1 << 62) and file.tell() < (gz_bytes or 1 << 62):
            part = min(50_000, (records or 1 << 62) - count)
            packed.write("".join(f"{_maybe_damaged(next(made), n, damaged_every)}\n" for n in range(part)).encode())
            count += part


def _maybe_damaged(line: str, number: int, every: int | None) -> str:
    return damaged(line, number // every) if every and number % every == 0 else line
