"""The rules of composite alarms."""

import pytest

from local.aws.monitoring.alarm_rules import holds

STATES = {"on": "ALARM", "off": "OK", "new": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('ALARM("on")', True),
        ("ALARM(off)", False),
        ("OK('off')", True),
        ("INSUFFICIENT_DATA(arn:aws:cloudwatch:us-east-1:123456789012:alarm:new)", True),
        ("ALARM(off) OR ALARM(on)", True),
        ("ALARM(on) AND ALARM(off)", False),
        ("NOT ALARM(off)", True),
        ("NOT (ALARM(on) OR ALARM(off))", False),
        ("ALARM(on) OR ALARM(off) AND FALSE", True),
        ("(ALARM(on) OR ALARM(off)) AND FALSE", False),
        ("NOT FALSE AND TRUE", True),
        ("INSUFFICIENT_DATA(new) AND NOT INSUFFICIENT_DATA(off)", True),
    ],
)
def test_a_rule_holds_by_the_states_of_its_alarms(rule: str, expected: bool) -> None:  # noqa: FBT001 - a parameter
    assert holds(rule, STATES) is expected


@pytest.mark.parametrize("rule", ["", "ALARM(on) ALARM(off)", "(ALARM(on)", "ALARM(on) OR", "on OR off", "ALARM(on))"])
def test_what_is_no_rule_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="alarm rule"):
        holds(rule, STATES)


def test_an_alarm_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        holds("ALARM(nothing)", STATES)
