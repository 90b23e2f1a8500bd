"""Traffic, and the different deliveries into which AWS may split it."""

import gzip
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from flowsentry.findings.finding import Finding
from flowsentry.findings.kinds import ScanRelation
from tests.builders import NOON, V5, blocked, exchange, flow_log, probe, reset
from tests.recorded import recorded

HOUR, FILE_SECONDS, MINUTE, TEN_SECONDS = 3_600, 300, 60, 10
LASTS_SECONDS = 600
LOUDNESS = [*ScanRelation]
SWEPT_HOSTS, BUSY_HOSTS = 60, 5
SWEEPER, GUESSER, INTRUDER = "10.0.0.200", "203.0.113.9", "203.0.113.10"
SLOW_SCANNERS = tuple(f"203.0.113.{number}" for number in range(20, 26))
HEARD_SCANNER = "203.0.113.30"


@dataclass(frozen=True)
class Traffic:
    """Lines of one log format, in order of time."""

    names: tuple[str, ...]
    lines: Sequence[str]

    def value(self, name: str, line: str) -> str:
        return line.split(" ")[self.names.index(name)]

    def cut(self, group_of: Callable[[str], object]) -> list[bytes]:
        """One object per group of lines, in the order of their first lines."""
        parts: dict[object, list[str]] = defaultdict(list)
        for line in self.lines:
            parts[group_of(line)].append(line)
        return [flow_log(part, self.names) for part in parts.values()]

    def first_hours(self, hours: int) -> "Traffic":
        """The records that end in the first hours."""
        until = int(self.value("end", self.lines[0])) + hours * HOUR
        return Traffic(self.names, [line for line in self.lines if int(self.value("end", line)) < until])

    def every(self, seconds: int, line: str) -> int:
        return int(self.value("end", line)) // seconds

    def interface_and_minute(self, line: str) -> tuple[str, int]:
        return self.value("interface-id", line), self.every(MINUTE, line)


Deliveries = list[bytes]
Cut = Callable[[Traffic], Deliveries]


def whole(traffic: Traffic) -> Deliveries:
    return [flow_log(traffic.lines, traffic.names)]


def five_minutes(traffic: Traffic) -> Deliveries:
    return traffic.cut(partial(traffic.every, FILE_SECONDS))


def hours(traffic: Traffic) -> Deliveries:
    return traffic.cut(partial(traffic.every, HOUR))


def interface_minutes(traffic: Traffic) -> Deliveries:
    return traffic.cut(traffic.interface_and_minute)


def ten_seconds(traffic: Traffic) -> Deliveries:
    return traffic.cut(partial(traffic.every, TEN_SECONDS))


def shuffled(traffic: Traffic) -> Deliveries:
    files = five_minutes(traffic)
    Random(5).shuffle(files)  # noqa: S311 - seeded
    return files


def shuffled_hours(traffic: Traffic) -> Deliveries:
    files = hours(traffic)
    Random(5).shuffle(files)  # noqa: S311 - seeded
    return files


def duplicated(traffic: Traffic) -> Deliveries:
    """Five-minute files in random order, and each of them again, in another random order."""
    return [*shuffled(traffic), *five_minutes(traffic)]


def made_traffic(names: tuple[str, ...] = V5, seconds: int = LASTS_SECONDS, starts_at: int = NOON) -> Traffic:
    """Traffic from `starts_at` on: an internal sweep, slow scanners, a scanner that gets an answer, two password
    guessers (one succeeds), and regular hosts with some unresponsive endpoints.
    """
    generator = _TrafficGenerator(names, seconds, starts_at, Random(11))  # noqa: S311 - seeded
    lines = [
        *generator.sweep(),
        *generator.slow_scans(),
        *generator.answered_scan(),
        *generator.guessing(),
        *generator.work(),
    ]
    end = names.index("end")
    return Traffic(names, sorted(lines, key=lambda line: int(line.split(" ")[end])))


