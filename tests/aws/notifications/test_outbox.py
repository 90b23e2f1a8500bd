"""The outbox delivers each alert at least once, whatever fails, and an invalid one does not stop others."""

import json
from typing import Any

import pytest

from flowsentry.aws import clients
from flowsentry.aws.notifications.outbox import HIGH_LEFT_OVER_SECONDS, LEFT_OVER_SECONDS
from flowsentry.errors import RetryableError
from flowsentry.findings.finding import Severity
from flowsentry.telemetry import metrics
from tests.aws.notifications.outbox_world import DAY, HOUR, NOW, OutboxWorld, finding
from tests.moto_world import FINDINGS_TABLE

QUARANTINED = {"id": {"S": "bad"}, "finding": {"S": "no finding"}, "found_at": {"N": str(NOW - HOUR)}}


class DiedError(BaseException):
    """Ends the process: nothing catches it."""


@pytest.fixture
def world() -> OutboxWorld:
    metrics().clear_metrics()
    return OutboxWorld()


def put_poison(**attributes: Any) -> None:
    clients.dynamodb().put_item(
        TableName=FINDINGS_TABLE, Item={**QUARANTINED, "unpublished": {"S": "urgent"}, **attributes}
    )


def test_the_stream_delivers_urgent_findings_and_leaves_others_to_the_digest(world: OutboxWorld) -> None:
    world.put(finding("a"), finding("b", Severity.MEDIUM), finding("c", Severity.LOW))
    world.stream()
    assert world.topic.ids == ["a", "b"]
    assert world.waiting == ["c"]


def test_a_stream_record_received_twice_is_one_message(world: OutboxWorld) -> None:
    world.put(finding("a"))
    image = world.item("a")
    for _ in range(2):
        world.outbox.publish_new([image, image])
    assert world.topic.ids == ["a"]


def test_a_notifier_that_dies_between_delivery_and_marking_delivers_again(world: OutboxWorld) -> None:
    world.put(finding("a"), finding("b"))
    world.topic.after = DiedError()
    with pytest.raises(DiedError):
        world.stream()
    world.topic.after = None
    world.sweep_for(HOUR)
    assert world.topic.ids == ["a", "a", "b"]
    assert world.waiting == []


def test_findings_lost_by_the_stream_are_delivered_once_by_the_sweep(world: OutboxWorld) -> None:
    for hour in range(48):
        world.put(finding(f"{hour:02}"))
        world.sweep_for(HOUR)
    assert world.topic.ids == [f"{hour:02}" for hour in range(48)]
    assert world.waiting == []


def test_the_sweep_leaves_new_findings_to_the_stream(world: OutboxWorld) -> None:
    world.put(finding("old", Severity.MEDIUM))
    world.clock.advance(1)
    world.put(finding("just-found", Severity.MEDIUM))
    world.clock.advance(LEFT_OVER_SECONDS - HIGH_LEFT_OVER_SECONDS - 1)
    world.put(finding("old-and-high"))
    world.clock.advance(1)
    world.put(finding("high"))
    world.clock.advance(HIGH_LEFT_OVER_SECONDS - 1)
    world.sweep()
    assert world.topic.ids == ["old-and-high", "old"]


def test_a_day_without_the_topic_delays_alerts_and_drops_none(world: OutboxWorld) -> None:
    world.limit = 5
    world.topic.error = RetryableError("no SNS")
    for hour in range(24):
        world.put(finding(f"{hour:02}"))
        with pytest.raises(RetryableError, match="1 alerts stay in the outbox"):
            world.stream(f"{hour:02}")
        world.clock.advance(HOUR)
    with pytest.raises(RetryableError, match="24 alerts stay in the outbox"):
        world.sweep()
    world.topic.error = None
    world.sweep_for(2 * HOUR)
    assert world.topic.ids == [f"{hour:02}" for hour in range(5)]
    assert world.delivered_together == [[f"{hour:02}" for hour in range(5, 24)]]
    assert world.waiting == []


