"""Every alarm against made data, by CloudWatch's documented rules: no data, good, bad, and recovering."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from local.aws.monitoring.alarm_rules import holds
from local.aws.monitoring.alarm_states import Evaluation, State, upper_band
from stacks.monitoring.alarms.filters import alarms_on_filters
from stacks.monitoring.alarms.table import table_of
from stacks.settings.deployment import Deployment
from tests.stacks.conftest import ALL_SETTINGS, BUSY_VPC, LOGS_OF_ALL, OTHER_VPC, VPC

NO_DATA: State = "INSUFFICIENT_DATA"
GOOD: tuple[State, State, State] = ("OK", "OK", "OK")
"""Nothing is emitted where nothing happens: without data an alarm is OK."""
UNCHANGED: tuple[State, State, State] = (NO_DATA, "OK", "ALARM")
"""What was checked last is still the case."""
UNKNOWN: tuple[State, State, State] = (NO_DATA, NO_DATA, NO_DATA)
"""What emits the metric has stopped; the composite alarm tells of it once it had begun."""
BAD: tuple[State, State, State] = ("ALARM", "ALARM", "ALARM")
"""What emits the metric never stops."""
DEPLOYMENT = Deployment.from_context({"flowsentry": ALL_SETTINGS})
PROCESSORS = ("stream-processor", "object-processor")
FUNCTIONS = (*PROCESSORS, "inventory", "notifier", "rule-usage")
WITHOUT_DATA: dict[str, tuple[State, State, State]] = {
    **dict.fromkeys(("dead-letter-queue", "dead-letters-old", "oldest-object-event", "inventory-dead-letters"), GOOD),
    **dict.fromkeys(("failed-invocations-lost", "iterator-age", "canary-lost"), GOOD),
    **dict.fromkeys((f"function-errors-{each}" for each in FUNCTIONS), GOOD),
    **dict.fromkeys((f"throttled-{each}" for each in FUNCTIONS), GOOD),
    **dict.fromkeys((f"stored-object-unreadable-{each}" for each in (*PROCESSORS, "inventory")), GOOD),
    **dict.fromkeys((f"suppressions-unreadable-{each}" for each in PROCESSORS), GOOD),
    **dict.fromkeys(("inventory-target-failed", "cluster-unreachable"), GOOD),
    **dict.fromkeys(("poison-findings", "channel-refused", "no-subscription"), GOOD),
    **dict.fromkeys((f"delivery-failed-{each}" for each in ("alerts", "digests", "chats", "operators")), GOOD),
    **dict.fromkeys((f"reject-surge-{each}" for each in (VPC, OTHER_VPC, BUSY_VPC)), GOOD),
    **dict.fromkeys((row.name for row in alarms_on_filters(DEPLOYMENT)), GOOD),
    **dict.fromkeys((f"inventory-stale-{each}" for each in PROCESSORS), UNCHANGED),
    **dict.fromkeys(("flow-log-failed", "records-skipped", "alerts-not-sent"), UNCHANGED),
    **dict.fromkeys((f"freshness-{each}" for each in PROCESSORS), UNKNOWN),
    **dict.fromkeys(("flow-log-silent", "rule-usage-behind"), UNKNOWN),
    "notifier-stopped": BAD,
}
"""The state of each alarm that never had data, whose data stop while they are good, and while they are bad."""
HISTORY = [8.0, 12.0] * 10
by_alarm = pytest.mark.parametrize("name", WITHOUT_DATA)
Properties = Mapping[str, Any]
Alarms = Mapping[str, Properties]


@pytest.fixture(scope="module")
def alarms(properties_of: Callable[[str], dict[str, Any]]) -> dict[str, Properties]:
    made = properties_of("AWS::CloudWatch::Alarm").values()
    return {each["AlarmName"].removeprefix("flowsentry-"): each for each in made}


@pytest.fixture(scope="module")
def rules(properties_of: Callable[[str], dict[str, Any]]) -> dict[str, str]:
    made = properties_of("AWS::CloudWatch::CompositeAlarm").values()
    return {each["AlarmName"].removeprefix("flowsentry-"): each["AlarmRule"] for each in made}


def threshold_of(alarm: Properties) -> float:
    return upper_band(HISTORY, 3) or 0 if "ThresholdMetricId" in alarm else alarm["Threshold"]


def values_of(alarm: Properties) -> tuple[float, float]:
    """A value that is just good, and one that is just bad."""
    threshold = threshold_of(alarm)
    return threshold, threshold + (-1 if alarm["ComparisonOperator"] == "LessThanThreshold" else 1)


def last_state(alarm: Properties, *values: float | None) -> State:
    """The state after these values, evaluated after each of them; the alarm begins without data."""
    evaluation, state = Evaluation.of(alarm), NO_DATA
    for end in range(1, len(values) + 1):
        state = evaluation.state(values[:end], threshold_of(alarm), state)
    return state


def test_every_alarm_is_in_the_table_of_this_test(alarms: Alarms) -> None:
    assert set(alarms) == set(WITHOUT_DATA)


@by_alarm
def test_without_data_an_alarm_has_the_chosen_state(alarms: Alarms, name: str) -> None:
    alarm = alarms[name]
    good, bad = values_of(alarm)
    nothing = [None] * 20
    states = tuple(last_state(alarm, *before, *nothing) for before in ((), [good] * 20, [bad] * 20))
    assert states == WITHOUT_DATA[name]


@by_alarm
def test_good_data_are_ok_and_as_many_bad_ones_as_the_alarm_says_are_not(alarms: Alarms, name: str) -> None:
    alarm = alarms[name]
    good, bad = values_of(alarm)
    failing = alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"])
    assert last_state(alarm, *[good] * 20) == "OK"
    assert last_state(alarm, *[good] * 20, *[bad] * (failing - 1)) == "OK"
    assert last_state(alarm, *[good] * 20, *[bad] * failing) == "ALARM"


@by_alarm
def test_an_alarm_ends_with_as_many_good_data_as_it_evaluates(alarms: Alarms, name: str) -> None:
    alarm = alarms[name]
    good, bad = values_of(alarm)
    assert last_state(alarm, *[bad] * 20, *[good] * alarm["EvaluationPeriods"]) == "OK"


def test_errors_in_one_of_three_periods_are_no_alarm_and_in_two_that_are_apart_they_are(alarms: Alarms) -> None:
    alarm = alarms["function-errors-notifier"]
    assert last_state(alarm, None, 1, None, None) == "OK"
    assert last_state(alarm, None, 1, None, 1) == "ALARM"


def test_a_surge_of_two_quarters_of_an_hour_is_an_alarm_and_a_drop_is_none(alarms: Alarms) -> None:
    alarm = alarms[f"reject-surge-{VPC}"]
    assert last_state(alarm, *HISTORY, 500, 10, 500) == "ALARM"
    assert last_state(alarm, *HISTORY, 500, 10, 10) == "OK"
    assert last_state(alarm, *HISTORY, 0, 0, 0) == "OK"


def states(alarms: Alarms, **other: State) -> dict[str, State]:
    """All alarms OK, except for these."""
    given = {name.replace("_", "-"): state for name, state in other.items()}
    return {f"flowsentry-{name}": given.get(name, "OK") for name in alarms}


def test_nothing_is_told_while_all_alarms_are_ok(alarms: Alarms, rules: Mapping[str, str]) -> None:
    assert {name: holds(rule, states(alarms)) for name, rule in rules.items()} == {
        "watch-broken": False,
        "people-not-told": False,
    }


def test_a_first_deployment_without_data_is_no_outage(alarms: Alarms, rules: Mapping[str, str]) -> None:
    new = {f"flowsentry-{name}": last_state(alarm, *[None] * 20) for name, alarm in alarms.items()}
    running = new | {"flowsentry-notifier-stopped": "OK"}  # its schedule began with the stack before
    assert [name for name, rule in rules.items() if holds(rule, running)] == []


@pytest.mark.parametrize("processor", PROCESSORS)
def test_a_processor_that_reads_nothing_any_more_breaks_the_watch(
    alarms: Alarms, rules: Mapping[str, str], processor: str
) -> None:
    silent = states(alarms) | {f"flowsentry-freshness-{processor}": NO_DATA}
    assert holds(rules["watch-broken"], silent)
    assert not holds(rules["watch-broken"], silent | {f"flowsentry-inventory-stale-{processor}": NO_DATA})


def test_a_check_of_flow_logs_that_stops_breaks_the_watch(alarms: Alarms, rules: Mapping[str, str]) -> None:
    assert holds(rules["watch-broken"], states(alarms, flow_log_silent=NO_DATA))
    assert not holds(rules["watch-broken"], states(alarms, flow_log_silent=NO_DATA, flow_log_failed=NO_DATA))


TOLD = {
    "watch-broken": {
        *("oldest-object-event", "failed-invocations-lost", "iterator-age", "canary-lost"),
        *("flow-log-silent", "flow-log-failed"),
        *(f"{kind}-{each}" for each in PROCESSORS for kind in ("freshness", "function-errors", "throttled")),
    },
    "people-not-told": {
        *("alerts-not-sent", "notifier-stopped", "poison-findings", "channel-refused", "no-subscription"),
        *("function-errors-notifier", "throttled-notifier"),
        *(f"delivery-failed-{each}" for each in ("alerts", "digests", "chats", "operators")),
    },
}
"""The alarms of each composite alarm."""


@by_alarm
def test_an_alarm_is_told_by_itself_or_by_one_composite_alarm(
    alarms: Alarms, rules: Mapping[str, str], name: str
) -> None:
    on = states(alarms) | {f"flowsentry-{name}": "ALARM"}
    telling = {composite for composite, rule in rules.items() if holds(rule, on)}
    assert telling == {composite for composite, children in TOLD.items() if name in children}
    assert ("AlarmActions" in alarms[name]) != bool(telling)


def test_a_dead_letter_breaks_no_watch_and_hides_no_later_outage(alarms: Alarms, rules: Mapping[str, str]) -> None:
    assert not holds(rules["watch-broken"], states(alarms, dead_letter_queue="ALARM"))


def test_the_function_that_logs_every_vpc_has_alarms_of_its_own(alarms: Alarms) -> None:
    rows = {row.name for row in table_of(Deployment.from_context({"flowsentry": LOGS_OF_ALL}))}
    assert {"function-errors-flow-log-creator", "throttled-flow-log-creator"} <= rows - set(alarms)
