"""Some traffic, and the many ways in which AWS may cut it into deliveries."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from tests.builders import NOON, V5, blocked, exchange, flow_log, probe, reset

FILE_SECONDS, MINUTE, TEN_SECONDS = 300, 60, 10
LASTS_SECONDS = 600
SWEPT_HOSTS, BUSY_HOSTS = 60, 5
SWEEPER, GUESSER, INTRUDER = "10.0.0.200", "203.0.113.9", "203.0.113.10"
SLOW_SCANNERS = tuple(f"203.0.113.{number}" for number in range(20, 26))
HEARD_SCANNER = "203.0.113.30"


@dataclass(frozen=True)
class Traffic:
    """Lines of one format, in order of time."""

    names: tuple[str, ...]
    lines: Sequence[str]

    def value(self, name: str, line: str) -> str:
        return line.split(" ")[self.names.index(name)]

    def cut(self, place: Callable[[str], object]) -> list[bytes]:
        """An object for each place that a line may go to, in order of the first line that goes there."""
        parts: dict[object, list[str]] = defaultdict(list)
        for line in self.lines:
            parts[place(line)].append(line)
        return [flow_log(part, self.names) for part in parts.values()]

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


def interface_minutes(traffic: Traffic) -> Deliveries:
    return traffic.cut(traffic.interface_and_minute)


def ten_seconds(traffic: Traffic) -> Deliveries:
    return traffic.cut(partial(traffic.every, TEN_SECONDS))


def shuffled(traffic: Traffic) -> Deliveries:
    files = five_minutes(traffic)
    Random(5).shuffle(files)  # noqa: S311 - seeded
    return files


def duplicated(traffic: Traffic) -> Deliveries:
    """Five-minute files in any order, and each of them a second time, in another one."""
    return [*shuffled(traffic), *five_minutes(traffic)]


def made_traffic(names: tuple[str, ...] = V5) -> Traffic:
    """Ten minutes from noon on: an inside sweep, slow scanners, one who is heard, two who guess passwords (one gets
    in), and hosts that work, with some dead endpoints.
    """
    draw = Random(11)  # noqa: S311 - seeded
    plays = (_sweep, _slow_scans, _heard_scan, _guessing, _work)
    lines = [line for play in plays for line in play(names, draw)]
    end = names.index("end")
    return Traffic(names, sorted(lines, key=lambda line: int(line.split(" ")[end])))


def _at(second: float, host: str, lasts: int = 5) -> dict[str, object]:
    """When, and at the interface of which host."""
    start = NOON + int(second)
    return {"start": start, "end": start + lasts, "interface_id": f"eni-{host.replace('.', '-')}"}


def _sweep(names: tuple[str, ...], draw: Random) -> Iterator[str]:
    """Many hosts are asked for SSH; nine in ten refuse, the others do not answer."""
    for number in range(SWEPT_HOSTS):
        host, second = f"10.0.1.{number + 1}", 200 + 5 * number
        for interface in (SWEEPER, host):
            yield probe(SWEEPER, host, 22, names, **_at(second, interface))
            if draw.random() < 0.9:
                yield reset(host, SWEEPER, 22, names, **_at(second, interface))


def _slow_scans(names: tuple[str, ...], draw: Random) -> Iterator[str]:
    for scanner in SLOW_SCANNERS:
        for port in draw.sample(range(1, 10_000), 14):
            host = f"10.0.1.{draw.randint(1, 10)}"
            told = _at(draw.uniform(0, LASTS_SECONDS), host) | {"srcport": draw.randint(51_000, 60_000)}
            yield blocked(scanner, host, port, names, **told)


def _heard_scan(names: tuple[str, ...], draw: Random) -> Iterator[str]:
    """It finds one open port, late."""
    for number in range(30):
        told = _at(10 * number, "10.0.1.7") | {"srcport": 40_000 + number}
        yield blocked(HEARD_SCANNER, "10.0.1.7", 1_000 + number, names, **told)
    yield from exchange(
        HEARD_SCANNER, "10.0.1.7", 443, names, **_at(400, "10.0.1.7"), srcport=draw.randint(51_000, 60_000)
    )


def _guessing(names: tuple[str, ...], draw: Random) -> Iterator[str]:
    for guesser in (GUESSER, INTRUDER):
        for number in range(30):
            told = _at(draw.uniform(0, LASTS_SECONDS), "10.0.1.8") | {"srcport": 40_000 + number}
            yield from exchange(guesser, "10.0.1.8", 22, names, **told, packets=15, bytes=2_400)
    told = _at(LASTS_SECONDS - 100, "10.0.1.8", 50) | {"srcport": 51_111}
    yield from exchange(INTRUDER, "10.0.1.8", 22, names, **told, packets=400, bytes=64_000)


def _work(names: tuple[str, ...], draw: Random) -> Iterator[str]:
    """Clients of forty servers, of which four are dead."""
    for client in (f"10.0.2.{number + 1}" for number in range(BUSY_HOSTS)):
        for second in range(0, LASTS_SECONDS, 5):
            number = draw.randrange(40)
            told = _at(second + draw.uniform(0, 5), client) | {"srcport": draw.randint(51_000, 60_000)}
            if number < 4:
                yield probe(client, f"10.0.3.{number}", 5_432, names, flow_direction="egress", **told)
            else:
                yield from exchange(client, f"10.0.3.{number}", 5_432, names, **told)


def traffic_of(objects: Iterable[bytes]) -> Traffic:
    """The records of some objects as S3 has them, not compressed."""
    texts = [each.decode().splitlines() for each in objects]
    names = tuple(texts[0][0].split(" "))
    return Traffic(names, [line for text in texts for line in text[1:]])
