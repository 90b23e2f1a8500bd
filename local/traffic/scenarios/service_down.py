"""A worker fetches jobs from a queue on another worker; then the queue's process stops, and each call is refused. LOW:
a service that used to answer its client has stopped.
"""

from collections.abc import Iterator

from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection, Outcome, Volume
from local.traffic.scenario import Alert, Scenario
from local.traffic.scenario_context import RESET, SYN_BYTES, ScenarioContext

JOBS = 8081
SECONDS_BETWEEN = 60
SHARE_UP = 0.4
"""Share of the period until the process stops."""


def fetch_jobs(context: ScenarioContext) -> Iterator[Connection]:
    client, server = context.network.host("worker-1"), context.network.host("worker-2")
    for at in context.every(SECONDS_BETWEEN):
        if at < context.moment(SHARE_UP):
            yield context.exchange(at, client, server, JOBS, kilobytes=2)
        else:
            yield Connection(at, client, server, context.port(), JOBS, Outcome.REFUSED, Volume(1, SYN_BYTES), RESET)


SERVICE_DOWN = Scenario(
    name="service_down",
    description="The job queue on a worker stops answering the other worker",
    traffic={"shop": fetch_jobs},
    alerts={"shop": (Alert("service_down", "worker-2", Severity.LOW),)},
)
