"""The search server sends logs to a collector on the internet with three addresses, but its security group allows only
HTTPS. LOW: the packets never leave the VPC.
"""

from collections.abc import Iterator

from flowsentry.findings.explanation import Layer
from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection
from local.traffic.expectation import DeniedBy
from local.traffic.scenario import Alert, Scenario
from local.traffic.scenario_context import SITES, ScenarioContext, outside

COLLECTORS = (241, 242, 243)
SYSLOG = 6514
SYNS, ROUNDS, SECONDS_BETWEEN_ROUNDS = 5, 8, 400
NO_RULE_OUT = DeniedBy(Layer.SECURITY_GROUP, ("shop-search", "no outbound rule allows tcp/6514 to 192.0.2."))


def logs(context: ScenarioContext) -> Iterator[Connection]:
    client = context.network.host("search")
    for number in range(ROUNDS):
        for index, collector in enumerate(COLLECTORS):
            at = context.moment(0.2) + number * SECONDS_BETWEEN_ROUNDS + 20 * index + context.random.random()
            yield context.attempt(at, client, outside(SITES, collector), SYSLOG, tries=SYNS)


NO_WAY_OUT = Scenario(
    name="no_way_out",
    description="A security group blocks the search server from a log collector on the internet",
    traffic={"shop": logs},
    alerts={"shop": (Alert("blocked_egress", "search", Severity.LOW, NO_RULE_OUT),)},
)
