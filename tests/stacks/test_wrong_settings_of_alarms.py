"""Wrong settings of alarms about the app itself, and how the sentence that refuses each begins."""

from collections.abc import Mapping
from typing import Any

import pytest

from stacks.settings.deployment import Deployment
from stacks.settings.reading import SettingsError
from tests.stacks.test_wrong_settings import LOGS

WRONG: tuple[tuple[Mapping[str, Any], str], ...] = (
    (
        {"alert_emails": ["a@b.c"], "operator_emails": ["a@b.c"]},
        ": a@b.c is in alert_emails and operator_emails; allowed: in one of them, because alert_emails get the same",
    ),
    (
        {"on_call_topic_arn": "on-call"},
        'on_call_topic_arn is "on-call"; allowed: "" for none, or the ARN of a topic',
    ),
    (
        {"runbook_url": "http://example.com/runbook"},
        'runbook_url is "http://example.com/runbook"; allowed: "" for none, or an address that begins with https://',
    ),
    ({"runbook_url": f"https://{'x' * 151}"}, 'runbook_url is "https://xxx'),
    ({"reject_surge_alarms": 101}, "reject_surge_alarms is 101; allowed: a whole number from 0 to 100"),
    (
        {"reject_surge_vpc_ids": ["eni-0123456789abcdef0"]},
        'reject_surge_vpc_ids[0] is "eni-0123456789abcdef0"; allowed: a VPC ID such as vpc-0123456789abcdef0',
    ),
    ({"monthly_budget_dollars": -1}, "monthly_budget_dollars is -1; allowed: a whole number from 0 to 100000"),
    (
        {"monthly_budget_dollars": 50},
        ": monthly_budget_dollars is 50 and 0 addresses would get its e-mail; allowed: 1 to 10 in operator_emails",
    ),
    (
        {"monthly_budget_dollars": 50, "alert_emails": [f"a{number}@b.c" for number in range(11)]},
        ": monthly_budget_dollars is 50 and 11 addresses would get its e-mail; allowed: 1 to 10 in operator_emails",
    ),
)


@pytest.mark.parametrize(("settings", "sentence"), WRONG, ids=[sentence.partition(";")[0] for _, sentence in WRONG])
def test_a_wrong_setting_is_refused_with_one_sentence(settings: Mapping[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Deployment.from_context({"flowsentry": {"sources": [LOGS], **settings}})
    (problem,) = refused.value.problems
    assert problem.removeprefix("flowsentry").removeprefix(".").startswith(sentence)


@pytest.mark.parametrize(
    "settings",
    [
        {"runbook_url": f"https://{'x' * 150}"},
        {"reject_surge_alarms": 100},
        {"monthly_budget_dollars": 100_000, "alert_emails": ["a@b.c"]},
        {"monthly_budget_dollars": 1, "alert_emails": [f"a{number}@b.c" for number in range(10)]},
        {"monthly_budget_dollars": 1, "operator_emails": ["a@b.c"]},
    ],
)
def test_settings_just_within_their_limits_are_accepted(settings: Mapping[str, Any]) -> None:
    Deployment.from_context({"flowsentry": {"sources": [LOGS], **settings}})
