"""What a user may set about what is told, and whom."""

import json
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.findings.suppressions import Suppressions
from flowsentry.findings.thresholds import Thresholds
from stacks.settings.alerts import AlertSettings, SlackChannel
from stacks.settings.allowed import SettingsError
from stacks.settings.deployment import PARAMETER_BYTES
from stacks.settings.detection import DetectionSettings
from stacks.settings.research_scanners import RESEARCH_SCANNERS
from tests.stacks.test_deployment import ROOT, read, refusal

CHANNEL = {"workspace_id": "T0123456789", "channel_id": "C0123456789", "name": "security"}
MONITOR = {"reason": "ours", "networks": ["198.51.100.0/28"]}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"own_public_networks": ["198.51.100.1/24"]},
            'own_public_networks[0] is "198.51.100.1/24"; allowed: a network',
        ),
        ({"trusted_networks": ["office"]}, 'trusted_networks[0] is "office"; allowed: a network'),
        ({"public_login_services": "git-1"}, 'public_login_services is "git-1"; allowed: a list, each item an address'),
        ({"public_login_services": ["x" * 200] * 6}, "public_login_services: they have 1,205 bytes; allowed: 1,000"),
        ({"public_login_services": [""]}, 'public_login_services[0] is ""; allowed: an address'),
        ({"public_login_services": [22]}, "public_login_services[0] is 22; allowed: an address"),
        ({"public_login_services": ["a,b"]}, 'public_login_services[0] is "a,b"; allowed: an address'),
        ({"public_login_services": ["10.0.0.5/8"]}, 'public_login_services[0] is "10.0.0.5/8"; allowed: an address'),
        ({"public_login_services": ["10.0.0.5:443"]}, 'public_login_services[0] is "10.0.0.5:443"; allowed: an'),
        (
            {"thresholds": {"scan": {"min_endpoints": 2}}},
            "flowsentry.thresholds: scan.min_endpoints is 2; allowed: a whole number from 5 to 60",
        ),
        (
            {"thresholds": {"scan": {"min_ports": 2}}},
            "flowsentry.thresholds: there is no threshold scan.min_ports",
        ),
        ({"thresholds": [20]}, "flowsentry.thresholds: thresholds are [20]; allowed: sections"),
        (
            {"suppressions": [{"reason": "ours", "networks": ["10.0.0.1/8"]}]},
            'flowsentry.suppressions[0].networks is ["10.0.0.1/8"]; allowed: a list of networks',
        ),
        ({"suppressions": {}}, "flowsentry.suppressions is {}; allowed: a list of objects"),
        ({"observe_only_until": "2026-02-30"}, 'observe_only_until is "2026-02-30"; allowed: a day such as'),
        ({"observe_only_until": 7}, "observe_only_until is 7; allowed: a day such as"),
        ({"digest_emails": ["me"]}, 'digest_emails[0] is "me"; allowed: an e-mail address'),
        ({"digest_topic": "yes"}, 'digest_topic is "yes"; allowed: true or false'),
        ({"event_bus": "my bus"}, 'event_bus is "my bus"; allowed: "" for none'),
        ({"max_urgent_messages_an_hour": 0}, "max_urgent_messages_an_hour is 0; allowed: a whole number of messages"),
        ({"slack_channels": [CHANNEL]}, "slack_channels are given and chat_topic is false; allowed: chat_topic true"),
        ({"slack_channels": [{**CHANNEL, "name": "a b"}]}, 'slack_channels[0].name is "a b"; allowed: letters'),
        (
            {"chat_topic": True, "slack_channels": [CHANNEL, CHANNEL]},
            "flowsentry.slack_channels: name 'security' is given 2 times; allowed: once",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(settings: dict[str, Any], words: str) -> None:
    assert words in refusal(settings)


def test_an_address_gets_a_digest_once() -> None:
    both = {"alert_emails": ["a@example.com"], "digest_emails": ["a@example.com", "b@example.com"]}
    assert "a@example.com is in alert_emails and digest_emails; allowed: in one" in refusal(both)
    assert read({**both, "digest_topic": True}).digest_emails == ("a@example.com", "b@example.com")


def test_only_thresholds_that_differ_are_handed_on() -> None:
    assert read({}).changed_thresholds == ""
    assert read({"thresholds": {"scan": {"min_endpoints": 10}}}).changed_thresholds == ""
    changed = {"scan": {"min_endpoints": 20}, "login": {"min_attempts": 30}}
    told = read({"thresholds": changed}).changed_thresholds
    assert json.loads(told) == changed
    assert Thresholds.from_json(told) == Thresholds.of(changed)


def test_a_threshold_may_be_given_on_the_command_line() -> None:
    deployment = read({"thresholds": {"login": {"min_attempts": 30}}}, thresholds__scan__min_endpoints="20")
    assert deployment.thresholds.differences() == {"scan.min_endpoints": 20, "login.min_attempts": 30}


def test_observing_ends_as_its_day_begins_in_utc() -> None:
    assert read({}).observed_only_until == 0
    until = read({"observe_only_until": "2026-12-01"}).observed_only_until
    assert datetime.fromtimestamp(until, UTC) == datetime(2026, 12, 1, tzinfo=UTC)


@given(st.dates(min_value=date(1971, 1, 1)))
def test_every_day_can_be_waited_for(day: date) -> None:
    assert read({"observe_only_until": str(day)}).observed_only_until > 0


def test_the_first_suppressions_are_the_users_and_the_research_scanners_turned_off() -> None:
    first = Suppressions.of_json(read({"suppressions": [MONITOR]}).first_suppressions)
    assert [each.is_enabled for each in first.entries] == [True] + [False] * len(RESEARCH_SCANNERS)
    assert all(each.source.startswith("https://") for each in first.entries[1:])


def test_suppressions_that_burst_their_parameter_are_refused_with_the_way_out() -> None:
    many = [{"reason": f"host {number}", "networks": [f"198.51.100.{number}"]} for number in range(200)]
    assert "Put the others into the object of suppressions" in refusal({"suppressions": many})
    assert len(read({}).first_suppressions) < PARAMETER_BYTES / 4


@pytest.mark.parametrize("bus", ["", "default", "security/alerts", "arn:aws:events:eu-west-1:123456789012:event-bus/a"])
def test_a_bus_is_a_name_or_an_arn(bus: str) -> None:
    assert read({"event_bus": bus}).event_bus == bus


def test_every_setting_of_a_slack_channel_is_described() -> None:
    page = (ROOT / "docs" / "settings.md").read_text().partition("## A Slack channel")[2]
    assert [each.name for each in fields(SlackChannel) if f"| `{each.name}` |" not in page] == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_whatever_is_set_is_taken_or_refused_in_words(value: object) -> None:
    for each in (*fields(DetectionSettings), *fields(AlertSettings)):
        try:
            read({each.name: value})
        except SettingsError as error:
            assert each.name in str(error)  # noqa: PT017 - both are right


def test_the_page_of_suppressions_names_the_research_scanners() -> None:
    page = (ROOT / "docs" / "suppressions.md").read_text().replace("\n", " ")
    names = [each["reason"].partition(": ")[2] for each in RESEARCH_SCANNERS]
    assert [name for name in names if f"**{name}**" not in page] == []
