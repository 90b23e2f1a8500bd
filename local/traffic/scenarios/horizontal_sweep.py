"""A source on the Internet looks for SSH on every public address; only the bastion answers, and it comes back to it.
Medium: something answered.
"""

from collections.abc import Iterator

from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection
from local.traffic.scenario import Alert, Scenario
from local.traffic.scene import CUSTOMERS, Scene, outside

ATTACKER = outside(CUSTOMERS, 99)
SSH = 22
ROUND_SECONDS, ROUNDS = 240, 2


def sweep(scene: Scene) -> Iterator[Connection]:
    hosts, started = scene.network.public_hosts(), scene.moment(0.55)
    for number in range(ROUNDS):
        for host in scene.random.sample(hosts, len(hosts)):
            at = started + ROUND_SECONDS * (number + scene.random.random())
            yield scene.attempt(at, ATTACKER, host, SSH, tries=2)
    for _ in range(5):
        at = started + ROUND_SECONDS * (ROUNDS + scene.random.uniform(0, 3))
        yield scene.talk(at, ATTACKER, scene.network.host("bastion"), SSH, kilobytes=3)


HORIZONTAL_SWEEP = Scenario(
    name="horizontal_sweep",
    what="An outside source sweeps port 22 over all public hosts, of which the bastion answers",
    plays={"shop": sweep},
    alerts={"shop": (Alert("host_sweep", ATTACKER.address, Severity.MEDIUM),)},
)
