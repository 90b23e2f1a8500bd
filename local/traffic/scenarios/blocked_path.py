"""A program that should reach another of ours and can't: a security group has no rule that lets it in (the new web
server and the database) or out (the search server and the cache), or a network ACL denies it (the mail archive and the
ledger). It tries again and again, as TCP and programs do; a person should know, and know which rule it is.
"""

from collections.abc import Iterator

from flowsentry.findings.explanation import Layer
from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection
from local.traffic.expectation import RefusedBy
from local.traffic.scenario import Alert, Play, Scenario
from local.traffic.scene import Scene

POSTGRESQL, REDIS = 5432, 6379
SYNS = 6
RETRIES, SECONDS_BETWEEN_RETRIES = 12, 75

NO_RULE_IN = RefusedBy(Layer.SECURITY_GROUP, ("shop-orders", "no inbound rule allows tcp/5432 from", "web-3"))
NO_RULE_OUT = RefusedBy(Layer.SECURITY_GROUP, ("shop-search", "no outbound rule allows tcp/6379 to", "orders-cache"))
DENIED = RefusedBy(Layer.NETWORK_ACL, ("office-data-b", "rule 90 denies tcp/5432 from 10.20.0.0/23"))


def blocked(*paths: tuple[str, str, int]) -> Play:
    """Clients that try in vain for a quarter of an hour, each a port of a server."""

    def play(scene: Scene) -> Iterator[Connection]:
        for client, server, port in paths:
            ends = scene.network.host(client), scene.network.host(server)
            for number in range(RETRIES):
                at = scene.moment(0.45) + number * SECONDS_BETWEEN_RETRIES + scene.random.random()
                yield scene.attempt(at, *ends, port, tries=SYNS)

    return play


BLOCKED_PATH = Scenario(
    name="blocked_path",
    what="Security groups keep a web server from the database and the search server from the cache, "
    "a network ACL keeps the mail server from the ledger",
    plays={
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
