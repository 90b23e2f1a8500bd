"""flowsentry pause, resume and test-alert."""

import time
from collections.abc import Callable, Iterator

import pytest

from flowsentry.aws import clients
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications.control_item import ControlItem
from flowsentry.aws.notifications.pause import PAUSE_ITEM, Pause
from flowsentry.aws.upkeep.canary_request import CANARY_ITEM
from flowsentry.aws.upkeep.canary_run import CanaryRun
from flowsentry.aws.upkeep.canary_writer import CanaryWriter
from flowsentry.emit.plain_text import moment
from flowsentry.findings.canary import Canary, Way
from local import alerting_command
from tests.local.conftest import Flowsentry
from tests.moto_world import (
    FINDINGS_TABLE,
    LOG_BUCKET,
    REGION,
    aws_in_memory,
    forget_clients,
    make_bucket,
    make_findings_table,
)

HOUR, DAY = 3_600, 86_400


class Deployed:
    """The deployed app: a sweep runs whenever the command waits."""

    def __init__(self) -> None:
        self.table = FindingTable(FINDINGS_TABLE, clients.dynamodb())
        writer = CanaryWriter("123456789012", REGION, LOG_BUCKET, "", "", clients.s3(), clients.logs, clients.ssm())
        item = ControlItem(CANARY_ITEM, FINDINGS_TABLE, clients.dynamodb())
        self.run = CanaryRun(item, self.table, writer, self.recipients, is_after_deploy=False)
        self.after_the_sweep: Callable[[Canary], None] = self.find_and_send

    def recipients(self) -> list[str]:
        return ["topic of alerts: email a@example.com"]

    def find_and_send(self, canary: Canary) -> None:
        self.table.put_new([canary.finding])
        self.table.mark_published(canary.finding_id)

    def sweep(self, _seconds: float) -> None:
        self.run.step()
        if "sent_at" in (known := self.run.item.read()):
            self.after_the_sweep(Canary(int(known["sent_at"]["N"]), Way.BUCKET))


@pytest.fixture(autouse=True)
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    forget_clients()
    with aws_in_memory(monkeypatch):
        make_findings_table()
        make_bucket(LOG_BUCKET)
        clients.ssm().put_parameter(Name="/flowsentry/findings-table-name", Value=FINDINGS_TABLE, Type="String")
        deployed = Deployed()
        monkeypatch.setattr(alerting_command.time, "sleep", deployed.sweep)
        yield deployed
    forget_clients()


def pause() -> Pause:
    return Pause.of(ControlItem(PAUSE_ITEM, FINDINGS_TABLE, clients.dynamodb()).read())


@pytest.mark.parametrize(("given", "seconds"), [("30m", 1_800), ("2h", 2 * HOUR), ("7d", 7 * DAY)])
def test_a_pause_of_this_length_is_stored_with_its_end_and_reason(
    flowsentry: Flowsentry, given: str, seconds: int
) -> None:
    done = flowsentry("pause", "--for", given, "--by", "alice", "--note", "a penetration test")
    assert done.code == 0
    assert done.out.startswith("alerts are paused until ")
    stored = pause()
    assert abs(stored.until - time.time() - seconds) < 10
    assert (stored.by, stored.note) == ("alice", "a penetration test")


def test_a_pause_until_a_time_is_in_utc(flowsentry: Flowsentry) -> None:
    given = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + HOUR))
    assert flowsentry("pause", "--until", given).code == 0
    assert 0 <= time.time() + HOUR - pause().until < 60


@pytest.mark.parametrize("given", ["8d", "169h"])
def test_a_longer_pause_is_refused(flowsentry: Flowsentry, given: str) -> None:
    done = flowsentry("pause", "--for", given)
    assert done.code == 1
    assert "a pause ends within 7 days" in done.err
    assert pause() == Pause(0, 0)


@pytest.mark.parametrize("given", ["2", "0h", "h", "-1h", "2w", "1.5h"])
def test_a_length_that_is_no_time_is_refused(flowsentry: Flowsentry, given: str) -> None:
    assert flowsentry("pause", f"--for={given}").code == 2
    assert flowsentry("pause", "--until", "tomorrow").code == 2
    assert flowsentry("pause").code == 2


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("1970-01-01T00:00", "1970-01-01 00:00:00 UTC"),
        ("9999-12-31T23:59", "9999-12-31 23:59:00 UTC"),
    ],
)
def test_a_pause_until_a_time_far_from_now_is_refused_with_that_time(
    flowsentry: Flowsentry, given: str, shown: str
) -> None:
    done = flowsentry("pause", "--until", given)
    assert done.code == 1
    assert done.err == f"flowsentry: {shown}: a pause ends within 7 days and not in the past\n"


@pytest.mark.parametrize("given", ["9999-12-31T23:59-12:00", "0001-01-01T00:00+14:00"])
def test_a_time_that_no_calendar_has_in_utc_is_refused(flowsentry: Flowsentry, given: str) -> None:
    done = flowsentry("pause", "--until", given)
    assert done.code == 2
    assert f"{given!r} is no time" in done.err


def test_a_pause_with_too_late_an_end_is_told_with_the_end_that_counts(flowsentry: Flowsentry) -> None:
    now = int(time.time())
    ControlItem(PAUSE_ITEM, FINDINGS_TABLE, clients.dynamodb()).put(
        {"since": {"N": str(now)}, "until": {"N": str(now + 30 * DAY)}}
    )
    assert f"{moment(now + 7 * DAY)} by somebody: resume" in flowsentry("test-alert").err


def test_resume_ends_a_pause_and_says_when_there_was_none(flowsentry: Flowsentry) -> None:
    assert "were not paused" in flowsentry("resume").out
    flowsentry("pause", "--for", "2h")
    assert "are sent again" in flowsentry("resume", "--by", "bob").out
    assert not pause().is_active(time.time())
    assert pause().by == "bob"


def test_a_test_alert_prints_who_gets_it_and_when_it_was_sent(flowsentry: Flowsentry) -> None:
    done = flowsentry("test-alert")
    assert (done.code, done.err) == (0, "")
    assert "  topic of alerts: email a@example.com" in done.out.splitlines()
    assert "bucket: the test alert was sent" in done.out


def test_a_canary_of_which_no_finding_comes_is_a_failure(flowsentry: Flowsentry, deployment: Deployed) -> None:
    deployment.after_the_sweep = lambda _canary: None
    done = flowsentry("test-alert", "--wait", "1")
    assert done.code == 1
    assert "bucket: no finding came of it" in done.err


def test_an_alert_that_is_not_sent_is_a_failure(flowsentry: Flowsentry, deployment: Deployed) -> None:
    deployment.after_the_sweep = lambda canary: deployment.table.put_new([canary.finding]) and None
    done = flowsentry("test-alert", "--wait", "1")
    assert done.code == 1
    assert "its alert was not sent" in done.err


def test_a_notifier_that_does_not_run_is_a_failure(flowsentry: Flowsentry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerting_command.time, "sleep", lambda _seconds: None)
    done = flowsentry("test-alert", "--wait", "1")
    assert done.code == 1
    assert "no canary was written" in done.err


def test_while_alerts_are_paused_no_test_alert_is_sent(flowsentry: Flowsentry) -> None:
    flowsentry("pause", "--for", "2h", "--by", "alice")
    done = flowsentry("test-alert")
    assert done.code == 1
    assert "paused until" in done.err
    assert "by alice" in done.err
