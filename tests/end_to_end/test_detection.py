"""What is found in S3 files that come in any order, some of them twice, is what a replay finds in the same files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import pytest

from flowsentry.findings.finding import Finding
from flowsentry.pipeline import Context
from local.replay import Replay
from stacks.constructs.parameters import Value
from tests.builders import NOON, V2, V5
from tests.cut_traffic import Traffic, as_it_ends, capture, five_minutes, made_traffic
from tests.end_to_end.deployed_app import DeployedApp, gz

HOUR, DAY = 3_600, 86_400
MAX_SECONDS = 600
KINDS = {"host_sweep", "network_scan", "port_scan", "login_brute_force", "remote_login"}


@dataclass(frozen=True)
class File:
    """An object as replay reads it."""

    name: str
    content: bytes

    def blocks(self) -> Iterator[bytes]:
        yield self.content


def replayed(files: Sequence[File]) -> list[Finding]:
    replay = Replay(Context())
    found = [finding for file in files for finding in replay.findings_in(file)]
    assert replay.unread == 0
    return found


def delivered(app: DeployedApp, files: Sequence[File]) -> None:
    """The files, shuffled; of one in ten there is a second notice, and one in ten comes again under another name, which
    nothing remembers.
    """
    draw = Random(9)  # noqa: S311 - seeded
    tenth = max(1, len(files) // 10)
    again, noticed = draw.sample(files, tenth), draw.sample(files, tenth)
    copies = [File(f"again-{file.name}", file.content) for file in again]
    for file in draw.sample([*files, *copies], len(files) + tenth):
        key = app.put(file.name, file.content, settle=False)
        if file in noticed:
            app.aws.client("sqs").send_message(
                QueueUrl=app.queue_url(Value.OBJECT_QUEUE), MessageBody=app.object_event(key, app.etag(key))
            )
    app.aws.wait_until_quiet(MAX_SECONDS)


def in_the_table(app: DeployedApp, traffic: Traffic) -> list[Finding]:
    """What the deployed app has found in the time of this traffic."""
    found = [Finding.from_json(item["finding"]["S"]) for item in app.finding_items()]
    first, last = (int(traffic.value("start", traffic.lines[place])) for place in (0, -1))
    return [each for each in found if first - HOUR <= each.first_seen <= last]


def compare(app: DeployedApp, name: str, traffic: Traffic) -> list[Finding]:
    """What replay finds; the app found the same."""
    contents = [gz(each) for each in five_minutes(traffic)]
    files = [File(f"{name}-{number:03}.log.gz", content) for number, content in enumerate(contents)]
    expected = replayed(files)
    delivered(app, files)
    assert as_it_ends(in_the_table(app, traffic)) == as_it_ends(expected)
    return expected


@pytest.mark.parametrize(("name", "names", "later"), [("v5", V5, 0), ("v2", V2, 5 * DAY)])
def test_the_deployed_app_finds_what_a_replay_finds(
    app: DeployedApp, name: str, names: tuple[str, ...], later: int
) -> None:
    traffic = made_traffic(names, seconds=2 * HOUR, starts_at=NOON + later)
    found = compare(app, name, traffic)
    assert {each.kind for each in found} == KINDS
    assert app.dead_letters(name) == []


def test_the_deployed_app_finds_what_a_replay_finds_in_recorded_traffic(app: DeployedApp) -> None:
    found = compare(app, "recorded", capture("internet-host-day"))
    assert len(found) > 20
