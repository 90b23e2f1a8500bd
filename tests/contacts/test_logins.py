"""Logins: what clients said to login ports, connection by connection."""

from typing import Any

import pytest

from flowsentry.contacts import ContactAggregator, aggregate
from flowsentry.contacts.logins import MIN_LOGIN_PACKETS, SCHEMA
from flowsentry.findings.thresholds import known_thresholds
from flowsentry.inventory.inventory import Inventory
from flowsentry.records.code_names import LOGIN_PORTS
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from tests.builders import (
    DAY,
    FIN,
    INTERFACE,
    NOON,
    RST,
    SYN,
    SYN_ACK,
    V2,
    V5,
    VPC,
    enriched,
    exchange,
    gateway_line,
    interface,
    line,
)

ADMIN, SERVER, OUTSIDE = "10.0.0.7", "10.0.0.5", "203.0.113.9"
BOTH = pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
Row = dict[str, Any]


def logins(*chunks: list[str], names: tuple[str, ...] = V5, inventory: Inventory | None = None) -> list[Row]:
    aggregator = ContactAggregator()
    for lines in chunks:
        aggregate(enriched(lines, names, inventory), aggregator)
    return aggregator.settle().logins.sort("initiator_port", "responder").to_dicts()


def said(packets: object, names: tuple[str, ...] = V5, **values: object) -> str:
    """What an admin sent over SSH in an interval."""
    told = {"srcaddr": ADMIN, "dstaddr": SERVER, "srcport": 50222, "dstport": 22, "packets": packets}
    return line(names, **told | {"bytes": 5400, "flow_direction": "ingress"} | values)


@BOTH
def test_a_login_is_a_row_with_both_ends_and_packets(names: tuple[str, ...]) -> None:
    (row,) = logins([said(60, names)], names=names)
    assert row == {
        "is_whole": True,
        "is_answered": names == V5,
        "server_replied": False,
        "scope": VPC if names == V5 else "unknown",
        "initiator": ADMIN,
        "initiator_port": 50222,
        "responder": SERVER,
        "responder_port": 22,
        "day": DAY,
        "packets": 60,
        "first_seen": NOON,
        "last_seen": NOON + 30,
        "initiator_is_inside": True,
        "responder_is_inside": True,
    }


@BOTH
@pytest.mark.parametrize("port", LOGIN_PORTS)
def test_only_the_clients_own_records_count(names: tuple[str, ...], port: int) -> None:
    rows = logins(exchange(ADMIN, SERVER, port, names), names=names)
    assert [(row["initiator"], row["responder_port"], row["packets"]) for row in rows] == [(ADMIN, port, 12)]


@BOTH
def test_a_connection_of_many_intervals_and_chunks_is_one_with_its_largest_record(names: tuple[str, ...]) -> None:
    first = said(9, names, tcp_flags=SYN)
    later = [
        said(80, names, tcp_flags=0, start=NOON + 60, end=NOON + 90),
        said(5, names, start=NOON + 120, end=NOON + 140),
    ]
    whole, cut = logins([first, *later], names=names), logins([later[1]], [first], [later[0]], names=names)
    assert whole == cut
    assert [(row["packets"], row["first_seen"], row["last_seen"]) for row in whole] == [(80, NOON, NOON + 140)]


def test_both_records_of_a_login_are_one() -> None:
    assert len(logins([said(60), said(60, interface_id="eni-admin", flow_direction="egress")])) == 1


def test_a_port_that_is_used_again_the_next_day_is_another_login() -> None:
    assert len(logins([said(60), said(60, start=NOON + 86_400, end=NOON + 86_430)])) == 2


@BOTH
@pytest.mark.parametrize(
    "values",
    [
        {"action": "REJECT"},
        {"protocol": 17},
        {"dstport": 443},
        {"srcport": 22, "dstport": 22},
    ],
    ids=["refused", "UDP", "another port", "from a service"],
)
def test_other_records_are_no_logins(names: tuple[str, ...], values: dict[str, object]) -> None:
    assert logins([said(60, names, **values)], names=names) == []


