"""An attack on internet servers with our addresses forged as the source: the servers' SYN-ACKs and RSTs arrive here,
from one port to many. These servers attack nobody and must not raise an alert.
"""

from collections.abc import Iterator

from local.traffic.connections import RST, SYN_ACK, Connection
from local.traffic.scenario import Scenario
from local.traffic.scenario_context import SITES, ScenarioContext, outside

VICTIMS = ((60, 80), (61, 443), (62, 6667))
PACKETS_EACH = 60
ATTACK_SECONDS = 1800


def backscatter(context: ScenarioContext) -> Iterator[Connection]:
    random = context.random
    for number, port in VICTIMS:
        started = context.moment(random.uniform(0.1, 0.4))
        for _ in range(PACKETS_EACH):
            at, host = started + random.uniform(0, ATTACK_SECONDS), random.choice(context.network.public_hosts())
            ports = port, random.randint(1024, 65535)
            yield context.stray(
                at, outside(SITES, number), host, ports, random.choice((SYN_ACK, RST)), random.randint(1, 4)
            )


BACKSCATTER = Scenario(
    name="backscatter",
    description="Internet servers answer packets that others sent with our source addresses",
    traffic={"office": backscatter, "shop": backscatter},
)
