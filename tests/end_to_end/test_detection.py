"""The deployed app and a replay find the same in the same files, in any order and with duplicates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import pytest

from flowsentry.findings.finding import Finding
from flowsentry.pipeline import Context
from local.replay.replay import Replay
from stacks.constructs.parameters import Value
from tests.builders import NOON, V2, V5
from tests.cut_traffic import Traffic, as_it_ends, capture, five_minutes, made_traffic
from tests.end_to_end.deployed_app import DeployedApp, gz

HOUR, DAY = 3_600, 86_400
MAX_SECONDS = 600
KINDS = {"host_sweep", "network_scan", "port_scan", "login_brute_force", "remote_login"}


@dataclass(frozen=True)
class File:
    """An object in the form that a replay reads."""

    name: str
    content: bytes

    def blocks(self) -> Iterator[bytes]:
        yield self.content


def replayed(files: Sequence[File]) -> list[Finding]:
    replay = Replay(Context())
    found = [finding for file in files for finding in replay.findings_in(file)]
    assert replay.unread == 0
    return found


def write_shuffled(app: DeployedApp, files: Sequence[File]) -> None:
    """Writes the files in random order. One in ten has a second object event, and one in ten is written again under
    another name, which no state recognises.
    """
    draw = Random(9)  # noqa: S311 - seeded
    tenth = max(1, len(files) // 10)
    again, renotified = draw.sample(files, tenth), draw.sample(files, tenth)
    copies = [File(f"again-{file.name}", file.content) for file in again]
    for file in draw.sample([*files, *copies], len(files) + tenth):
        key = app.put(file.name, file.content, settle=False)
        if file in renotified:
            app.aws.client("sqs").send_message(
                QueueUrl=app.queue_url(Value.OBJECT_QUEUE), MessageBody=app.object_event(key, app.etag(key))
            )
    app.aws.wait_until_quiet(MAX_SECONDS)


def stored_findings(app: DeployedApp, traffic: Traffic) -> list[Finding]:
    """The findings of the deployed app in the period of this traffic."""
    found = [Finding.from_json(item["finding"]["S"]) for item in app.finding_items()]
    first, last = (int(traffic.value("start", traffic.lines[index])) for index in (0, -1))
    return [each for each in found if first - HOUR <= each.first_seen <= last]


def compare(app: DeployedApp, name: str, traffic: Traffic) -> list[Finding]:
    """Asserts that the app finds what a replay finds; returns those findings."""
    contents = [gz(each) for each in five_minutes(traffic)]
    files = [File(f"{name}-{number:03}.log.gz", content) for number, content in enumerate(contents)]
    expected = replayed(files)
    write_shuffled(app, files)
    assert as_it_ends(stored_findings(app, traffic)) == as_it_ends(expected)
    return expected


@pytest.mark.parametrize(("name", "names", "later"), [("v5", V5, 0), ("v2", V2, 5 * DAY)])
def test_generated_traffic_gives_the_same_findings_as_a_replay(
    app: DeployedApp, name: str, names: tuple[str, ...], later: int
) -> None:
    traffic = made_traffic(names, seconds=2 * HOUR, starts_at=NOON + later)
    found = compare(app, name, traffic)
    assert {each.kind for each in found} == KINDS
    assert app.dead_letters(name) == []


def test_recorded_traffic_gives_the_same_findings_as_a_replay(app: DeployedApp) -> None:
    found = compare(app, "recorded", capture("internet-host-day").first_hours(3))
    assert len(found) > 3
