"""Somebody attacks servers on the Internet and forges our addresses as the sender: the servers' SYN-ACKs and RSTs come
to us, from one port to a thousand. None of these hosts has done anything to us.
"""

from collections.abc import Iterator

from local.traffic.connections import RST, SYN_ACK, Connection
from local.traffic.scenario import Scenario
from local.traffic.scene import SITES, Scene, outside

VICTIMS = ((60, 80), (61, 443), (62, 6667))
PACKETS_EACH = 60
ATTACK_SECONDS = 1800


def backscatter(scene: Scene) -> Iterator[Connection]:
    random = scene.random
    for number, port in VICTIMS:
        started = scene.moment(random.uniform(0.1, 0.4))
        for _ in range(PACKETS_EACH):
            at, host = started + random.uniform(0, ATTACK_SECONDS), random.choice(scene.network.public_hosts())
            ports = port, random.randint(1024, 65535)
            yield scene.stray(
                at, outside(SITES, number), host, ports, random.choice((SYN_ACK, RST)), random.randint(1, 4)
            )


BACKSCATTER = Scenario(
    name="backscatter",
    what="Servers on the Internet answer packets that others sent in our name",
    plays={"office": backscatter, "shop": backscatter},
)
