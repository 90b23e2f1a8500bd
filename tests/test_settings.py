"""Settings: read from the environment once, complete or refused with everything that is wrong."""

from collections.abc import Iterator

import pytest

from flowsentry.settings import (
    InventorySettings,
    NotifierSettings,
    ObjectProcessorSettings,
    ProcessorSettings,
    SettingsError,
    read,
    settings,
)

PROCESSOR = {
    "EVIDENCE_TABLE": "evidence",
    "FINDINGS_TABLE": "findings",
    "OUTPUT_BUCKET": "output",
    "LOG_FORMATS_PARAMETER": "/flowsentry/log-formats",
    "INVENTORY_QUEUE_URL": "https://sqs/inventory",
}


@pytest.fixture(autouse=True)
def unread() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_a_complete_environment_is_read() -> None:
    given = read(ProcessorSettings, PROCESSOR)
    assert given.evidence_table == "evidence"
    assert given.inventory_key == "inventory/snapshot.zip"
    assert (given.inside_networks, given.geo_databases) == ((), ())


def test_an_error_names_every_missing_variable_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        read(ObjectProcessorSettings, {"EVIDENCE_TABLE": "evidence", "OUTPUT_BUCKET": "  "})
    assert str(refused.value) == (
        "environment: FINDINGS_TABLE is missing; OUTPUT_BUCKET is missing; LOG_FORMATS_PARAMETER is missing; "
        "INVENTORY_QUEUE_URL is missing; IDEMPOTENCY_TABLE is missing; OBJECT_DLQ_URL is missing"
    )


def test_networks_are_a_list_between_commas() -> None:
    given = read(ProcessorSettings, {**PROCESSOR, "INSIDE_NETWORKS": "10.0.0.0/8, fd00::/8 ,"})
    assert given.inside_networks == ("10.0.0.0/8", "fd00::/8")


@pytest.mark.parametrize("text", ["soon", "-5", "0", "1.5"])
def test_a_number_that_is_none_is_named_with_what_it_is(text: str) -> None:
    environment = {"FINDINGS_TABLE": "findings", "ALERT_TOPIC_ARN": "arn", "OUTPUT_BUCKET": "b", "DIGEST_MINUTES": text}
    with pytest.raises(SettingsError, match=f"DIGEST_MINUTES is '{text}', not a number above zero"):
        read(NotifierSettings, environment)


def test_the_digest_window_may_be_set() -> None:
    environment = {"FINDINGS_TABLE": "findings", "ALERT_TOPIC_ARN": "arn", "OUTPUT_BUCKET": "b", "DIGEST_MINUTES": "15"}
    assert read(NotifierSettings, environment).digest_minutes == 15


def test_the_environment_is_read_on_first_use_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINDINGS_TABLE", "first")
    monkeypatch.setenv("ALERT_TOPIC_ARN", "arn")
    monkeypatch.setenv("OUTPUT_BUCKET", "output")
    assert settings(NotifierSettings).findings_table == "first"
    monkeypatch.setenv("FINDINGS_TABLE", "second")
    assert settings(NotifierSettings).findings_table == "first"


def test_the_inventory_keeps_what_is_gone_for_a_week_and_rests_for_a_minute() -> None:
    environment = {"OUTPUT_BUCKET": "output", "INVENTORY_QUEUE_URL": "q", "INVENTORY_DLQ_URL": "d"}
    given = read(InventorySettings, {**environment, "INVENTORY_TARGETS_PARAMETER": "/flowsentry/inventory-places"})
    assert (given.inventory_retention_days, given.inventory_cooldown_seconds) == (7, 60)


def test_databases_are_a_list_between_commas() -> None:
    given = read(ProcessorSettings, {**PROCESSOR, "GEO_DATABASES": "s3://a/city.mmdb,s3://b/asn.mmdb"})
    assert given.geo_databases == ("s3://a/city.mmdb", "s3://b/asn.mmdb")
