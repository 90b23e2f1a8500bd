"""An internet source tries SSH on every public address; only the bastion answers, and the source connects to it again.
MEDIUM: a host answered.
"""

from collections.abc import Iterator

from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection
from local.traffic.scenario import Alert, Scenario
from local.traffic.scenario_context import CUSTOMERS, ScenarioContext, outside

ATTACKER = outside(CUSTOMERS, 99)
SSH = 22
ROUND_SECONDS, ROUNDS = 240, 2


def sweep(context: ScenarioContext) -> Iterator[Connection]:
    hosts, started = context.network.public_hosts(), context.moment(0.55)
    for number in range(ROUNDS):
        for host in context.random.sample(hosts, len(hosts)):
            at = started + ROUND_SECONDS * (number + context.random.random())
            yield context.attempt(at, ATTACKER, host, SSH, tries=2)
    for _ in range(5):
        at = started + ROUND_SECONDS * (ROUNDS + context.random.uniform(0, 3))
        yield context.exchange(at, ATTACKER, context.network.host("bastion"), SSH, kilobytes=3)


HORIZONTAL_SWEEP = Scenario(
    name="horizontal_sweep",
    description="An outside source sweeps port 22 over all public hosts, of which the bastion answers",
    traffic={"shop": sweep},
    alerts={"shop": (Alert("host_sweep", ATTACKER.address, Severity.MEDIUM),)},
)
