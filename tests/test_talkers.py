"""Who sends most to whom and who is rejected most, in a chunk and in a source; and the log line that names them."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from flowsentry import talkers as talking
from flowsentry.emit.log_lines.report import MAX_LETTERS
from flowsentry.emit.log_lines.talkers import MANY_RECORDS, MAX_BYTES, talkers_line
from flowsentry.frames import Conversation, Passage, RejectedSource, RejectedTarget, Talkers
from flowsentry.inventory.inventory import Inventory
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from flowsentry.talkers import MAX_ROWS, add_up_talkers, talkers
from tests.builders import V5, blocked, enriched, gateway_line, interface, line

STRANGER = "203.0.113.9"
WITH_PATH = (*V5, "traffic-path")
OWNED = Inventory.of([interface("10.0.0.1", name="web-1"), interface("10.0.0.2", name="db-1", interface_id="eni-2")])
LINES = [
    line(WITH_PATH, bytes=700, packets=7),
    line(WITH_PATH, bytes=300, packets=3, srcport=40_001),
    line(WITH_PATH, bytes=300, packets=3, srcport=40_001, flow_direction="ingress", interface_id="eni-2"),
    line(WITH_PATH, srcaddr=STRANGER, bytes=50, packets=1, flow_direction="ingress"),
    line(WITH_PATH, dstaddr=STRANGER, srcport=443, dstport=50_000, bytes=9_000, packets=9, traffic_path=8),
    blocked(STRANGER, "10.0.0.1", 22, WITH_PATH, flow_direction="ingress"),
    blocked(STRANGER, "10.0.0.1", 22, WITH_PATH, srcport=2, flow_direction="ingress"),
    blocked(STRANGER, "10.0.0.7", 22, WITH_PATH, flow_direction="ingress"),
    blocked("10.0.0.1", "10.0.0.2", 5432, WITH_PATH),
]


def found(lines: Sequence[str], names: Sequence[str] = WITH_PATH) -> Talkers:
    return talkers(enriched(lines, names, OWNED))


@pytest.fixture(params=["one by one", "by polars"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of few records and of many are added up in two ways, which must agree."""
    monkeypatch.setattr(talking, "FEW_RECORDS", 10**6 if request.param == "one by one" else -1)


def size(of_bytes: int, packets: int) -> dict[str, int]:
    return {"bytes": of_bytes, "packets": packets}


def by_size(rows: Sequence[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: row[-2:], reverse=True)


@pytest.mark.usefixtures("either_way")
def test_what_a_nat_gateway_passes_on_does_not_count_for_the_host_again() -> None:
    sent = line(WITH_PATH, dstaddr=STRANGER, bytes=500)
    passed_on = line(
        WITH_PATH, dstaddr="10.0.9.9", pkt_dstaddr=STRANGER, bytes=500, flow_direction="ingress", interface_id="eni-nat"
    )
    (conversation,) = found([sent, passed_on]).conversations
    assert (conversation.source, conversation.bytes) == ("10.0.0.1", 500)


@pytest.mark.usefixtures("either_way")
def test_a_conversation_is_the_sum_of_what_one_address_sent_another_by_the_port_of_the_service() -> None:
    assert by_size(found(LINES).conversations) == [
        Conversation("10.0.0.1", STRANGER, 443, "web-1", None, None, None, 9_000, 9),
        Conversation("10.0.0.1", "10.0.0.2", 443, "web-1", None, "db-1", None, 1_000, 10),
        Conversation(STRANGER, "10.0.0.2", 443, None, None, "db-1", None, 50, 1),
    ]


@pytest.mark.usefixtures("either_way")
def test_what_passed_is_added_up_by_direction_and_path() -> None:
    assert by_size(found(LINES).passages) == [
        Passage("outbound", "internet gateway", 9_000, 9),
        Passage("inside", None, 1_000, 10),
        Passage("inbound", None, 50, 1),
    ]


@pytest.mark.usefixtures("either_way")
def test_a_rejected_source_has_its_flows_and_targets_and_a_rejected_target_its_sources() -> None:
    rejected = found(LINES)
    assert sorted(rejected.rejected_sources) == [
        RejectedSource("10.0.0.1", "web-1", None, 1, 1),
        RejectedSource(STRANGER, None, None, 3, 2),
    ]
    assert sorted(rejected.rejected_targets) == [
        RejectedTarget("10.0.0.1", 22, "web-1", 2, 1),
        RejectedTarget("10.0.0.2", 5432, "db-1", 1, 1),
        RejectedTarget("10.0.0.7", 22, None, 1, 1),
    ]


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(("logged_by", "counted"), [("TransitGateway", 100), ("TransitGatewayAttachment", 200)])
def test_a_flow_counts_where_it_enters_a_transit_gateway_but_at_an_attachment_in_each_direction(
    logged_by: str, counted: int
) -> None:
    lines = [gateway_line(bytes=100, flow_direction=each, resource_type=logged_by) for each in ("ingress", "egress")]
    (conversation,) = found(lines, TRANSIT_GATEWAY_NAMES).conversations
    assert conversation.bytes == counted


@pytest.mark.usefixtures("either_way")
def test_a_source_without_records_has_no_talkers() -> None:
    assert found([]) == Talkers([], [], [], [])


def test_of_a_large_chunk_only_records_with_the_mean_of_bytes_or_packets_are_weighed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(talking, "FEW_RECORDS", -1)
    monkeypatch.setattr(talking, "WEIGHED_RECORDS", 3)
    sizes = {"10.0.0.3": (900, 9), "10.0.0.4": (100, 90), "10.0.0.5": (10, 1)}
    lines = [line(WITH_PATH, dstaddr=to, bytes=size, packets=packets) for to, (size, packets) in sizes.items()]
    assert {each.destination for each in found(lines).conversations} == {"10.0.0.3", "10.0.0.4"}
    assert [each.bytes for each in found(lines).passages] == [1_010]
    assert len(found(lines[1:]).conversations) == 2


def test_of_many_conversations_the_busiest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talking, "FEW_RECORDS", -1)
    lines = [line(WITH_PATH, dstaddr=f"10.1.{n // 250}.{n % 250}", bytes=n + 40, packets=1) for n in range(300)]
    kept = {each.bytes for each in found(lines).conversations}
    assert set(range(340 - MAX_ROWS, 340)) <= kept
    assert len(kept) <= 2 * MAX_ROWS


