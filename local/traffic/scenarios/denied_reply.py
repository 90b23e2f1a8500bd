"""The build server asks the ledger, and is let in; the ledger's answers are denied by the network ACL of its subnet.
The build server waits and tries again. Medium: it can't work, and neither end says why.
"""

from collections.abc import Iterator

from flowsentry.findings.explanation import Layer
from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection
from local.traffic.expectation import RefusedBy
from local.traffic.scenario import Alert, Scenario
from local.traffic.scene import Scene

POSTGRESQL = 5432
SYNS, RETRIES, SECONDS_BETWEEN_RETRIES = 5, 10, 90
DENIED = RefusedBy(Layer.NETWORK_ACL, ("office-data-b", "rule 91 denies tcp/1024-65535 to 10.20.10.14/32"))


def asks(scene: Scene) -> Iterator[Connection]:
    ends = scene.network.host("build"), scene.network.host("ledger")
    for number in range(RETRIES):
        at = scene.moment(0.6) + number * SECONDS_BETWEEN_RETRIES + scene.random.random()
        yield scene.attempt(at, *ends, POSTGRESQL, tries=SYNS)


DENIED_REPLY = Scenario(
    name="denied_reply",
    what="A network ACL denies the ledger's answers to the build server",
    plays={"office": asks},
    alerts={"office": (Alert("denied_by_acl_reply", "build", Severity.MEDIUM, DENIED),)},
)