@dataclass(frozen=True)
class _TrafficGenerator:
    """Generates the traffic as lines of one log format."""

    names: tuple[str, ...]
    seconds: int
    starts_at: int
    draw: Random

    def sweep(self) -> Iterator[str]:
        """SSH probes of many hosts; nine in ten reject them, the others do not answer."""
        for number in range(SWEPT_HOSTS):
            host, second = f"10.0.1.{number + 1}", 200 + 5 * number
            for interface in (SWEEPER, host):
                yield probe(SWEEPER, host, 22, self.names, **self._at(second, interface))
                if self.draw.random() < 0.9:
                    yield reset(host, SWEEPER, 22, self.names, **self._at(second, interface))

    def slow_scans(self) -> Iterator[str]:
        for scanner in SLOW_SCANNERS:
            for port in self.draw.sample(range(1, 10_000), 14):
                host = f"10.0.1.{self.draw.randint(1, 10)}"
                told = self._at(self.draw.uniform(0, self.seconds), host) | {"srcport": self._port()}
                yield blocked(scanner, host, port, self.names, **told)

    def answered_scan(self) -> Iterator[str]:
        """A scan with one open port among closed ones: answers to a source are recorded once it has failed."""
        for number in range(30):
            told = self._at(10 * number, "10.0.1.7") | {"srcport": 40_000 + number}
            yield blocked(HEARD_SCANNER, "10.0.1.7", 1_000 + number, self.names, **told)
        told = self._at(155, "10.0.1.7") | {"srcport": self._port()}
        yield from exchange(HEARD_SCANNER, "10.0.1.7", 443, self.names, **told)

    def guessing(self) -> Iterator[str]:
        for guesser in (GUESSER, INTRUDER):
            moments = [self.seconds - 95, *(self.draw.uniform(0, self.seconds) for _ in range(29))]
            for number, second in enumerate(moments):
                told = self._at(second, "10.0.1.8") | {"srcport": 40_000 + number}
                yield from exchange(guesser, "10.0.1.8", 22, self.names, **told, packets=15, bytes=2_400)
        told = self._at(self.seconds - 100, "10.0.1.8", 50) | {"srcport": 51_111}
        yield from exchange(INTRUDER, "10.0.1.8", 22, self.names, **told, packets=400, bytes=64_000)

    def work(self) -> Iterator[str]:
        """Clients of forty servers, of which four do not answer."""
        for client in (f"10.0.2.{number + 1}" for number in range(BUSY_HOSTS)):
            for second in range(0, self.seconds, 5):
                number, told = self.draw.randrange(40), self._at(second, client) | {"srcport": self._port()}
                if number < 4:
                    yield probe(client, f"10.0.3.{number}", 5_432, self.names, flow_direction="egress", **told)
                else:
                    yield from exchange(client, f"10.0.3.{number}", 5_432, self.names, **told)

    def _at(self, second: float, host: str, lasts: int = 5) -> dict[str, object]:
        """A time, and the host whose interface logs the record."""
        start = self.starts_at + int(second)
        return {"start": start, "end": start + lasts, "interface_id": f"eni-{host.replace('.', '-')}"}

    def _port(self) -> int:
        return self.draw.randint(51_000, 60_000)


def traffic_of(objects: Iterable[bytes]) -> Traffic:
    """The records of objects in the form of S3 objects, uncompressed."""
    texts = [each.decode().splitlines() for each in objects]
    names = tuple(texts[0][0].split(" "))
    return Traffic(names, [line for text in texts for line in text[1:]])


def capture(name: str) -> Traffic:
    """A capture, in order of time."""
    files = sorted(recorded(f"detection/traffic/{name}").glob("AWSLogs/**/*.log.gz"))
    return traffic_of(gzip.decompress(path.read_bytes()) for path in files)


def as_it_ends(findings: Collection[Finding]) -> set[str]:
    """The ids of the findings: of a scanner only the most severe, and none of floods, which depend on deliveries."""
    loudest: dict[tuple[str, str], int] = {}
    for each in findings:
        loudest[each.scope, each.subject] = max(loudness(each), loudest.get((each.scope, each.subject), -1))
    told = [each for each in findings if each.kind != "flood"]
    return {each.id for each in told if loudness(each) in (-1, loudest[each.scope, each.subject])}


def loudness(finding: Finding) -> int:
    """The rank of a scan's relation by severity, lowest first; -1 for other findings."""
    is_scan = finding.kind.endswith(("scan", "sweep"))
    return LOUDNESS.index(ScanRelation(finding.details["relation"])) if is_scan else -1
