"""Settings for detection and alerts: what is accepted, and what an error says."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.findings.suppressions import Suppressions
from flowsentry.findings.thresholds import Thresholds
from stacks.settings.alerts import AlertSettings
from stacks.settings.deployment import PARAMETER_BYTES
from stacks.settings.detection import DetectionSettings
from stacks.settings.reading import SettingsError
from stacks.settings.suppressions import RESEARCH_SCANNERS
from tests.stacks.test_deployment import ROOT, read, refusal

CHANNEL = {"workspace_id": "T0123456789", "channel_id": "C0123456789", "name": "security"}
MONITOR = {"reason": "ours", "networks": ["198.51.100.0/28"]}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"own_public_networks": ["198.51.100.1/24"]},
            'own_public_networks[0] is "198.51.100.1/24"; allowed: a CIDR block',
        ),
        ({"trusted_networks": ["office"]}, 'trusted_networks[0] is "office"; allowed: a CIDR block'),
        ({"public_login_services": "git-1"}, 'public_login_services is "git-1"; allowed: a list of 0 to 5000 items'),
        ({"public_login_services": [""]}, 'public_login_services[0] is ""; allowed: an address'),
        ({"public_login_services": [22]}, "public_login_services[0] is 22; allowed: an address"),
        ({"public_login_services": ["a,b"]}, 'public_login_services[0] is "a,b"; allowed: an address'),
        ({"public_login_services": ["10.0.0.5/8"]}, 'public_login_services[0] is "10.0.0.5/8"; allowed: an address'),
        ({"public_login_services": ["10.0.0.5:443"]}, 'public_login_services[0] is "10.0.0.5:443"; allowed: an'),
        (
            {"thresholds": {"scan": {"min_endpoints": 2}}},
            "flowsentry.thresholds.scan.min_endpoints is 2; allowed: a whole number from 5 to 60",
        ),
        (
            {"thresholds": {"scan": {"min_ports": 2}}},
            "flowsentry.thresholds.scan.min_ports is 2, but there is no such setting; did you mean min_",
        ),
        (
            {"thresholds": {"scan": {"min_failed_per_answered": "nan"}}},
            "flowsentry.thresholds.scan.min_failed_per_answered is NaN; allowed: a number from 1 to 20",
        ),
        ({"thresholds": [20]}, "flowsentry.thresholds is [20]; allowed: an object with scan, blocked, login, service"),
        (
            {"suppressions": [{"reason": "ours", "networks": ["10.0.0.1/8"]}]},
            'flowsentry.suppressions[0].networks is ["10.0.0.1/8"]; allowed: a list of addresses, or networks',
        ),
        ({"suppressions": {}}, "flowsentry.suppressions is {}; allowed: a list of objects"),
        ({"observe_only_until": "2026-02-30"}, 'observe_only_until is "2026-02-30"; allowed: a day such as'),
        ({"observe_only_until": 7}, "observe_only_until is 7; allowed: a day such as"),
        ({"digest_emails": ["me"]}, 'digest_emails[0] is "me"; allowed: an e-mail address'),
        ({"digest_topic": "yes"}, 'digest_topic is "yes"; allowed: true or false'),
        ({"event_bus": "my bus"}, 'event_bus is "my bus"; allowed: "" for none'),
        (
            {"max_urgent_messages_an_hour": 0},
            "max_urgent_messages_an_hour is 0; allowed: a whole number from 1 to 1000",
        ),
        ({"slack_channels": [CHANNEL]}, "slack_channels are given and chat_topic is false; allowed: chat_topic true"),
        (
            {"slack_channels": [{**CHANNEL, "name": "a b"}]},
            'slack_channels[0].name is "a b"; allowed: at most 64 letters',
        ),
        (
            {"chat_topic": True, "slack_channels": [CHANNEL, CHANNEL]},
            "flowsentry.slack_channels: name 'security' is given 2 times; allowed: once",
        ),
    ],
)
def test_an_invalid_setting_is_named_with_what_is_allowed(settings: dict[str, Any], words: str) -> None:
    assert words in refusal(settings)


def test_an_address_for_alerts_and_digests_is_refused_without_a_digest_topic() -> None:
    both = {"alert_emails": ["a@example.com"], "digest_emails": ["a@example.com", "b@example.com"]}
    assert "a@example.com is in alert_emails and digest_emails; allowed: in one" in refusal(both)
    assert read({**both, "digest_topic": True}).digest_emails == ("a@example.com", "b@example.com")


def test_only_thresholds_that_differ_from_their_default_are_passed_on() -> None:
    assert read({}).changed_thresholds == ""
    assert read({"thresholds": {"scan": {"min_endpoints": 10}}}).changed_thresholds == ""
    changed = {"scan": {"min_endpoints": 20}, "login": {"min_attempts": 30}}
    passed_on = read({"thresholds": changed}).changed_thresholds
    assert json.loads(passed_on) == changed
    assert Thresholds.from_json(passed_on) == Thresholds.of(changed)


def test_a_threshold_on_the_command_line_is_merged() -> None:
    deployment = read({"thresholds": {"login": {"min_attempts": 30}}}, thresholds__scan__min_endpoints="20")
    assert deployment.thresholds.differences() == {"scan.min_endpoints": 20, "login.min_attempts": 30}


def test_a_threshold_that_is_a_fraction_may_be_given_on_the_command_line() -> None:
    deployment = read({}, thresholds__scan__min_failed_per_answered="2.5")
    assert deployment.thresholds.differences() == {"scan.min_failed_per_answered": 2.5}


def test_observing_ends_at_the_start_of_the_day_in_utc() -> None:
    assert read({}).observed_only_until == 0
    until = read({"observe_only_until": "2026-12-01"}).observed_only_until
    assert datetime.fromtimestamp(until, UTC) == datetime(2026, 12, 1, tzinfo=UTC)


@given(st.dates(min_value=date(1971, 1, 1)))
def test_any_day_is_accepted_as_the_end_of_observing(day: date) -> None:
    assert read({"observe_only_until": str(day)}).observed_only_until > 0


def test_the_first_suppressions_are_those_of_the_settings_and_disabled_research_scanners() -> None:
    first = Suppressions.of_json(read({"suppressions": [MONITOR]}).first_suppressions)
    assert [each.is_enabled for each in first.entries] == [True] + [False] * len(RESEARCH_SCANNERS)
    assert all(each.source.startswith("https://") for each in first.entries[1:])


def test_suppressions_that_exceed_their_parameter_are_refused_with_a_remedy() -> None:
    many = [{"reason": f"host {number}", "networks": [f"198.51.100.{number}"]} for number in range(200)]
    assert "Put the others into the suppressions object" in refusal({"suppressions": many})
    assert len(read({}).first_suppressions) < PARAMETER_BYTES / 4


@pytest.mark.parametrize("bus", ["", "default", "security/alerts", "arn:aws:events:eu-west-1:123456789012:event-bus/a"])
def test_an_event_bus_is_a_name_or_an_arn(bus: str) -> None:
    assert read({"event_bus": bus}).event_bus == bus


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_value_is_accepted_or_refused_with_its_key(value: object) -> None:
    for each in (*DetectionSettings.model_fields, *AlertSettings.model_fields):
        try:
            read({each: value})
        except SettingsError as error:
            assert each in str(error)  # noqa: PT017 - both are right


def test_the_page_on_suppressions_names_the_research_scanners() -> None:
    page = (ROOT / "docs" / "suppressions.md").read_text().replace("\n", " ")
    names = [each["reason"].partition(": ")[2] for each in RESEARCH_SCANNERS]
    assert [name for name in names if f"**{name}**" not in page] == []
