"""Company, seed and time -> its traffic as flow log records, and the alerts it must raise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from local.traffic.company.network import Company, Network
from local.traffic.connections import Connection
from local.traffic.expectation import ExpectedAlert
from local.traffic.records import Period, Record, records
from local.traffic.scenario import Scenario
from local.traffic.scenarios import SCENARIOS
from local.traffic.scene import Scene

HOURS = 6
MIN_HOURS = 3
"""Longer: more records. Shorter: the slow scan has not yet tried ten ports."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """The records of each network (by name) in order of their end, and the alerts that must come of them; no other
    may, but background findings.
    """

    records: Mapping[str, list[Record]]
    expected: tuple[ExpectedAlert, ...]


def generate(
    company: Company, ends_at: int, *, seed: int = 1, hours: float = HOURS, scenarios: Sequence[Scenario] = SCENARIOS
) -> Traffic:
    """Traffic of the hours before `ends_at` (Unix seconds). The same company, seed and times give the same records; a
    scenario's connections do not depend on which others are played. Raises ValueError for less than MIN_HOURS.
    """
    if hours < MIN_HOURS:
        raise ValueError(f"{hours} hours are too short for a slow scan; take {MIN_HOURS} or more")
    period = Period(ends_at - round(hours * 3600), ends_at)
    logged = {network.name: _records(network, period, seed, scenarios) for network in company.networks}
    expected = [alert for network in company.networks for each in scenarios for alert in each.expected(network)]
    return Traffic(logged, tuple(expected))


def connections(network: Network, period: Period, seed: int, scenarios: Sequence[Scenario]) -> Iterator[Connection]:
    """The connections of all scenarios in one network."""
    for scenario in scenarios:
        yield from scenario.connections(Scene(network, period, _chance(seed, network, scenario.name)))


def _records(network: Network, period: Period, seed: int, scenarios: Sequence[Scenario]) -> list[Record]:
    return records(connections(network, period, seed, scenarios), network, period, _chance(seed, network, "records"))


def _chance(seed: int, network: Network, name: str) -> Random:
    return Random(f"{seed}/{network.name}/{name}")
