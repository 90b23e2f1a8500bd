"""Generates the traffic of a company as flow log records, and the alerts that it must raise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from local.traffic.company.network import Company, Network
from local.traffic.connections import Connection
from local.traffic.expectation import ExpectedAlert
from local.traffic.records import Period, Record, records
from local.traffic.scenario import Scenario
from local.traffic.scenario_context import ScenarioContext
from local.traffic.scenarios import SCENARIOS

HOURS = 6
MIN_HOURS = 3
"""Higher: more records than needed. Lower: the slow scan has not yet tried ten ports."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """The records of each network (by name) in order of their end, and the alerts that they must raise. Other than
    background findings, they must raise no more.
    """

    records: Mapping[str, list[Record]]
    expected: tuple[ExpectedAlert, ...]


def generate(
    company: Company, ends_at: int, *, seed: int = 1, hours: float = HOURS, scenarios: Sequence[Scenario] = SCENARIOS
) -> Traffic:
    """Traffic of the hours before `ends_at` (Unix seconds). The same company, seed and times give the same records; a
    scenario's connections do not depend on the other scenarios. Raises ValueError for less than MIN_HOURS.
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
        yield from scenario.connections(ScenarioContext(network, period, _random(seed, network, scenario.name)))


def _records(network: Network, period: Period, seed: int, scenarios: Sequence[Scenario]) -> list[Record]:
    return records(connections(network, period, seed, scenarios), network, period, _random(seed, network, "records"))


def _random(seed: int, network: Network, name: str) -> Random:
    return Random(f"{seed}/{network.name}/{name}")
