"""Scenario: a name, its connections in each network, and the alerts that they must raise."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from flowsentry.findings.finding import Severity
from local.traffic.company.network import Network
from local.traffic.connections import Connection
from local.traffic.expectation import DeniedBy, ExpectedAlert
from local.traffic.scenario_context import ScenarioContext

ScenarioTraffic = Callable[[ScenarioContext], Iterator[Connection]]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that a scenario must raise; `subject` is a host's name or an internet address. `denied_by` is the rule
    that the alert must name, if any.
    """

    kind: str
    subject: str
    severity: Severity
    denied_by: DeniedBy | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Connections and the alerts they must raise, both by the network's name. Without alerts, none may be raised."""

    name: str
    description: str
    traffic: Mapping[str, ScenarioTraffic]
    alerts: Mapping[str, tuple[Alert, ...]] = field(default_factory=dict)

    def connections(self, context: ScenarioContext) -> Iterator[Connection]:
        """The connections in the context's network, unordered; none when the scenario is not in that network."""
        generate = self.traffic.get(context.network.name)
        return generate(context) if generate else iter(())

    def expected(self, network: Network) -> tuple[ExpectedAlert, ...]:
        """The alerts that must be raised for this network."""
        addresses = {host.name: host.address for host in network.hosts}
        return tuple(
            ExpectedAlert(
                kind=alert.kind,
                subject=addresses.get(alert.subject, alert.subject),
                severity=alert.severity,
                delivery_path=network.delivery_path,
                scenario=self.name,
                denied_by=alert.denied_by,
            )
            for alert in self.alerts.get(network.name, ())
        )
