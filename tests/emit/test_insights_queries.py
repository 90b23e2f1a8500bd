"""Queries about a finding: they find its records in any log format and contain validated terms only."""

import ipaddress
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.emit.console_queries import athena_query, insights_query
from flowsentry.emit.investigation import investigation
from flowsentry.emit.search_terms import MARGIN_SECONDS, search_terms_of
from flowsentry.findings.finding import Finding, Severity
from flowsentry.inventory.source_address import source_of
from tests.emit.findings import FINDINGS
from tests.emit.makers import NIGHT, RESOURCES, pair

BLOCKED = FINDINGS["blocked_path_with_rule"]


def matches(query: str, record: str) -> bool:
    """Whether Logs Insights returns the record: it matches the expression of every filter."""
    expressions = re.findall(r"^\| filter @message like /(.*)/$", query, flags=re.MULTILINE)
    assert expressions
    return all(re.search(each, record) for each in expressions)


def insights(finding: Finding) -> str:
    search_terms = search_terms_of(finding)
    assert search_terms
    return insights_query(search_terms)


@pytest.mark.parametrize(
    "record",
    [
        "2 123456789012 eni-0db 10.0.1.5 10.0.3.7 45000 5432 6 3 180 1 2 REJECT OK",
        "10.0.3.7 5432 10.0.1.5 45000",
        "vpc-1 10.9.9.9 10.0.1.5 10.0.3.7 5432",
    ],
)
def test_a_record_in_any_format_is_found(record: str) -> None:
    assert matches(insights(BLOCKED), record)


@pytest.mark.parametrize(
    "record",
    [
        "2 123456789012 eni-0db 10.0.1.55 10.0.3.7 45000 5432 6 3 180 1 2 REJECT OK",
        "2 123456789012 eni-0db 110.0.1.5 10.0.3.7 45000 5432 6 3 180 1 2 REJECT OK",
        "2 123456789012 eni-0db 10.0.1.5 10.0.3.7 45000 54321 6 3 180 1 2 REJECT OK",
        "2 123456789012 eni-0db 10x0y1z5 10.0.3.7 45000 5432 6 3 180 1 2 REJECT OK",
    ],
)
def test_an_address_inside_another_word_is_not_found(record: str) -> None:
    assert not matches(insights(BLOCKED), record)


OUTSIDE = FINDINGS["external_scan_from_ipv6_network"]
prefixes = st.lists(st.sampled_from([0, 0, 1, 0xDB8, 0xFFFF]), min_size=3, max_size=3)
groups = st.lists(st.sampled_from([0, 0, 0, 1, 0xA, 0xFFFF]), min_size=4, max_size=4)


def address(groups: list[int]) -> str:
    return str(ipaddress.IPv6Address(b"".join(group.to_bytes(2) for group in groups)))


@given(prefix=prefixes, other=prefixes, host=groups)
def test_a_query_for_a_network_finds_all_of_its_addresses_and_no_others(
    prefix: list[int], other: list[int], host: list[int]
) -> None:
    finding = replace(OUTSIDE, subject=f"{address([0x2001, *prefix, 0, 0, 0, 0])}/64", details={})
    insights_finds = matches(insights(finding), f"2 - eni-0db {address([0x2001, *other, *host])} 10.0.3.7 45000 22 6")
    assert insights_finds == (prefix == other)
    pattern = re.findall(r"regexp_like\(each, '(.*)'\)", investigation(finding, RESOURCES).athena_query)[0]
    assert bool(re.search(pattern, address([0x2001, *other, *host]))) == (prefix == other)


def test_a_query_about_few_ports_names_them() -> None:
    query = insights(FINDINGS["internal_password_guessing"])
    assert matches(query, "10.0.1.5 10.0.2.1 45000 22 6")
    assert matches(query, "10.0.1.5 10.0.2.1 45000 3389 6")
    assert not matches(query, "10.0.1.5 10.0.2.1 45000 443 6")


def test_a_query_about_a_scan_of_few_ports_names_them() -> None:
    search_terms = search_terms_of(FINDINGS["inside_scan"])
    assert search_terms
    assert search_terms.ports == (22, 445, 3389)


def test_a_query_about_a_scan_of_many_ports_names_the_source_only() -> None:
    assert matches(insights(FINDINGS["external_scan_answered"]), "203.0.113.9 10.9.9.9 45000 1 6")


def test_a_query_about_skipped_records_names_the_interface() -> None:
    query = insights(FINDINGS["gap_of_an_interface"])
    assert matches(query, "2 123456789012 eni-0web - - - - - - - 1 2 - SKIPDATA")
    assert not matches(query, "2 123456789012 eni-0web - - - - - - - 1 2 - NODATA")


