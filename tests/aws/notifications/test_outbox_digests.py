"""Digests: at most one a window, without stored state, and an invalid finding is left out."""

import json

import pytest

from flowsentry.aws import clients
from flowsentry.findings.finding import Severity
from flowsentry.telemetry import metrics
from tests.aws.notifications.outbox_world import HOUR, MINUTE, SWEEP_SECONDS, OutboxWorld, finding
from tests.moto_world import FINDINGS_TABLE


@pytest.fixture
def world() -> OutboxWorld:
    metrics().clear_metrics()
    return OutboxWorld()


def test_digest_findings_are_one_digest_once_the_oldest_has_waited_a_window(world: OutboxWorld) -> None:
    world.put(*(finding(f"a{number}", Severity.BACKGROUND) for number in range(3)))
    world.clock.advance(HOUR - 1)
    world.put(finding("b", Severity.LOW))
    world.sweep()
    assert world.topic.sent == []
    world.clock.advance(1)
    world.sweep()
    assert world.topic.summary_counts == [4]
    assert world.waiting == []


def test_there_is_at_most_one_digest_a_window(world: OutboxWorld) -> None:
    for minute in range(0, 180, 5):
        world.put(finding(f"{minute:03}", Severity.BACKGROUND))
        world.sweep_for(SWEEP_SECONDS)
    assert world.topic.summary_counts == [12, 12, 12]


def test_a_notifier_that_dies_between_digest_and_marking_sends_it_again(world: OutboxWorld) -> None:
    world.put(finding("a", Severity.LOW))
    world.clock.advance(HOUR)
    world.topic.after = SystemExit()
    with pytest.raises(SystemExit):
        world.sweep()
    world.topic.after = None
    world.sweep_for(30 * MINUTE)
    assert world.topic.summary_counts == [1, 1]
    assert world.waiting == []


def test_a_finding_that_can_not_be_rendered_is_left_out_of_the_digest(world: OutboxWorld) -> None:
    world.put(finding("a", Severity.LOW), finding("bad", Severity.LOW), finding("c", Severity.LOW))
    broken = json.dumps({**json.loads(finding("bad", Severity.LOW).to_json()), "first_seen": None})
    clients.dynamodb().update_item(
        TableName=FINDINGS_TABLE,
        Key={"id": {"S": "bad"}},
        UpdateExpression="SET finding = :broken",
        ExpressionAttributeValues={":broken": {"S": broken}},
    )
    world.sweep_for(HOUR)
    assert world.topic.summary_counts == [2]
    assert world.item("bad")["undelivered_reason"] == {"S": "quarantined"}
    assert world.waiting == []
    assert metrics().metric_set["PoisonFindings"]["Value"] == [1.0]


def test_a_finding_acknowledged_before_its_digest_is_in_none(world: OutboxWorld) -> None:
    world.put(finding("a", Severity.LOW))
    world.finding_triage.acknowledge("a", "alice")
    world.sweep_for(2 * HOUR)
    assert world.topic.sent == []
