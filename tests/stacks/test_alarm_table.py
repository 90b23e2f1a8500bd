"""The table of alarms and the runbook's entries: names, descriptions, bounds and readers, without a synth."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from stacks.constructs.parameters import Value
from stacks.monitoring.alarms.construct import description_of
from stacks.monitoring.alarms.row import Row, ToldBy
from stacks.monitoring.alarms.surges import watched_vpcs
from stacks.monitoring.alarms.table import COMPOSITES, Composite, rule_of, table_of
from stacks.monitoring.runbook.entries import ENTRIES
from stacks.monitoring.runbook.entry import Entry
from stacks.settings.deployment import Deployment
from tests.stacks.conftest import ALL_SETTINGS

LONGEST = {"name": "n" * 30, "runbook_url": f"https://{'u' * 150}"}
DESCRIPTION_CHARACTERS, RULE_CHARACTERS = 1_024, 10_240
VPCS = [f"vpc-{number:017x}" for number in range(12)]
by_entry = pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.name)


def deployment(**more: Any) -> Deployment:
    return Deployment.from_context({"flowsentry": {**ALL_SETTINGS, **more}})


def of_vpcs(**more: Any) -> Deployment:
    settings = {"sources": [{"vpc_ids": VPCS, "destination": "s3"}], **more}
    return Deployment.from_context({"flowsentry": settings})


def described(settings: Deployment) -> dict[str, str]:
    every: tuple[Row | Composite, ...] = (*table_of(settings), *COMPOSITES)
    return {each.name: description_of(each, settings) for each in every}


def test_no_two_alarms_have_the_same_name_or_construct_id() -> None:
    rows = table_of(deployment())
    assert len({row.name for row in rows}) == len({row.construct_id for row in rows}) == len(rows)


def test_the_longest_description_fits_into_an_alarm() -> None:
    sizes = {name: len(text) for name, text in described(deployment(**LONGEST)).items()}
    assert {name: size for name, size in sizes.items() if size > DESCRIPTION_CHARACTERS} == {}


def test_a_description_names_the_deployment_and_no_placeholder() -> None:
    texts = described(deployment(name="prod"))
    assert [name for name, text in texts.items() if "/flowsentry/" in text or "flowsentry-" in text] == []
    assert [name for name, text in texts.items() if re.search(r"<[a-z-]+>", text)] == []
    assert "/prod/object-dead-letter-queue-url" in texts["dead-letter-queue"]
    assert "--children-of-alarm-name prod-watch-broken" in texts["watch-broken"]


def test_a_description_ends_with_the_entry_at_the_address_of_the_settings() -> None:
    there = described(deployment(runbook_url="https://example.com/runbook.md"))
    assert there["function-errors-notifier"].endswith("Runbook: https://example.com/runbook.md#function-errors")
    assert described(deployment())["records-skipped"].endswith("Runbook: docs/runbook.md#records-skipped")


@by_entry
def test_an_entry_has_four_sentences_and_a_command(entry: Entry) -> None:
    assert all(each.endswith(".") for each in (entry.meaning, entry.cause, entry.silence))
    assert entry.query.startswith("aws ")


@by_entry
def test_the_parameters_in_a_query_are_shared_by_every_deployment(entry: Entry) -> None:
    rows = [row for row in table_of(deployment()) if row.entry == entry.name]
    for names in {row.names for row in rows} or {()}:
        asked = set(re.findall(r"--name /flowsentry/(\S+)", entry.query_for("flowsentry", names)))
        assert asked <= set(Value)


@by_entry
def test_the_quotes_and_parentheses_of_a_query_are_closed(entry: Entry) -> None:
    assert entry.query.count("'") % 2 == entry.query.count('"') % 2 == 0
    assert entry.query.count("(") == entry.query.count(")")


def test_the_rule_of_a_composite_alarm_is_far_from_its_limit() -> None:
    settings = deployment(name="n" * 30)
    sizes = [len(rule_of(each, table_of(settings), settings.name)) for each in COMPOSITES]
    assert max(sizes) < RULE_CHARACTERS / 4


def test_an_alarm_that_guards_a_state_without_data_keeps_its_state_without_data() -> None:
    """Otherwise the composite alarm would end when the guard returns to INSUFFICIENT_DATA."""
    rows = {row.name: row for row in table_of(deployment())}
    guards = {row.unknown_after for row in rows.values() if row.unknown_after}
    assert guards
    assert {rows[name].missing.value for name in guards if name} == {"ignore"}


def test_an_alarm_outside_the_composite_ones_counts_no_state_without_data() -> None:
    assert [row.name for row in table_of(deployment()) if row.unknown_after and row.told_by is ToldBy.ITSELF] == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, VPCS[:10]),
        ({"reject_surge_alarms": 100}, VPCS),
        ({"reject_surge_alarms": 0}, []),
        ({"reject_surge_vpc_ids": [VPCS[11]]}, [VPCS[11]]),
        ({"reject_surge_vpc_ids": VPCS, "reject_surge_alarms": 2}, VPCS[:2]),
    ],
)
def test_a_bounded_number_of_vpcs_has_an_alarm_on_surges(settings: dict[str, Any], expected: list[str]) -> None:
    assert list(watched_vpcs(of_vpcs(**settings))) == expected


def test_vpcs_that_only_records_name_have_an_alarm_on_surges_if_the_settings_name_them() -> None:
    everywhere = {"sources": [{"all_vpcs": True, "destination": "s3"}]}
    assert watched_vpcs(Deployment.from_context({"flowsentry": everywhere})) == ()
    named = {**everywhere, "reject_surge_vpc_ids": VPCS[:1]}
    assert watched_vpcs(Deployment.from_context({"flowsentry": named})) == (VPCS[0],)


def test_the_query_of_a_surge_reads_the_log_of_the_function_that_reads_the_vpc() -> None:
    in_logs = of_vpcs(sources=[{"vpc_ids": VPCS[:1], "destination": "cloudwatch", "kinesis": False}])
    for settings, reader in ((of_vpcs(), "object-processor"), (in_logs, "stream-processor")):
        assert f"/flowsentry/{reader}" in described(settings)[f"reject-surge-{VPCS[0]}"]


def test_a_budget_counts_what_has_the_deployments_tag_and_tells_operators(
    properties_of: Callable[[str], dict[str, Any]],
) -> None:
    (budget,) = properties_of("AWS::Budgets::Budget").values()
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 200, "Unit": "USD"}
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:application$flowsentry"]}
    assert "BudgetName" not in budget["Budget"]
    told = budget["NotificationsWithSubscribers"]
    assert {each["Notification"]["NotificationType"] for each in told} == {"ACTUAL", "FORECASTED"}
    readers = [subscriber["Address"] for each in told for subscriber in each["Subscribers"]]
    assert set(readers) == {"operators@example.com"}


def test_the_composite_alarms_also_notify_operators_and_the_topic_on_call(
    properties_of: Callable[[str], dict[str, Any]],
) -> None:
    for alarm in properties_of("AWS::CloudWatch::CompositeAlarm").values():
        alerts, on_call, operators = alarm["AlarmActions"]
        assert "alerttopicarn" in str(alerts)
        assert on_call == ALL_SETTINGS["on_call_topic_arn"]
        assert "operatortopicarn" in str(operators)
        assert alarm["OKActions"] == alarm["AlarmActions"]