def test_a_query_about_many_responders_names_none_of_them() -> None:
    search_terms = search_terms_of(FINDINGS["blocked_egress_to_many_addresses"])
    assert search_terms
    assert (search_terms.ends, search_terms.ports) == (("10.0.1.5",), (443,))


def test_the_time_range_has_a_margin_on_both_sides() -> None:
    search_terms = search_terms_of(BLOCKED)
    assert search_terms
    assert (search_terms.first, search_terms.last) == (NIGHT - MARGIN_SECONDS, NIGHT + 7_500 + MARGIN_SECONDS)


def test_a_query_reads_the_hours_of_the_records_and_of_their_delivery() -> None:
    midnight = 1_793_664_000  # 2026-11-03
    search_terms = search_terms_of(replace(BLOCKED, first_seen=midnight + 60, last_seen=midnight + 86_400 - 1_800))
    assert search_terms
    query = athena_query(search_terms, "flowsentry.enriched")
    assert "WHERE day BETWEEN '2026-11-02' AND '2026-11-04'\n" in query
    assert "  AND day || 'T' || hour BETWEEN '2026-11-02T23' AND '2026-11-04T05'\n" in query


def test_both_directions_of_a_path_are_in_the_athena_query() -> None:
    query = investigation(BLOCKED, RESOURCES).athena_query
    assert "'10.0.1.5' IN (srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr)" in query
    assert "'10.0.3.7' IN (srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr)" in query
    assert "(srcport IN (5432) OR dstport IN (5432))" in query


@pytest.mark.parametrize("table", ["", "a.b;DROP TABLE x", 'a."b', "a b", "a."])
def test_an_invalid_table_name_gives_no_query(table: str) -> None:
    assert investigation(BLOCKED, replace(RESOURCES, athena_table=table)).athena_query == ""


@pytest.mark.parametrize(
    "subject", ["fe80::1%x/ or 1=1", "10.0.1.5' OR ''='", "eni-1\n| x", "", "10.0.1", "\uff110.0.1.5"]
)
def test_a_subject_that_is_no_address_gives_no_query(subject: str) -> None:
    assert investigation(replace(BLOCKED, subject=subject), RESOURCES).insights_link == ""
    assert investigation(replace(BLOCKED, subject=subject), RESOURCES).athena_query == ""


@pytest.mark.parametrize("when", [-1, 0, 10**12, 10**20])
def test_an_invalid_time_gives_no_query(when: int) -> None:
    assert search_terms_of(replace(BLOCKED, first_seen=when, last_seen=when)) is None


words = st.text(max_size=60)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    [
        *("responder", "responder_port", "responders", "initiator", "initiators", "protocol", "ports", "failed_ports"),
        *("sample_endpoints", "sessions", "services", "subject_owner", "responder_owner"),
    ]
)
ALLOWED = re.compile(
    r"""fields\ @timestamp,\ @message
    (\n\|\ filter\ @message\ like\ /\(\^\|\ \)[0-9a-zA-Z:.|\\(){},?\[\]-]+\(\ \|\$\)/)+
    \n\|\ sort\ @timestamp\n\|\ limit\ 1000""",
    re.VERBOSE | re.ASCII,
)
SQL_LINES = {
    *investigation(pair("blocked_internal", Severity.MEDIUM, "10.0.1.5"), RESOURCES).athena_query.splitlines()[:4],
    "WHERE day BETWEEN ? AND ?",
    "  AND day || ? || hour BETWEEN ? AND ?",
    '  AND "start" BETWEEN 0 AND 0',
    "  AND ? IN (srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr)",
    "  AND any_match(ARRAY[srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr], each -> regexp_like(each, ?))",
    "  AND interface_id = ?",
    "  AND tgw_attachment_id = ?",
    "  AND (srcport IN (0) OR dstport IN (0))",
    'ORDER BY "start"',
    "LIMIT 0",
}


networks = st.ip_addresses(v=6, network="2000::/3").map(lambda each: source_of(str(each)))


@pytest.mark.slow
@given(kind=words, subject=words | st.ip_addresses().map(str) | networks, details=st.dictionaries(names, anything))
def test_queries_about_any_finding_contain_validated_terms_only(
    kind: str, subject: str, details: dict[str, Any]
) -> None:
    closer = investigation(
        Finding("f", kind, Severity.HIGH, "t", subject, "vpc-1", NIGHT, NIGHT, 3, details), RESOURCES
    )
    assert not closer.insights_query or ALLOWED.fullmatch(closer.insights_query)
    value = r"'(\^\([0-9a-f:|(){},?\[\]-]+\)\$|[0-9A-Za-z:.-]+)'"
    without_values = re.sub(value, "?", closer.athena_query, flags=re.ASCII)
    lines = re.sub(r"\b\d+(, \d+)*\b", "0", without_values, flags=re.ASCII).splitlines()
    assert set(lines) <= SQL_LINES
