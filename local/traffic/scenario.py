"""Scenario: a name, what happens in which network, and the alerts that must come of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from flowsentry.findings.finding import Severity
from local.traffic.company.network import Network
from local.traffic.connections import Connection
from local.traffic.expectation import ExpectedAlert, RefusedBy
from local.traffic.scene import Scene

Play = Callable[[Scene], Iterator[Connection]]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that a scenario calls for; `subject` is a host's name, or an address on the Internet. `refused_by` is
    the rule that the scenario has planted, where there is one.
    """

    kind: str
    subject: str
    severity: Severity
    refused_by: RefusedBy | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that happens. `plays` and `alerts` go by the name of the network; what has no alerts must be silent."""

    name: str
    what: str
    plays: Mapping[str, Play]
    alerts: Mapping[str, tuple[Alert, ...]] = field(default_factory=dict)

    def connections(self, scene: Scene) -> Iterator[Connection]:
        """What happens in the scene's network, in no particular order; nothing where this scenario does not play."""
        play = self.plays.get(scene.network.name)
        return play(scene) if play else iter(())

    def expected(self, network: Network) -> tuple[ExpectedAlert, ...]:
        """The alerts that must come from this network."""
        addresses = {host.name: host.address for host in network.hosts}
        return tuple(
            ExpectedAlert(
                kind=alert.kind,
                subject=addresses.get(alert.subject, alert.subject),
                severity=alert.severity,
                way_in=network.way_in,
                scenario=self.name,
                refused_by=alert.refused_by,
            )
            for alert in self.alerts.get(network.name, ())
        )
