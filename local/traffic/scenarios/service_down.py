"""A worker asks the queue on another one for jobs; then the process that answered is gone, and each call is refused.
Low: a service that answered its client answers it no more, and somebody should know when there is time.
"""

from collections.abc import Iterator

from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection, Outcome, Volume
from local.traffic.scenario import Alert, Scenario
from local.traffic.scene import RESET, SYN_BYTES, Scene

JOBS = 8081
SECONDS_BETWEEN = 60
SHARE_UP = 0.4
"""Of the period, until the process ends."""


def fetch_jobs(scene: Scene) -> Iterator[Connection]:
    client, server = scene.network.host("worker-1"), scene.network.host("worker-2")
    for at in scene.every(SECONDS_BETWEEN):
        if at < scene.moment(SHARE_UP):
            yield scene.talk(at, client, server, JOBS, kilobytes=2)
        else:
            yield Connection(at, client, server, scene.port(), JOBS, Outcome.REFUSED, Volume(1, SYN_BYTES), RESET)


SERVICE_DOWN = Scenario(
    name="service_down",
    what="The queue of jobs on a worker stops answering the other worker",
    plays={"shop": fetch_jobs},
    alerts={"shop": (Alert("service_down", "worker-2", Severity.LOW),)},
)
