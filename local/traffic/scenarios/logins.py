"""External clients at the bastion, whose SSH is open to the internet. One has a key and works there: MEDIUM. Two guess
passwords: one never succeeds, which is LOW; the other has a session after forty attempts, which is HIGH.
"""

from collections.abc import Iterator
from dataclasses import replace

from flowsentry.findings.finding import Severity
from local.traffic.company.network import Peer
from local.traffic.connections import Connection, Volume
from local.traffic.scenario import Alert, Scenario
from local.traffic.scenario_context import CUSTOMERS, ScenarioContext, outside

SSH = 22
VISITOR, GUESSER, SUCCESSFUL = (outside(CUSTOMERS, number) for number in (77, 81, 82))
TRIES, SECONDS_BETWEEN_TRIES = 40, 11
TRY_KILOBYTES = 14
"""About twenty packets from the client, as for a few wrong passwords."""
SESSION_SECONDS, PACKETS_A_SECOND = 600, 3


def session(context: ScenarioContext) -> Iterator[Connection]:
    yield _session(context, context.moment(0.25), VISITOR)


def guess(context: ScenarioContext) -> Iterator[Connection]:
    yield from _tries(context, context.moment(0.15), GUESSER)
    yield from _tries(context, context.moment(0.3), SUCCESSFUL)
    yield _session(context, context.moment(0.3) + (TRIES + 1) * SECONDS_BETWEEN_TRIES, SUCCESSFUL)


def _tries(context: ScenarioContext, started: float, source: Peer) -> Iterator[Connection]:
    """Attempts one after the other; the server delays each rejection."""
    for number in range(TRIES):
        at = started + number * SECONDS_BETWEEN_TRIES
        asked = context.exchange(at, source, context.network.host("bastion"), SSH, TRY_KILOBYTES)
        yield replace(asked, seconds=context.random.uniform(2, 5))


def _session(context: ScenarioContext, at: float, source: Peer) -> Connection:
    """An interactive session."""
    session = context.session(at, source, context.network.host("bastion"), SSH, SESSION_SECONDS)
    packets = SESSION_SECONDS * PACKETS_A_SECOND
    return replace(session, sent=Volume(packets, 110 * packets), received=Volume(packets, 300 * packets))


STRANGERS_SESSION = Scenario(
    name="strangers_session",
    description="An unknown external client works on the bastion",
    traffic={"shop": session},
    alerts={"shop": (Alert("remote_login", VISITOR.address, Severity.MEDIUM),)},
)
GUESSED_PASSWORD = Scenario(
    name="guessed_password",
    description="Two outside sources guess passwords at the bastion, and one succeeds",
    traffic={"shop": guess},
    alerts={
        "shop": (
            Alert("login_brute_force", GUESSER.address, Severity.LOW),
            Alert("login_brute_force", SUCCESSFUL.address, Severity.LOW),
            Alert("login_brute_force", SUCCESSFUL.address, Severity.HIGH),
            Alert("remote_login", SUCCESSFUL.address, Severity.MEDIUM),
        )
    },
)