@BOTH
def test_a_probe_or_a_health_check_is_no_login(names: tuple[str, ...]) -> None:
    assert logins([said(MIN_LOGIN_PACKETS - 1, names)], names=names) == []
    assert len(logins([said(MIN_LOGIN_PACKETS, names)], names=names)) == 1


@BOTH
@pytest.mark.parametrize(("packets", "size"), [(10, 60), (11, 64), (5, 52), (7, 40), (4, 44)])
def test_unanswered_openings_are_no_logins(names: tuple[str, ...], packets: int, size: int) -> None:
    assert logins([said(packets, names, bytes=packets * size, tcp_flags=SYN)], names=names) == []


@BOTH
def test_keep_alives_belong_to_a_login_that_is_not_whole(names: tuple[str, ...]) -> None:
    idle = said(10, names, bytes=520, tcp_flags=0)
    assert [row["is_whole"] for row in logins([idle], names=names)] == [False]
    assert [row["is_whole"] for row in logins([idle, said(9, names)], names=names)] == [True]


def test_every_threshold_that_a_user_may_set_can_be_reached() -> None:
    assert known_thresholds()["login.min_attempt_packets"].low == MIN_LOGIN_PACKETS


def test_replies_to_a_client_with_a_login_port_are_no_logins() -> None:
    reply = said(60, srcaddr=OUTSIDE, dstaddr=ADMIN, srcport=12345, dstport=3389, tcp_flags=SYN_ACK | FIN)
    assert logins([reply]) == []


@pytest.mark.parametrize(("flags", "is_whole"), [(SYN, False), (SYN | FIN, True), (SYN | RST, True), (FIN, False)])
def test_flags_show_whether_a_record_covers_its_whole_connection(flags: int, is_whole: bool) -> None:  # noqa: FBT001
    assert [row["is_whole"] for row in logins([said(20, tcp_flags=flags)])] == [is_whole]


@BOTH
@pytest.mark.parametrize("kind", ["nat gateway", "network load balancer"])
def test_an_intermediary_has_no_logins(names: tuple[str, ...], kind: str) -> None:
    known = Inventory.of((interface(ADMIN, kind, interface_id=INTERFACE),))
    assert logins([said(60, names)], names=names, inventory=known) == []


def test_a_login_through_a_balancer_is_one_at_its_target() -> None:
    known = Inventory.of((interface("10.0.0.20", "network load balancer"),))
    rows = logins([said(60, dstaddr="10.0.0.20"), said(60)], inventory=known)
    assert [row["responder"] for row in rows] == [SERVER]


def test_at_a_balancer_alone_a_login_is_one_there() -> None:
    known = Inventory.of((interface("10.0.0.20", "network load balancer"),))
    assert len(logins([said(60, dstaddr="10.0.0.20")], inventory=known)) == 1


def test_a_login_through_a_transit_gateway_is_one_although_flags_include_acks() -> None:
    ends = {"srcaddr": ADMIN, "dstaddr": "10.1.0.5", "srcport": 50222, "dstport": 22, "packets": 60}
    lines = [gateway_line(**ends, tcp_flags=26, flow_direction=way) for way in ("ingress", "egress")]
    assert [row["packets"] for row in logins(lines, names=TRANSIT_GATEWAY_NAMES)] == [60]


def test_without_logins_there_are_no_rows_and_all_columns() -> None:
    aggregator = ContactAggregator()
    aggregate(enriched(exchange(ADMIN, SERVER, 443)), aggregator)
    assert aggregator.settle().logins.schema == SCHEMA


@pytest.mark.parametrize("missing", ["srcport", "dstport", "protocol", "start"])
def test_a_record_without_a_part_of_the_key_is_no_login(missing: str) -> None:
    assert logins([said(60, **{missing: "-"})]) == []
    assert logins([said("-")]) == []


def test_very_many_records_are_merged_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowsentry.contacts.logins.MAX_UNMERGED_ROWS", 1)
    chunks = [[said(20 + number, srcport=50000 + number % 2 + 1) for number in range(3)] for _ in range(3)]
    assert [row["packets"] for row in logins(*chunks)] == [22, 21]
