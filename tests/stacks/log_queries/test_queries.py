"""Each saved query, run on records with known answers in the default format, one of all fields, and a shuffled one."""

import random

import pytest

from flowsentry.records.fields import BY_NAME, DEFAULT_LOG_FORMAT, names_in_log_format
from local.log_insights.query import run
from local.log_insights.values import number_of
from stacks.log_queries.queries import EXAMPLE_ADDRESS, EXAMPLE_PORT, QUERIES, left_out, texts_of
from stacks.log_queries.record_fields import RecordFields, quoted
from tests.stacks.log_queries.made_records import (
    CACHE,
    DATABASE,
    EXTENDED,
    FORMATS,
    GATEWAY,
    GATEWAY_RECORDS,
    GUESSER,
    GUESSER_V6,
    INSIDE_V6,
    OFFICE,
    PARTNER,
    SECOND_ADDRESS_OF_WEB,
    SHUFFLED,
    START,
    WEB,
    Record,
    events,
    flow,
)

EXCLUDED = ("10.0.0.0/8", "fc00::/7")
in_each_format = pytest.mark.parametrize("log_format", FORMATS.values(), ids=FORMATS)
in_custom_formats = pytest.mark.parametrize("log_format", [EXTENDED, SHUFFLED], ids=["extended", "shuffled"])


def fields_of(log_format: str, *others: str) -> RecordFields:
    fields = RecordFields.of(log_format, others)
    assert fields
    return fields


def answers(name: str, log_format: str, replaced: tuple[str, int] | None = None, **given: object) -> list[list[object]]:
    """The rows of a query, numbers as numbers; with `replaced`, about that address and port."""
    text = texts_of(fields_of(log_format), EXCLUDED)[name]
    if replaced:
        text = text.replace(EXAMPLE_ADDRESS, replaced[0]).replace(f"= {EXAMPLE_PORT}", f"= {replaced[1]}")
    records = given.get("records")
    found = run(text, events(log_format, records) if isinstance(records, tuple) else events(log_format))
    return [[value if number_of(value) is None else number_of(value) for value in row.values()] for row in found]


@in_each_format
def test_top_talkers_by_packets_count_a_flow_that_both_ends_logged_once(log_format: str) -> None:
    assert answers("Top talkers by packets", log_format)[:4] == [
        [WEB, CACHE, 500],
        [WEB, DATABASE, 100],
        [DATABASE, WEB, 80],
        [PARTNER, DATABASE, 7],
    ]


@in_each_format
def test_top_talkers_by_bytes_count_a_flow_that_both_ends_logged_once(log_format: str) -> None:
    rows = answers("Top talkers by bytes", log_format)
    assert rows[:4] == [
        [DATABASE, WEB, 90_000],
        [WEB, DATABASE, 60_000],
        [WEB, CACHE, 20_000],
        [PARTNER, DATABASE, 700],
    ]
    assert [GUESSER, WEB, 120] in rows
    assert all("-" not in row for row in rows)


@in_each_format
def test_rejects_by_source_are_sorted_by_their_number(log_format: str) -> None:
    rows = answers("Rejects by source", log_format)
    assert rows[0] == [GUESSER, 4, 2, 2]
    assert {tuple(row) for row in rows[1:]} == {
        (OFFICE, 1, 1, 1),
        (INSIDE_V6, 1, 1, 1),
        (GUESSER_V6, 1, 1, 1),
        (WEB, 1, 1, 1),
    }


@in_each_format
def test_rejects_without_given_networks_leave_out_addresses_of_both_families(log_format: str) -> None:
    assert answers("Rejects by source without given networks", log_format) == [
        [GUESSER, 4, 2, 2],
        [GUESSER_V6, 1, 1, 1],
    ]


@in_custom_formats
def test_rejected_ingress_shows_the_address_that_the_packet_had(log_format: str) -> None:
    rows = answers("Rejected ingress by both ends", log_format)
    assert rows[0] == [GUESSER, GUESSER, WEB, SECOND_ADDRESS_OF_WEB, 22, 6, 3]
    assert WEB not in {row[0] for row in rows}
    assert len(rows) == 5


@in_each_format
def test_ssh_and_rdp_are_connections_over_tcp_to_their_ports_and_no_answers(log_format: str) -> None:
    rows = answers("SSH and RDP", log_format)
    assert rows[0] == [GUESSER, WEB, 22, "REJECT", 3]
    assert {tuple(row) for row in rows[1:]} == {
        (GUESSER, DATABASE, 3389, "REJECT", 1),
        (PARTNER, DATABASE, 3389, "ACCEPT", 1),
        (OFFICE, WEB, 22, "REJECT", 1),
    }


@in_each_format
def test_the_story_of_an_address_has_all_its_records_in_their_order(log_format: str) -> None:
    rows = answers("Story of one address", log_format, (GUESSER, 0))
    assert [row[0] for row in rows] == [(START + 60 * minute) * 1000 for minute in (0, 0, 1, 2, 3)]
    assert all(GUESSER in row for row in rows)


@in_custom_formats
def test_the_story_of_a_second_address_of_an_interface_is_found_by_the_packet(log_format: str) -> None:
    assert len(answers("Story of one address", log_format, (SECOND_ADDRESS_OF_WEB, 0))) == 3


@in_each_format
def test_clients_of_an_address_and_port_have_their_sums_and_first_and_last_time(log_format: str) -> None:
    rows = answers("Who connected to an address and port", log_format, (WEB, 22))
    assert rows[0] == [GUESSER, "REJECT", 3, 3, 120, START + 60, START + 180 + 59]
    assert {tuple(row[:3]) for row in rows[1:]} == {(OFFICE, "REJECT", 1), (PARTNER, "ACCEPT", 1)}


