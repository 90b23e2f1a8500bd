"""A day of the internet's background noise on a hundred interfaces; none of it may raise an urgent alert.

All sources are in a block reserved for benchmarks (198.18.0.0/15, RFC 2544). They probe closed ports only: a scanner
that gets an answer would raise an urgent alert.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from benchmarks.made_traffic import VPC
from flowsentry.records.fields import DEFAULT_NAMES

DAY_SECONDS, FILE_SECONDS = 86_400, 300
INTERFACES, WEB_SERVERS = 100, 20
PROBING_SOURCES, SLOW_SCANNERS, SWEEPERS, BACKSCATTERERS, GUESSERS = 3_000, 40, 5, 150, 10
CUSTOMERS, CONVERSATIONS = 3_000, 10_000
CLOSED = (21, 22, 23, 81, 445, 1433, 2323, 3306, 3389, 5060, 5555, 5900, 6379, 7547, 8080, 8443, 9200, 11211)
BASTION = "10.0.0.100"
NAMES = (*DEFAULT_NAMES, "vpc-id", "tcp-flags", "pkt-srcaddr", "pkt-dstaddr", "flow-direction")
SYN, SYN_FIN, SYN_ACK, SYN_ACK_FIN = 2, 3, 18, 19


@dataclass(frozen=True)
class Packets:
    """The content of one record: packets between two ends (address, port), logged by the interface of `host`."""

    source: tuple[str, int]
    target: tuple[str, int]
    packets: int
    size: int
    flags: int
    host: str
    is_refused: bool = False

    def record(self, end: int) -> str:
        (source, source_port), (target, target_port) = self.source, self.target
        direction = "egress" if source == self.host else "ingress"
        return (
            f"5 123456789012 eni-{self.host} {source} {target} {source_port} {target_port} 6 {self.packets} "
            f"{self.packets * self.size} {end - 1} {end} {'REJECT' if self.is_refused else 'ACCEPT'} OK "
            f"{VPC} {self.flags} {source} {target} {direction}"
        )


@dataclass(frozen=True)
class NoisyDay:
    """The records of a day that begins at `begins_at` (Unix seconds)."""

    begins_at: int
    draw: Random

    def files(self) -> Iterator[tuple[int, bytes]]:
        """(time of delivery, content) of each file, with the records that end in the same five minutes."""
        parts: dict[int, list[str]] = defaultdict(list)
        for second, record in self._records():
            parts[int(second) // FILE_SECONDS].append(record)
        for part in sorted(parts):
            text = "\n".join([" ".join(NAMES), *parts[part], ""])
            yield self.begins_at + (part + 1) * FILE_SECONDS, text.encode()

    def _records(self) -> Iterator[tuple[float, str]]:
        yield from self._probing_sources()
        yield from self._slow_scans()
        yield from self._sweeps()
        yield from self._backscatter()
        yield from self._guessing()
        yield from self._custom()

    def _probing_sources(self) -> Iterator[tuple[float, str]]:
        """Sources with one to three probes within a minute."""
        for number in range(PROBING_SOURCES):
            second = self._any_time()
            for _ in range(self.draw.randint(1, 3)):
                yield self._probe(f"198.18.{number // 250}.{number % 250}", second + self.draw.uniform(0, 60))

    def _slow_scans(self) -> Iterator[tuple[float, str]]:
        """Scans of many hosts and ports over the whole day."""
        for number in range(SLOW_SCANNERS):
            for _ in range(self.draw.randint(60, 300)):
                yield self._probe(f"198.19.0.{number}", self._any_time())

    def _sweeps(self) -> Iterator[tuple[float, str]]:
        """Scans of all hosts, five ports each, within an hour."""
        for number in range(SWEEPERS):
            begins = self._any_time() * 0.9
            for host in range(1, INTERFACES + 1):
                for port in self.draw.sample(CLOSED, 5):
                    yield self._probe(f"198.19.1.{number}", begins + self.draw.uniform(0, 3_600), _host(host), port)

    def _backscatter(self) -> Iterator[tuple[float, str]]:
        """Answers to packets that others sent with our source addresses."""
        for number in range(BACKSCATTERERS):
            for _ in range(self.draw.randint(1, 20)):
                host = self._any_host()
                ends = (f"198.19.2.{number}", 443), (host, self.draw.randint(1_024, 65_535))
                yield self._at(self._any_time(), Packets(*ends, 1, 44, SYN_ACK, host, is_refused=True))

    def _guessing(self) -> Iterator[tuple[float, str]]:
        for number in range(GUESSERS):
            begins = self._any_time() * 0.9
            for _ in range(self.draw.randint(40, 150)):
                yield from self._exchange(begins + self.draw.uniform(0, 7_200), f"198.19.3.{number}", (BASTION, 22))

    def _custom(self) -> Iterator[tuple[float, str]]:
        for _ in range(CONVERSATIONS):
            number, host = self.draw.randrange(CUSTOMERS), _host(self.draw.randint(1, WEB_SERVERS))
            yield from self._exchange(self._any_time(), f"198.19.{100 + number // 250}.{number % 250}", (host, 443))

    def _probe(self, source: str, second: float, host: str = "", port: int = 0) -> tuple[float, str]:
        target, closed = host or self._any_host(), port or self.draw.choice(CLOSED)
        ends = (source, self._port()), (target, closed)
        return self._at(second, Packets(*ends, 1, 44, SYN, target, is_refused=True))

    def _exchange(self, second: float, client: str, server: tuple[str, int]) -> Iterator[tuple[float, str]]:
        end = client, self._port()
        yield self._at(second, Packets(end, server, 15, 160, SYN_FIN, server[0]))
        yield self._at(second, Packets(server, end, 14, 400, SYN_ACK_FIN, server[0]))

    def _at(self, second: float, packets: Packets) -> tuple[float, str]:
        return second, packets.record(self.begins_at + int(second))

    def _any_time(self) -> float:
        return self.draw.uniform(60, DAY_SECONDS - 8_000)

    def _any_host(self) -> str:
        return _host(self.draw.randint(1, INTERFACES))

    def _port(self) -> int:
        return self.draw.randint(51_000, 60_000)


def _host(number: int) -> str:
    return f"10.0.0.{number}"
