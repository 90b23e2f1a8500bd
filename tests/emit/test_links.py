"""Links to the console, decoded as the console does it."""

import re
import string
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flowsentry.emit.console_queries import (
    MAX_LINK_LETTERS,
    MAX_LOG_GROUPS,
    AccountResources,
    insights_link,
    insights_query,
)
from flowsentry.emit.investigation import investigation
from flowsentry.emit.search_terms import SearchTerms
from flowsentry.findings.finding import Severity
from tests.emit.console import opened
from tests.emit.makers import NIGHT, RESOURCES, pair

SEARCH_TERMS = SearchTerms(("10.0.1.5", "2001:db8::7"), (22, 3389), NIGHT, NIGHT + 600)
QUERY = insights_query(SEARCH_TERMS)


def test_the_console_opens_with_query_time_and_log_groups_filled_in() -> None:
    resources = replace(RESOURCES, log_groups=("/flowsentry/vpc-1/0a", "other.group_#2"))
    assert opened(insights_link(QUERY, SEARCH_TERMS, resources)) == {
        "start": "2026-11-03T03:14:05.000Z",
        "end": "2026-11-03T03:24:05.000Z",
        "timeType": "ABSOLUTE",
        "tz": "UTC",
        "editorString": QUERY,
        "source": ["/flowsentry/vpc-1/0a", "other.group_#2"],
    }


@given(st.text(string.printable, max_size=300))
def test_any_query_can_be_read_back_from_its_link(query: str) -> None:
    link = insights_link(query, SEARCH_TERMS, RESOURCES)
    assume(link)
    assert opened(link)["editorString"] == query


@given(st.text(string.printable, max_size=300))
def test_a_link_contains_no_character_at_which_mail_programs_cut_links(query: str) -> None:
    link = insights_link(query, SEARCH_TERMS, RESOURCES)
    assert re.fullmatch(r"(https://[A-Za-z0-9./?=:#$*_-]+[0-9])?", link)
    assert len(link) <= MAX_LINK_LETTERS


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "eu-west-1.console.aws.amazon.com"),
        ("aws-cn", "eu-west-1.console.amazonaws.cn"),
        ("aws-us-gov", "eu-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_every_partition_has_its_own_console(partition: str, host: str) -> None:
    link = insights_link(QUERY, SEARCH_TERMS, replace(RESOURCES, partition=partition))
    assert link.startswith(f"https://{host}/cloudwatch/home?region=eu-west-1#")


@pytest.mark.parametrize(
    "resources",
    [
        AccountResources(),
        replace(RESOURCES, log_groups=()),
        replace(RESOURCES, region=""),
        replace(RESOURCES, region="eu-west-1.evil.example/"),
        replace(RESOURCES, partition="aws-iso"),
        replace(RESOURCES, log_groups=("a group's",)),
    ],
)
def test_without_log_group_or_console_there_is_no_link(resources: AccountResources) -> None:
    assert insights_link(QUERY, SEARCH_TERMS, resources) == ""


def test_of_many_log_groups_the_first_five_are_searched() -> None:
    groups = tuple(f"group-{number}" for number in range(50))
    link = insights_link(QUERY, SEARCH_TERMS, replace(RESOURCES, log_groups=groups))
    assert opened(link)["source"] == list(groups[:MAX_LOG_GROUPS])


def test_log_groups_with_long_names_are_left_out_until_the_link_fits() -> None:
    groups = tuple(f"{number}{'g' * 400}" for number in range(5))
    link = insights_link(QUERY, SEARCH_TERMS, replace(RESOURCES, log_groups=groups))
    assert opened(link)["source"] == list(groups[:3])
    assert len(link) <= MAX_LINK_LETTERS


def test_a_vpc_without_log_group_gets_no_link() -> None:
    blocked = pair("blocked_internal", Severity.MEDIUM, "10.0.1.5", "vpc-1", responder="10.0.3.7", responder_port=5432)
    here = replace(RESOURCES, vpcs_in_s3=("vpc-1",))
    assert investigation(blocked, here).insights_link == investigation(blocked, here).insights_query == ""
    assert investigation(blocked, here).athena_query
    assert investigation(replace(blocked, scope="vpc-2"), here).insights_link
