"""A program that should reach another of ours and can't: a security group has no rule for it (the new web server and
the database), or a network ACL denies it (the mail archive and the ledger). It tries again and again, as TCP and
programs do; a person should know.
"""

from collections.abc import Iterator

from flowsentry.findings import Severity
from local.traffic.connections import Connection
from local.traffic.scenario import Alert, Play, Scenario
from local.traffic.scene import Scene

POSTGRESQL = 5432
SYNS = 6
RETRIES, SECONDS_BETWEEN_RETRIES = 12, 75


def blocked(client: str, server: str) -> Play:
    """A client that tries in vain for a quarter of an hour."""

    def play(scene: Scene) -> Iterator[Connection]:
        ends = scene.network.host(client), scene.network.host(server)
        for number in range(RETRIES):
            at = scene.moment(0.45) + number * SECONDS_BETWEEN_RETRIES + scene.random.random()
            yield scene.attempt(at, *ends, POSTGRESQL, tries=SYNS)

    return play


BLOCKED_PATH = Scenario(
    name="blocked_path",
    what="A security group keeps a web server from the database, a network ACL keeps the mail server from the ledger",
    plays={"office": blocked("mail", "ledger"), "shop": blocked("web-3", "orders")},
    alerts={
        "office": (Alert("blocked_internal", "mail", Severity.MEDIUM),),
        "shop": (Alert("blocked_internal", "web-3", Severity.MEDIUM),),
    },
)
