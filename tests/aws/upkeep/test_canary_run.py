"""The canary of a deployment: written after a deploy, looked for afterwards, and reported when it is lost."""

import gzip
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from flowsentry.aws import clients
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications.control_item import ControlItem, texts_in
from flowsentry.aws.upkeep.canary_request import CanaryRequests, WrittenCanaries
from flowsentry.aws.upkeep.canary_run import (
    CONFIRMING_SECONDS,
    FIRST_SECONDS,
    LOST_SECONDS,
    SETTLING_SECONDS,
    CanaryRun,
)
from flowsentry.aws.upkeep.canary_writer import CanaryWriter, fields_in
from flowsentry.findings.canary import Canary, Way
from flowsentry.findings.finding import Finding
from flowsentry.records.fields import DEFAULT_LOG_FORMAT, DEFAULT_NAMES
from flowsentry.records.object_key import flow_log_key
from flowsentry.telemetry import metrics
from tests.aws.notifications.outbox_world import MINUTE, Clock
from tests.builders import found_in
from tests.moto_world import (
    FINDINGS_TABLE,
    LOG_BUCKET,
    LOG_FORMATS_PARAMETER,
    LOG_GROUP,
    REGION,
    keys_in,
    make_bucket,
    make_findings_table,
    make_log_formats,
    object_in,
)

ACCOUNT = "123456789012"
AT = int(time.time()) - 3_600
"""CloudWatch Logs takes no old events."""


