"""The search server wants to send its logs to a collector on the Internet, which has three addresses; its security
group lets it out for HTTPS alone. Low: nothing got out, and somebody should know when there is time.
"""

from collections.abc import Iterator

from flowsentry.findings.explanation import Layer
from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection
from local.traffic.expectation import RefusedBy
from local.traffic.scenario import Alert, Scenario
from local.traffic.scene import SITES, Scene, outside

COLLECTORS = (241, 242, 243)
SYSLOG = 6514
SYNS, ROUNDS, SECONDS_BETWEEN_ROUNDS = 5, 8, 400
NO_RULE_OUT = RefusedBy(Layer.SECURITY_GROUP, ("shop-search", "no outbound rule allows tcp/6514 to 192.0.2."))


def logs(scene: Scene) -> Iterator[Connection]:
    client = scene.network.host("search")
    for number in range(ROUNDS):
        for place, collector in enumerate(COLLECTORS):
            at = scene.moment(0.2) + number * SECONDS_BETWEEN_ROUNDS + 20 * place + scene.random.random()
            yield scene.attempt(at, client, outside(SITES, collector), SYSLOG, tries=SYNS)


NO_WAY_OUT = Scenario(
    name="no_way_out",
    what="A security group keeps the search server from a collector of logs on the Internet",
    plays={"shop": logs},
    alerts={"shop": (Alert("blocked_egress", "search", Severity.LOW, NO_RULE_OUT),)},
)