@in_custom_formats
def test_pairs_across_zones_are_those_whose_ends_logged_different_zones_each_byte_once(log_format: str) -> None:
    assert answers("Pairs across zones", log_format) == [
        [DATABASE, WEB, 90_000, "use1-az1", "use1-az2"],
        [WEB, DATABASE, 60_000, "use1-az1", "use1-az2"],
    ]


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_the_fields_changes_no_answer(seed: int) -> None:
    names = list(names_in_log_format(EXTENDED))
    random.Random(seed).shuffle(names)  # noqa: S311 - an order, no secret
    other = " ".join(f"${{{name}}}" for name in names)
    for name in texts_of(fields_of(EXTENDED), EXCLUDED):
        assert answers(name, other) == answers(name, EXTENDED), other


def test_a_transit_gateway_states_both_zones_and_counts_a_flow_of_two_attachments_once() -> None:
    name = "Pairs across zones of a transit gateway"
    assert answers(name, GATEWAY, records=GATEWAY_RECORDS) == [[WEB, DATABASE, "use1-az1", "use1-az2", 8_000]]
    assert answers("Top talkers by bytes", GATEWAY, records=GATEWAY_RECORDS)[-1] == [WEB, DATABASE, 8_000]


def test_without_the_interface_a_flow_that_both_ends_logged_counts_twice() -> None:
    rows = answers("Top talkers by bytes", "${srcaddr} ${dstaddr} ${bytes} ${log-status}")
    assert rows[0] == [DATABASE, WEB, 180_000]


def test_with_the_addresses_of_packets_only_these_are_the_ends() -> None:
    rows = answers("Rejects by source", "${pkt-srcaddr} ${pkt-dstaddr} ${action}")
    assert rows[0] == [GUESSER, 4, 2]


@in_each_format
def test_every_query_runs_on_records_without_an_answer(log_format: str) -> None:
    quiet: tuple[Record, ...] = (flow("192.0.2.1", CACHE, 9, by=CACHE),)
    for name in texts_of(fields_of(log_format), EXCLUDED):
        assert len(answers(name, log_format, records=quiet)) == (
            name in {"Top talkers by packets", "Top talkers by bytes"}
        )


def test_the_fields_that_a_query_lacks_are_named_and_it_has_no_text() -> None:
    fields = fields_of(DEFAULT_LOG_FORMAT)
    assert left_out(fields) == {
        "Rejected ingress by both ends": ["flow-direction", "pkt-srcaddr", "pkt-dstaddr"],
        "Pairs across zones": ["az-id"],
    }
    assert not left_out(fields).keys() & texts_of(fields, EXCLUDED).keys()


@pytest.mark.parametrize("name", BY_NAME)
def test_a_format_without_one_field_has_the_queries_that_need_another(name: str) -> None:
    names = [each for each in names_in_log_format(EXTENDED) if each != name]
    fields = fields_of(" ".join(f"${{{each}}}" for each in names))
    texts = texts_of(fields, EXCLUDED)
    assert {each.name for each in QUERIES if not each.of_gateways} == texts.keys() | left_out(fields).keys()
    assert all(missing == [name] for missing in left_out(fields).values())
    for text in texts.values():
        run(text, [" ".join("-" for _ in names)])


def test_each_query_explains_itself_in_its_first_line_and_names_fields_that_exist() -> None:
    for query in QUERIES:
        assert query.about.endswith(".")
        assert {name for names in query.needs for name in names} <= BY_NAME.keys()


def test_records_of_two_formats_in_one_log_group_are_told_apart_by_their_number_of_fields() -> None:
    short, long = "${srcaddr} ${dstaddr} ${bytes}", "${srcaddr} ${dstaddr} ${packets} ${bytes}"
    mixed = ["10.0.0.1 10.0.0.2 5", "10.0.0.3 10.0.0.4 1 700", "10.0.0.5 10.0.0.6"]
    for form, others, expected in ((short, [long], ["10.0.0.1"]), (long, [short], ["10.0.0.3"])):
        rows = run(texts_of(fields_of(form, *others), EXCLUDED)["Top talkers by bytes"], mixed)
        assert [row["srcaddr"] for row in rows] == expected


def test_formats_with_as_many_fields_as_another_of_the_log_group_have_no_queries() -> None:
    assert RecordFields.of("${srcaddr} ${dstaddr}", ["${dstaddr} ${srcaddr}"]) is None


def test_the_default_format_beside_another_is_not_left_to_discovery() -> None:
    assert fields_of(DEFAULT_LOG_FORMAT, SHUFFLED).prelude[0].startswith("parse @message")


def test_a_field_that_could_be_a_word_of_the_language_is_called_by_its_position() -> None:
    (command,) = fields_of("${limit} ${srcaddr} ${sort}").prelude
    assert command == 'parse @message "* * *" as unknown_1, srcaddr, unknown_3'


def test_quoted_text_can_not_leave_its_quotes() -> None:
    hostile = 'a" | limit 1 \\'
    assert run(f"filter @message = {quoted(hostile)}", [hostile, "b"]) == [{"@timestamp": 0, "@message": hostile}]


def test_the_longest_query_fits_into_a_saved_query() -> None:
    networks = [f"{number:04x}:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128" for number in range(0x1000, 0x1000 + 100)]
    assert max(len(text) for text in texts_of(fields_of(EXTENDED), networks).values()) <= 10_000