def test_an_unreachable_topic_is_tried_once_a_run(world: OutboxWorld) -> None:
    world.put(*(finding(f"{number}") for number in range(9)))
    world.topic.error = RetryableError("no SNS")
    with pytest.raises(RetryableError, match="9 alerts stay"):
        world.stream()
    assert world.topic.tries == 1


def test_an_alert_that_the_topic_refuses_stays_and_does_not_stop_others(world: OutboxWorld) -> None:
    world.put(finding("first"), finding("second"), finding("third"))
    answer: Any = {"Error": {"Code": "InvalidParameter"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    world.topic.error = clients.sns().exceptions.ClientError(answer, "Publish")
    world.topic.refused_text = "second"
    with pytest.raises(RetryableError, match="second"):
        world.stream()
    assert world.topic.ids == ["first", "third"]
    assert world.waiting == ["second"]


def test_poison_among_valid_records_is_quarantined(world: OutboxWorld) -> None:
    put_poison()
    world.put(finding("a"), finding("b"))
    world.stream()
    assert world.topic.ids == ["a", "b"]
    assert world.waiting == []
    assert world.item("bad")["undelivered_reason"] == {"S": "quarantined"}
    assert metrics().metric_set["PoisonFindings"]["Value"] == [1.0]


def test_poison_that_the_sweep_reads_is_quarantined_once(world: OutboxWorld) -> None:
    put_poison()
    world.put(finding("a"))
    world.sweep_for(HOUR)
    assert world.topic.ids == ["a"]
    assert metrics().metric_set["PoisonFindings"]["Value"] == [1.0]


@pytest.mark.parametrize("image", [{}, {"id": {"S": "gone"}}, {"id": {"S": "gone"}, "finding": {"N": "1"}}])
def test_other_records_are_counted_and_do_not_stop_findings(world: OutboxWorld, image: dict[str, Any]) -> None:
    world.put(finding("a"))
    world.outbox.publish_new(
        [image | ({"unpublished": {"S": "urgent"}} if "finding" in image else {}), world.item("a")]
    )
    assert world.topic.ids == ["a"]
    assert metrics().metric_set["PoisonFindings"]["Value"] == [1.0]


def test_a_finding_that_can_not_be_rendered_is_quarantined(world: OutboxWorld) -> None:
    broken = json.dumps({**json.loads(finding("bad").to_json()), "first_seen": None})
    put_poison(finding={"S": broken})
    world.put(finding("a"))
    world.stream()
    assert world.topic.ids == ["a"]
    assert world.item("bad")["undelivered_reason"] == {"S": "quarantined"}


def test_suppressed_and_observed_findings_are_delivered_neither_by_stream_nor_by_sweep(world: OutboxWorld) -> None:
    world.put(finding("suppressed", suppressed_by="a reason"))
    world.table.observe_only_until = NOW + DAY
    world.put(finding("observed"), finding("quiet", Severity.LOW))
    world.stream()
    world.sweep_for(2 * DAY)
    assert world.topic.sent == []
    assert world.topic.tries == 0


def test_rate_limit_counters_in_the_stream_are_not_findings(world: OutboxWorld) -> None:
    world.put(finding("a"))
    world.stream()
    world.stream("rate-limit#urgent")
    assert "PoisonFindings" not in metrics().metric_set


def test_the_age_of_the_oldest_alert_is_measured_with_an_hour_granted_to_rate_limited_ones(world: OutboxWorld) -> None:
    world.limit = 1
    world.topic.error = RetryableError("no SNS")
    world.put(finding("a", Severity.MEDIUM))
    world.clock.advance(HOUR)
    with pytest.raises(RetryableError):
        world.sweep()
    assert metrics().metric_set["OldestAlertSeconds"]["Value"] == [HOUR]
    world.table.mark_rate_limited("a")
    with pytest.raises(RetryableError):
        world.sweep()
    assert metrics().metric_set["OldestAlertSeconds"]["Value"] == [HOUR, 0]
