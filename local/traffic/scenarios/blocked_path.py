"""Programs that cannot reach a service of the company: a security group has no inbound rule (web server to database) or
no outbound rule (search server to cache), or a network ACL denies the packets (mail server to ledger). They retry, as
TCP and programs do. MEDIUM: the alert must name the rule.
"""

from collections.abc import Iterator

from flowsentry.findings.explanation import Layer
from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection
from local.traffic.expectation import DeniedBy
from local.traffic.scenario import Alert, Scenario, ScenarioTraffic
from local.traffic.scenario_context import ScenarioContext

POSTGRESQL, REDIS = 5432, 6379
SYNS = 6
RETRIES, SECONDS_BETWEEN_RETRIES = 12, 75

NO_RULE_IN = DeniedBy(Layer.SECURITY_GROUP, ("shop-orders", "no inbound rule allows tcp/5432 from", "web-3"))
NO_RULE_OUT = DeniedBy(Layer.SECURITY_GROUP, ("shop-search", "no outbound rule allows tcp/6379 to", "orders-cache"))
DENIED = DeniedBy(Layer.NETWORK_ACL, ("office-data-b", "rule 90 denies tcp/5432 from 10.20.0.0/23"))


def blocked(*paths: tuple[str, str, int]) -> ScenarioTraffic:
    """Traffic of clients that try a server's port for a quarter of an hour without success."""

    def play(context: ScenarioContext) -> Iterator[Connection]:
        for client, server, port in paths:
            ends = context.network.host(client), context.network.host(server)
            for number in range(RETRIES):
                at = context.moment(0.45) + number * SECONDS_BETWEEN_RETRIES + context.random.random()
                yield context.attempt(at, *ends, port, tries=SYNS)

    return play


BLOCKED_PATH = Scenario(
    name="blocked_path",
    description="Security groups block a web server from the database and the search server from the cache; "
    "a network ACL blocks the mail server from the ledger",
    traffic={
        "office": blocked(("mail", "ledger", POSTGRESQL)),
        "shop": blocked(("web-3", "orders", POSTGRESQL), ("search", "orders-cache", REDIS)),
    },
    alerts={
        "office": (Alert("blocked_internal", "mail", Severity.MEDIUM, DENIED),),
        "shop": (
            Alert("blocked_internal", "web-3", Severity.MEDIUM, NO_RULE_IN),
            Alert("blocked_internal", "search", Severity.MEDIUM, NO_RULE_OUT),
        ),
    },
)