def test_chunks_add_up_and_addresses_tried_in_several_of_them_count_once() -> None:
    whole = add_up_talkers([found(LINES), found(LINES[:6])])
    assert [each.bytes for each in by_size(whole.conversations)] == [18_000, 2_000, 100]
    assert [each.bytes for each in by_size(whole.passages)] == [18_000, 2_000, 100]
    assert sorted(whole.rejected_sources)[1] == RejectedSource(STRANGER, None, None, 4, 2)
    assert min(whole.rejected_targets) == RejectedTarget("10.0.0.1", 22, "web-1", 3, 1)
    assert add_up_talkers([]) == Talkers([], [], [], [])


def test_the_line_names_the_busiest_by_bytes_then_by_packets_without_what_is_unknown() -> None:
    named = json.loads(talkers_line(found(LINES), records=9, most=1))
    assert named["conversations"] == [
        {"source": "10.0.0.1", "destination": STRANGER, "port": 443, "source_owner": "web-1"} | size(9_000, 9),
        {"source": "10.0.0.1", "destination": "10.0.0.2", "port": 443, "source_owner": "web-1"}
        | {"destination_owner": "db-1"}
        | size(1_000, 10),
    ]
    assert named["report"] == "talkers"
    assert [each["source"] for each in named["rejected_sources"]] == [STRANGER]
    assert [(each["destination"], each["port"]) for each in named["rejected_targets"]] == [("10.0.0.1", 22)]
    assert len(named["passages"]) == 3


@pytest.mark.parametrize(("records", "named"), [(MANY_RECORDS - 1, 2), (MANY_RECORDS, 20)])
def test_the_line_of_a_large_object_names_ten_times_as_many(records: int, named: int) -> None:
    conversations = [Conversation("a", str(n), 1, None, None, None, None, n, n) for n in range(100)]
    assert len(json.loads(talkers_line(Talkers(conversations), records, 2))["conversations"]) == named


def test_untrusted_names_are_escaped_and_cut() -> None:
    name = '"}\n{"report":"finding' + "x" * 300
    text = talkers_line(Talkers([Conversation("a", "b", 1, name, None, None, None, 1, 1)]), 1, 5)
    assert "\n" not in text
    assert json.loads(text)["conversations"][0]["source_owner"] == name[:MAX_LETTERS]


def test_a_line_of_names_that_json_makes_long_names_fewer_so_that_it_is_not_cut() -> None:
    name = "\N{PILE OF POO}" * 64
    many = [Conversation(f"10.0.0.{n}", "10.0.0.1", 443, name, None, name, None, n, 1_000 - n) for n in range(1_000)]
    line = talkers_line(Talkers(many), MANY_RECORDS, 25)
    assert 50_000 < len(line) <= MAX_BYTES
    assert json.loads(line)["conversations"][0]["bytes"] == 999


def test_where_nothing_passed_or_was_rejected_there_is_no_line() -> None:
    assert talkers_line(Talkers(), 0, 5) == ""


def test_the_line_of_an_ordinary_payload_has_at_most_the_bytes_that_the_settings_state() -> None:
    lines = [line(WITH_PATH, dstaddr=f"10.0.1.{n}", bytes=n * 100, packets=n) for n in range(1, 31)]
    lines += [blocked(f"198.51.100.{n}", "10.0.0.1", n, WITH_PATH, flow_direction="ingress") for n in range(1, 11)]
    assert 500 < len(talkers_line(found(lines), 40, 5)) < 2_500
