"""The build server's packets reach the ledger, but the network ACL of the ledger's subnet denies the replies. The build
server waits and retries. MEDIUM: the connection cannot work, and neither end logs why.
"""

from collections.abc import Iterator

from flowsentry.findings.explanation import Layer
from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection
from local.traffic.expectation import DeniedBy
from local.traffic.scenario import Alert, Scenario
from local.traffic.scenario_context import ScenarioContext

POSTGRESQL = 5432
SYNS, RETRIES, SECONDS_BETWEEN_RETRIES = 5, 10, 90
DENIED = DeniedBy(Layer.NETWORK_ACL, ("office-data-b", "rule 91 denies tcp/1024-65535 to 10.20.10.14/32"))


def denied_replies(context: ScenarioContext) -> Iterator[Connection]:
    ends = context.network.host("build"), context.network.host("ledger")
    for number in range(RETRIES):
        at = context.moment(0.6) + number * SECONDS_BETWEEN_RETRIES + context.random.random()
        yield context.attempt(at, *ends, POSTGRESQL, tries=SYNS)


DENIED_REPLY = Scenario(
    name="denied_reply",
    description="A network ACL denies the ledger's replies to the build server",
    traffic={"office": denied_replies},
    alerts={"office": (Alert("denied_by_acl_reply", "build", Severity.MEDIUM, DENIED),)},
)