class CanaryWorld:
    """A deployment with a log group and a bucket, whose functions find what tests say they find."""

    def __init__(self, *, is_after_deploy: bool = True, log_bucket: str = LOG_BUCKET) -> None:
        self.clock = Clock()
        self.clock.now = AT
        self.table = FindingTable(FINDINGS_TABLE, clients.dynamodb(), self.clock)
        self.item = ControlItem("canary", FINDINGS_TABLE, clients.dynamodb(), self.clock)
        writer = CanaryWriter(
            ACCOUNT, REGION, log_bucket, LOG_GROUP, LOG_FORMATS_PARAMETER, clients.s3(), clients.logs, clients.ssm()
        )
        self.recipients = ["email a@example.com"]
        self.run = CanaryRun(self.item, self.table, writer, lambda: self.recipients, is_after_deploy)
        self.requests = CanaryRequests(self.item, self.table)

    def sweep_for(self, seconds: int) -> None:
        for _ in range(seconds // MINUTE):
            self.clock.advance(MINUTE)
            self.run.step()

    @property
    def records(self) -> list[Sequence[str]]:
        """What the log group and the bucket hold, as (fields, line)."""
        events = clients.logs().filter_log_events(logGroupName=LOG_GROUP)["events"]
        files = [gzip.decompress(object_in(LOG_BUCKET, key)).decode().splitlines() for key in keys_in(LOG_BUCKET)]
        return [*((" ".join(DEFAULT_NAMES), each["message"]) for each in events), *files]

    @property
    def found(self) -> list[Finding]:
        """What the functions find in these records."""
        return [each for names, line in self.records for each in found_in([line], tuple(names.split()))]

    def find(self, *, publish: bool = True) -> None:
        self.table.put_new(self.found)
        for each in self.found if publish else ():
            self.table.mark_published(each.id)


def died(_writer: CanaryWriter, _canary: Canary) -> None:
    raise KeyboardInterrupt


def emitted(name: str) -> list[float]:
    return metrics().metric_set.get(name, {}).get("Value", [])


@pytest.fixture(autouse=True)
def deployment() -> None:
    make_findings_table()
    make_bucket(LOG_BUCKET)
    make_log_formats()
    clients.logs().create_log_group(logGroupName=LOG_GROUP)
    metrics().clear_metrics()


def test_the_first_canary_of_a_deployment_needs_no_event() -> None:
    world = CanaryWorld()
    world.run.step()
    world.sweep_for(FIRST_SECONDS - MINUTE)
    assert world.records == []
    world.sweep_for(MINUTE)
    assert [each.details["way"] for each in world.found] == ["logs", "bucket"]


def test_the_canary_is_written_once_some_minutes_after_the_last_stack() -> None:
    world = CanaryWorld()
    for _ in range(5):
        world.run.deployed()
        world.sweep_for(SETTLING_SECONDS - MINUTE)
    assert world.records == []
    world.sweep_for(10 * MINUTE)
    assert len(world.found) == 2


def test_before_the_first_canary_people_have_ten_minutes_from_the_last_stack_to_confirm() -> None:
    world = CanaryWorld()
    world.run.deployed()
    world.run.step()
    world.sweep_for(MINUTE)
    world.run.deployed()
    world.sweep_for(FIRST_SECONDS - MINUTE)
    assert world.records == []
    world.sweep_for(MINUTE)
    assert len(world.found) == 2


def test_after_the_first_canary_the_next_deploy_has_one_within_minutes() -> None:
    world = CanaryWorld()
    world.requests.request()
    world.run.step()
    world.run.deployed()
    world.sweep_for(SETTLING_SECONDS - MINUTE)
    assert len(world.records) == 2
    world.sweep_for(MINUTE)
    assert len(world.records) == 4


@pytest.mark.parametrize(("after", "canaries"), [(CONFIRMING_SECONDS - MINUTE, 2), (CONFIRMING_SECONDS, 1)])
def test_who_confirms_within_a_day_after_the_canary_gets_one_of_their_own(after: int, canaries: int) -> None:
    world = CanaryWorld()
    world.recipients = ["email a@example.com (confirmed)", "email b@example.com (not confirmed: gets nothing)"]
    world.requests.request()
    world.run.step()
    world.find()
    world.run.step()
    world.run.step()
    assert len(world.records) == 2
    world.clock.advance(after - MINUTE)
    world.recipients = [each.replace("not confirmed: gets nothing", "confirmed") for each in world.recipients]
    world.sweep_for(10 * MINUTE)
    assert len(keys_in(LOG_BUCKET)) == canaries


def test_with_the_setting_off_only_a_request_writes_a_canary() -> None:
    world = CanaryWorld(is_after_deploy=False)
    world.run.step()
    world.run.deployed()
    world.sweep_for(2 * FIRST_SECONDS)
    assert world.records == []
    world.requests.request()
    world.run.step()
    assert len(world.found) == 2


def test_the_object_has_the_name_of_a_flow_log_file() -> None:
    world = CanaryWorld()
    world.requests.request()
    world.run.step()
    (key,) = keys_in(LOG_BUCKET)
    assert flow_log_key(key) is not None
    assert key.startswith(f"AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/{datetime.fromtimestamp(AT, UTC):%Y/%m/%d}/")


def test_a_canary_whose_alerts_were_sent_is_settled_with_its_time() -> None:
    world = CanaryWorld()
    world.requests.request()
    world.run.step()
    world.clock.advance(42)
    world.find()
    world.run.step()
    world.run.step()
    assert emitted("CanarySeconds") == [42]
    assert emitted("CanariesLost") == []


def test_a_canary_without_a_finding_is_lost_once() -> None:
    world = CanaryWorld()
    world.requests.request()
    world.run.step()
    world.sweep_for(LOST_SECONDS - MINUTE)
    assert emitted("CanariesLost") == []
    world.sweep_for(10 * MINUTE)
    assert emitted("CanariesLost") == [2]


def test_a_canary_whose_alert_waits_is_not_lost() -> None:
    world = CanaryWorld()
    world.requests.request()
    world.run.step()
    world.find(publish=False)
    world.sweep_for(2 * LOST_SECONDS)
    assert emitted("CanariesLost") == []


def test_a_canary_that_cannot_be_written_is_lost_and_the_other_one_is_sent() -> None:
    world = CanaryWorld(log_bucket="no-such-bucket")
    world.requests.request()
    world.run.step()
    known = world.item.read()
    assert texts_in(known, "ways") == ["logs"]
    (problem,) = texts_in(known, "problems")
    assert "NoSuchBucket" in problem
    assert emitted("CanariesLost") == [1]


@pytest.mark.parametrize("formats", [{LOG_GROUP: "${version} ${srcaddr}"}, {}, []])
def test_a_log_group_whose_format_holds_no_canary_is_a_problem(formats: object) -> None:
    make_log_formats(formats)  # type: ignore[arg-type]
    world = CanaryWorld()
    world.requests.request()
    world.run.step()
    (problem,) = texts_in(world.item.read(), "problems")
    assert "log format" in problem
    assert [each.details["way"] for each in world.found] == ["bucket"]


def test_two_sweeps_at_once_write_one_canary() -> None:
    world = CanaryWorld()
    world.requests.request()
    known = world.item.read()
    world.run.step()
    world.run._write(known)
    assert len(world.records) == 2


def test_the_item_names_the_canaries_that_were_written() -> None:
    world = CanaryWorld()
    world.requests.request()
    world.run.step()
    known = world.item.read()
    written = WrittenCanaries.of(known)
    assert written.canaries == {way: Canary(AT, way) for way in Way}
    assert (written.sent_at, written.problems, written.recipients) == (AT, (), ("email a@example.com",))


def test_a_request_waits_for_the_canary_after_it() -> None:
    world = CanaryWorld()
    for _ in range(2):
        last = world.requests.request()
        assert world.requests.after(last) is None
        world.sweep_for(MINUTE)
        written = world.requests.after(last)
        assert written is not None
        assert written.sent_at == world.clock()


def test_a_sweep_that_died_after_its_claim_leaves_the_canary_to_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = CanaryWorld()
    world.requests.request()
    with monkeypatch.context() as dying:
        dying.setattr(CanaryWriter, "write", died)
        with pytest.raises(KeyboardInterrupt):
            world.run.step()
    world.sweep_for(LOST_SECONDS)
    assert len(world.found) == 2


def test_the_fields_of_a_format_are_those_that_the_parser_reads() -> None:
    assert fields_in(DEFAULT_LOG_FORMAT) == tuple(DEFAULT_NAMES)
    assert fields_in([DEFAULT_LOG_FORMAT, "${version}"]) == tuple(DEFAULT_NAMES)
    assert fields_in(json.loads("{}")) == ()
