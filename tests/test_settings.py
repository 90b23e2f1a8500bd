"""Settings of the functions: read from environment variables once, and every problem is reported at the same time."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.settings import (
    MAX_DIGITS,
    FunctionSettingsError,
    InventorySettings,
    NotifierSettings,
    ObjectProcessorSettings,
    ProcessorSettings,
    StreamProcessorSettings,
    environment_of,
    read,
    settings,
)
from tests.architecture.sources import imported, modules

KINDS = (ProcessorSettings, StreamProcessorSettings, ObjectProcessorSettings, InventorySettings, NotifierSettings)
PROCESSOR = {
    "EVIDENCE_TABLE": "evidence",
    "FINDINGS_TABLE": "findings",
    "OUTPUT_BUCKET": "output",
    "LOG_FORMATS_PARAMETER": "/flowsentry/log-formats",
    "INVENTORY_QUEUE_URL": "https://sqs/inventory",
}
NOTIFIER = {"FINDINGS_TABLE": "findings", "ALERT_TOPIC_ARN": "arn", "OUTPUT_BUCKET": "output"}
INVENTORY = {
    "OUTPUT_BUCKET": "output",
    "INVENTORY_QUEUE_URL": "queue",
    "INVENTORY_DLQ_URL": "dead-letters",
    "INVENTORY_TARGETS_PARAMETER": "/flowsentry/inventory-targets",
    "COVERAGE_PARAMETER": "/flowsentry/flow-log-coverage",
    "EVIDENCE_TABLE": "evidence",
    "FINDINGS_TABLE": "findings",
}
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters=","), min_size=1).map(str.strip).filter(bool)
VALUES: dict[object, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: st.integers(min_value=1, max_value=10**MAX_DIGITS - 1),
    bool: st.booleans(),
    tuple[str, ...]: st.lists(TEXTS).map(tuple),
}


@pytest.fixture(autouse=True)
def unread() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


@st.composite
def settings_of_a_function(draw: st.DrawFn) -> Any:
    """Settings of any function, with and without values for fields that have a default."""
    kind = draw(st.sampled_from(KINDS))
    required = {each.name for each in fields(kind) if not isinstance(each.default, str | int | tuple)}
    given_names = required | draw(st.sets(st.sampled_from([each.name for each in fields(kind)])))
    return kind(**{each.name: draw(VALUES[each.type]) for each in fields(kind) if each.name in given_names})


@given(settings_of_a_function())
def test_the_variables_of_settings_are_read_as_the_same_settings(written: Any) -> None:
    assert read(type(written), environment_of(written)) == written


def test_a_token_of_the_cdk_is_passed_through() -> None:
    given_settings = read(ProcessorSettings, {**PROCESSOR, "OUTPUT_BUCKET": "${Token[TOKEN.123]}"})
    assert environment_of(given_settings)["OUTPUT_BUCKET"] == "${Token[TOKEN.123]}"


def test_empty_values_make_no_variable() -> None:
    assert set(environment_of(read(ProcessorSettings, PROCESSOR))) - {"INVENTORY_KEY", "SUPPRESSIONS_KEY"} == set(
        PROCESSOR
    )


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"log_groups": ("a,b",)}, "log_groups"),
        ({"digest_minutes": 0}, "digest_minutes"),
        ({"athena_table": " flows"}, "athena_table"),
    ],
)
def test_a_value_that_no_variable_can_hold_is_refused(change: dict[str, Any], name: str) -> None:
    lost = NotifierSettings(findings_table="findings", alert_topic_arn="arn", output_bucket="output", **change)
    with pytest.raises(FunctionSettingsError, match=f"no variable can hold the value of {name}"):
        environment_of(lost)


def test_a_complete_environment_is_read() -> None:
    complete = read(ProcessorSettings, PROCESSOR)
    assert complete.evidence_table == "evidence"
    assert complete.inventory_key == "inventory/snapshot.zip"
    assert (complete.detection_settings, complete.geo_databases) == ("", ())


def test_an_error_lists_every_missing_variable() -> None:
    with pytest.raises(FunctionSettingsError) as refused:
        read(ObjectProcessorSettings, {"EVIDENCE_TABLE": "evidence", "OUTPUT_BUCKET": "  "})
    assert str(refused.value) == (
        "environment: FINDINGS_TABLE is missing; OUTPUT_BUCKET is missing; LOG_FORMATS_PARAMETER is missing; "
        "INVENTORY_QUEUE_URL is missing; IDEMPOTENCY_TABLE is missing; OBJECT_DLQ_URL is missing"
    )


def test_a_list_is_separated_by_commas() -> None:
    databases = read(ProcessorSettings, {**PROCESSOR, "GEO_DATABASES": "s3://a/b.mmdb, s3://a/c.mmdb ,"}).geo_databases
    assert databases == ("s3://a/b.mmdb", "s3://a/c.mmdb")


@pytest.mark.parametrize("text", ["soon", "-5", "0", "1.5", "٣", "²"])
def test_an_invalid_number_is_named_with_its_value(text: str) -> None:
    with pytest.raises(FunctionSettingsError, match=f"DIGEST_MINUTES is '{text}'; allowed: a whole number from 1 to 9"):
        read(NotifierSettings, {**NOTIFIER, "DIGEST_MINUTES": text})


def test_a_long_number_is_refused_with_its_name_and_its_first_digits() -> None:
    with pytest.raises(FunctionSettingsError, match=f"DIGEST_MINUTES is '{'9' * 200}…'; allowed: a whole number"):
        read(NotifierSettings, {**NOTIFIER, "DIGEST_MINUTES": "9" * 5_000})


def test_a_truth_value_is_true_or_false() -> None:
    assert read(NotifierSettings, {**NOTIFIER, "SECURITY_HUB": "true"}).security_hub
    assert not read(NotifierSettings, {**NOTIFIER, "SECURITY_HUB": "false"}).security_hub
    with pytest.raises(FunctionSettingsError, match="SECURITY_HUB is 'yes'; allowed: true or false"):
        read(NotifierSettings, {**NOTIFIER, "SECURITY_HUB": "yes"})


def test_a_number_replaces_its_default() -> None:
    assert read(NotifierSettings, {**NOTIFIER, "DIGEST_MINUTES": "15"}).digest_minutes == 15


def test_the_environment_is_read_on_first_use_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NOTIFIER.items():
        monkeypatch.setenv(name, value)
    assert settings(NotifierSettings).findings_table == "findings"
    monkeypatch.setenv("FINDINGS_TABLE", "second")
    assert settings(NotifierSettings).findings_table == "findings"


def test_the_inventory_keeps_owners_for_seven_days_and_has_a_cooldown_of_a_minute() -> None:
    inventory = read(InventorySettings, INVENTORY)
    assert (inventory.inventory_retention_days, inventory.inventory_cooldown_seconds) == (7, 60)


def test_the_layer_does_not_import_pydantic_which_would_slow_down_cold_starts() -> None:
    users = {name for name, path in modules().items() if any(each.startswith("pydantic") for each in imported(path))}
    assert users == set()
