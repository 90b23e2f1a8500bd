"""The interpreter of Logs Insights, on the examples of AWS's documentation and on what it refuses."""

import json

import pytest

from local.log_insights.events import Event, discovered
from local.log_insights.query import run, run_on
from local.log_insights.tokens import MalformedQueryError

ACCEPTED = "2 123456789012 eni-0a 10.0.0.1 10.0.0.2 50000 443 6 10 800 1700000000 1700000060 ACCEPT OK"
REJECTED = "2 123456789012 eni-0a 203.0.113.9 10.0.0.2 40000 22 6 1 40 1700000000 1700000060 REJECT OK"
NO_DATA = "2 123456789012 eni-0a - - - - - - - 1700000000 1700000060 - NODATA"
RECORDS = [ACCEPTED, REJECTED, NO_DATA, ACCEPTED]


def test_the_sample_query_of_top_talkers_sums_by_pair_and_leaves_out_what_is_no_number() -> None:
    query = """stats sum(packets) as packetsTransferred by srcAddr, dstAddr
    | sort packetsTransferred  desc
    | limit 2"""
    assert run(query, RECORDS) == [
        {"srcAddr": "10.0.0.1", "dstAddr": "10.0.0.2", "packetsTransferred": 20},
        {"srcAddr": "203.0.113.9", "dstAddr": "10.0.0.2", "packetsTransferred": 1},
    ]


def test_a_glob_gives_the_rest_of_the_line_to_its_last_wildcard() -> None:
    (row,) = run('parse @message "[*] * The error was: *" as level, config, error | display level, config, error', [
        "25 May 2019 10:24:39,474 [ERROR] {foo=2, bar=data} The error was: DataIntegrityException at 7"
    ])  # fmt: skip
    assert row == {"level": "ERROR", "config": "{foo=2, bar=data}", "error": "DataIntegrityException at 7"}


def test_a_line_with_fewer_values_than_wildcards_has_none_of_the_fields() -> None:
    rows = run('parse @message "* * *" as a, b, c | filter ispresent(c) | display a, c', ["1 2", "1 2 3", "1 2 3 4"])
    assert rows == [{"a": "1", "c": "3"}, {"a": "1", "c": "3 4"}]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("dstPort = 22", 1),
        ("dstPort != 22", 3),
        ("dstPort < 1024", 3),
        ("dstPort in [22, 443]", 3),
        ("dstPort not in [22]", 3),
        ('action = "REJECT" and (srcPort = 1 or dstPort = 22)', 1),
        ('srcAddr like "10."', 2),
        ("srcAddr not like /^10[.]/", 2),
        ("srcAddr =~ /^203/", 1),
        ('isIpv4InSubnet(srcAddr, "10.0.0.0/8")', 2),
        ('not isIpv4InSubnet(srcAddr, "10.0.0.0/8")', 2),
        ('not (isIpv4InSubnet(srcAddr, "10.0.0.0/8") or srcAddr = "-")', 1),
        ("bytes / packets = 40", 1),
        ("bytes > 2 * 20 + 1", 2),
        ("isempty(tls.version)", 4),
    ],
)
def test_conditions_compare_numbers_as_numbers_and_anything_else_as_text(condition: str, expected: int) -> None:
    assert len(run(f"filter {condition}", RECORDS)) == expected


def test_json_is_flattened_and_counted_in_bins() -> None:
    lines = [Event(json.dumps({"a": {"b": 1}, "c": [{"d": 7}]}), minute * 60_000) for minute in (0, 3, 6)]
    query = "stats count(*) as number, sum(c.0.d) as sevens, latest(a.b) as b by bin(5m) as t | sort t asc"
    assert run(query, lines) == [
        {"t": 0, "number": 2, "sevens": 14, "b": 1},
        {"t": 300_000, "number": 1, "sevens": 7, "b": 1},
    ]


def test_a_second_stats_command_works_on_the_rows_of_the_first() -> None:
    query = """stats sum(bytes) as sent by srcAddr, dstAddr
    | stats max(sent) as most, sortsFirst(srcAddr) as first, count(*) as pairs by dstAddr
    | filter pairs > 1 | sort most desc"""
    assert run(query, RECORDS) == [{"dstAddr": "10.0.0.2", "most": 1600, "first": "10.0.0.1", "pairs": 2}]


def test_the_sample_queries_of_unnest_give_a_record_for_each_item_of_a_list() -> None:
    line = json.dumps({"events": [{"name": "exception"}, {"name": "user action"}], "id": 7})
    query = "fields jsonParse(@message) as json_message | unnest json_message.events into event | display event.name"
    assert run(query, [line]) == [{"event.name": "exception"}, {"event.name": "user action"}]
    lines = [json.dumps([{"id": "a", "spans": n}, {"id": "b", "spans": 1}]) for n in (2, 3)]
    query = """fields jsonParse(@message) as accounts | unnest accounts into account
    | stats sum(account.spans) as n by account.id | sort n desc"""
    assert run(query, lines) == [{"account.id": "a", "n": 5}, {"account.id": "b", "n": 2}]


def test_what_is_no_list_is_one_item_and_what_is_no_json_is_nothing() -> None:
    query = "fields jsonParse(@message) as line | unnest line.a into item | display item"
    assert [row["item"] for row in run(query, ['{"a": 1}', '{"a": [2, 3]}', '{"b": 1}', "text"])] == [
        1,
        2,
        3,
        None,
        None,
    ]


def test_lines_that_begin_with_a_hash_are_comments() -> None:
    assert run('# the | of a comment\nfilter action = "REJECT"\n  # | limit 1\n| display dstPort', RECORDS) == [
        {"dstPort": "22"}
    ]


def test_text_in_quotes_ends_at_its_quote_and_a_backslash_escapes_one() -> None:
    assert run(r'filter @message = "a \" | limit 1"', ['a " | limit 1', "b"]) == [
        {"@timestamp": 0, "@message": 'a " | limit 1'}
    ]


@pytest.mark.parametrize(
    "query",
    [
        "filter action = REJECTED",
        "stats sum(packets) as p by srcAddr | sort bytes desc",
        "stats packets by srcAddr",
        "stats count(*) as a | stats count(*) as b | stats count(*) as c",
        "filter nothing(srcAddr)",
        "filter account-id = 1",
        'parse @message "* *" as a',
        "sort bytes",
        "limit 0",
        "limit 10001",
        "fields bytes as",
        "display",
        "head 5",
        "filter",
        "filter bytes > ;",
        "fields srcAddr | fields dstAddr as srcAddr",
        "stats count(*) as a by srcAddr | limit 5 | stats max(a) as b",
    ],
)
def test_a_query_that_cloudwatch_refuses_or_that_finds_nothing_is_refused(query: str) -> None:
    with pytest.raises(MalformedQueryError):
        run(query, RECORDS)


def test_a_field_that_no_event_has_is_null_as_in_cloudwatch_unless_the_run_is_strict() -> None:
    rows = [discovered(Event(ACCEPTED))]
    assert run_on("filter ispresent(srcAddr) | fields nothing, srcAddr", rows) == [
        {"nothing": None, "srcAddr": "10.0.0.1"}
    ]
    with pytest.raises(MalformedQueryError, match="unknown fields: nothing"):
        run_on("fields nothing", rows, is_strict=True)
