"""Strangers at the bastion, whose SSH is open to all. One has a key and works there: medium. Two guess passwords: the
one who never gets in is the weather, and low; the other has a session after forty tries, and that is high.
"""

from collections.abc import Iterator
from dataclasses import replace

from flowsentry.findings.finding import Severity
from local.traffic.company.network import Peer
from local.traffic.connections import Connection, Volume
from local.traffic.scenario import Alert, Scenario
from local.traffic.scene import CUSTOMERS, Scene, outside

SSH = 22
STRANGER, GUESSER, LUCKY = (outside(CUSTOMERS, number) for number in (77, 81, 82))
TRIES, SECONDS_BETWEEN_TRIES = 40, 11
TRY_KILOBYTES = 14
"""Some twenty packets of the client's, as a few wrong passwords take."""
SESSION_SECONDS, PACKETS_A_SECOND = 600, 3


def works(scene: Scene) -> Iterator[Connection]:
    yield _session(scene, scene.moment(0.25), STRANGER)


def guess(scene: Scene) -> Iterator[Connection]:
    yield from _tries(scene, scene.moment(0.15), GUESSER)
    yield from _tries(scene, scene.moment(0.3), LUCKY)
    yield _session(scene, scene.moment(0.3) + (TRIES + 1) * SECONDS_BETWEEN_TRIES, LUCKY)


def _tries(scene: Scene, started: float, source: Peer) -> Iterator[Connection]:
    """One after the other; the server takes its time to say no."""
    for number in range(TRIES):
        at = started + number * SECONDS_BETWEEN_TRIES
        asked = scene.talk(at, source, scene.network.host("bastion"), SSH, TRY_KILOBYTES)
        yield replace(asked, seconds=scene.random.uniform(2, 5))


def _session(scene: Scene, at: float, source: Peer) -> Connection:
    """Somebody types, and reads."""
    session = scene.session(at, source, scene.network.host("bastion"), SSH, SESSION_SECONDS)
    packets = SESSION_SECONDS * PACKETS_A_SECOND
    return replace(session, sent=Volume(packets, 110 * packets), received=Volume(packets, 300 * packets))


STRANGERS_SESSION = Scenario(
    name="strangers_session",
    what="Somebody whom nobody knows works on the bastion",
    plays={"shop": works},
    alerts={"shop": (Alert("remote_login", STRANGER.address, Severity.MEDIUM),)},
)
GUESSED_PASSWORD = Scenario(
    name="guessed_password",
    what="Two outside sources guess passwords at the bastion, and one of them gets in",
    plays={"shop": guess},
    alerts={
        "shop": (
            Alert("login_brute_force", GUESSER.address, Severity.LOW),
            Alert("login_brute_force", LUCKY.address, Severity.LOW),
            Alert("login_brute_force", LUCKY.address, Severity.HIGH),
            Alert("remote_login", LUCKY.address, Severity.MEDIUM),
        )
    },
)
