"""Flow log records of connections, as interfaces log them."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.records.fields import BY_NAME, DEFAULT_NAMES, Kind
from local.traffic.company.network import Company, Host, Network, Peer
from local.traffic.connections import Connection, Outcome, Volume
from local.traffic.generation import Traffic
from local.traffic.records import ALL_NAMES, Period, Record, line, records

START = 1_790_000_000
SITE = Peer("192.0.2.7")


def chance() -> Random:
    return Random(1)  # noqa: S311 - invented traffic


def written(network: Network, *connections: Connection) -> list[Record]:
    """The records with log-status OK."""
    period = Period(START, START + 7200)
    return [each for each in records(connections, network, period, chance()) if each["log-status"] == "OK"]


def exchange(client: Host | Peer, server: Host | Peer, *, outcome: Outcome = Outcome.ANSWERED) -> Connection:
    received = Volume(12, 9000) if outcome is Outcome.ANSWERED else Volume(0, 0)
    return Connection(START + 5.0, client, server, 50000, 443, outcome, Volume(9, 1200), received, seconds=300.0)


def addresses(record: Record) -> tuple[str, ...]:
    return tuple(record[name] for name in ("srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr"))


def sums(found: list[Record]) -> Counter[tuple[str, str, str]]:
    total: Counter[tuple[str, str, str]] = Counter()
    for record in found:
        for name in ("packets", "bytes"):
            total[record["interface-id"], record["flow-direction"], name] += int(record[name])
    return total


@given(
    sent=st.builds(Volume, st.integers(1, 900), st.integers(60, 900_000)),
    received=st.builds(Volume, st.integers(1, 900), st.integers(60, 900_000)),
    seconds=st.floats(0, 3600),
)
def test_the_records_of_each_interface_and_direction_add_up_to_the_connection(
    company: Company, sent: Volume, received: Volume, seconds: float
) -> None:
    network = company.network("office")
    client, server = network.host("desktop-01"), network.host("files")
    both = Connection(START + 0.5, client, server, 50000, 445, Outcome.ANSWERED, sent, received, 6, seconds)
    total = sums(written(network, both))
    for interface, direction, volume in (
        (client, "egress", sent),
        (client, "ingress", received),
        (server, "ingress", sent),
        (server, "egress", received),
    ):
        seen = [total[interface.interface_id, direction, name] for name in ("packets", "bytes")]
        assert seen == list(volume)


def test_no_record_is_longer_than_a_window_or_beyond_the_period(traffic: Traffic) -> None:
    for record in (each for found in traffic.records.values() for each in found):
        assert 0 <= int(record["end"]) - int(record["start"]) < 60


@pytest.mark.parametrize("names", [ALL_NAMES, DEFAULT_NAMES, ("end", "srcaddr", "tcp-flags", "version")])
def test_every_line_has_a_value_for_each_name_of_the_format(names: tuple[str, ...], traffic: Traffic) -> None:
    for record in traffic.records["shop"][::50]:
        values = line(record, names).split(" ")
        assert len(values) == len(names)
        assert all(values)


def test_the_version_is_the_highest_of_the_formats_fields(traffic: Traffic) -> None:
    record = traffic.records["shop"][0]
    assert line(record, ALL_NAMES).startswith("5 ")
    assert line(record, DEFAULT_NAMES).startswith("2 ")


def test_numbers_fit_the_types_of_the_field_table(traffic: Traffic) -> None:
    numeric = {Kind.PORT, Kind.PROTOCOL, Kind.COUNT, Kind.TIME, Kind.BITS}
    for record in (each for each in traffic.records["office"] if each["log-status"] == "OK"):
        assert all(record[name].isdigit() for name in record if BY_NAME[name].kind in numeric)


def test_an_internal_connection_is_logged_by_both_interfaces(company: Company) -> None:
    network = company.network("shop")
    web, api = network.host("web-1"), network.host("api-1")
    found = written(network, exchange(web, api))
    assert {record["interface-id"] for record in found} == {web.interface_id, api.interface_id}
    assert {record["traffic-path"] for record in found if record["flow-direction"] == "egress"} == {"1"}


def test_a_rejected_connection_is_one_reject_at_the_server_and_an_accept_at_the_client(company: Company) -> None:
    network = company.network("shop")
    web, orders = network.host("web-1"), network.host("orders")
    rejected = Connection(START, web, orders, 50000, 5432, Outcome.REJECTED, Volume(3, 180))
    found = {(each["interface-id"], each["flow-direction"]): each["action"] for each in written(network, rejected)}
    assert found == {(web.interface_id, "egress"): "ACCEPT", (orders.interface_id, "ingress"): "REJECT"}


def test_a_connection_rejected_by_the_clients_group_is_one_reject_at_the_client(company: Company) -> None:
    network = company.network("shop")
    search, cache = network.host("search"), network.host("orders-cache")
    rejected = Connection(START, search, cache, 50000, 6379, Outcome.REJECTED_AT_CLIENT, Volume(1, 60))
    found = [(each["interface-id"], each["flow-direction"], each["action"]) for each in written(network, rejected)]
    assert found == [(search.interface_id, "egress", "REJECT")]


def test_a_transit_gateway_logs_its_own_address_and_the_packets_addresses(company: Company) -> None:
    network = company.network("office")
    build, gateway, centre = network.host("build"), network.host("data-centre"), Peer("10.99.4.20")
    found = written(network, exchange(build, centre))
    assert {addresses(each) for each in found if each["interface-id"] == gateway.interface_id} == {
        (build.address, gateway.address, build.address, centre.address),
        (gateway.address, build.address, centre.address, build.address),
    }
    assert {record["traffic-path"] for record in found if record["flow-direction"] == "egress"} == {"1"}
    assert {each["interface-id"] for each in found} == {build.interface_id, gateway.interface_id}


def test_a_nat_gateway_logs_both_legs_of_both_directions(company: Company) -> None:
    """As in https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records-examples.html."""
    network = company.network("office")
    desktop, gateway = network.host("desktop-01"), network.host("nat-a")
    inside, middle, outside = desktop.address, gateway.address, SITE.address
    found = written(network, exchange(desktop, SITE))
    assert {addresses(each) for each in found if each["interface-id"] == gateway.interface_id} == {
        (inside, middle, inside, outside),
        (middle, outside, middle, outside),
        (outside, middle, outside, middle),
        (middle, inside, outside, inside),
    }
    assert {addresses(each) for each in found if each["interface-id"] == desktop.interface_id} == {
        (inside, outside, inside, outside),
        (outside, inside, outside, inside),
    }


def test_traffic_from_the_internet_has_the_private_address_and_returns_through_the_internet_gateway(
    company: Company,
) -> None:
    network = company.network("shop")
    front = network.host("shop-front-a")
    found = written(network, exchange(SITE, front))
    assert {record["dstaddr"] for record in found if record["flow-direction"] == "ingress"} == {front.address}
    assert {record["traffic-path"] for record in found if record["flow-direction"] == "egress"} == {"8"}


def test_a_record_has_the_flags_of_its_window(company: Company) -> None:
    network = company.network("shop")
    found = written(network, exchange(SITE, network.host("bastion")))
    sent = [record["tcp-flags"] for record in found if record["flow-direction"] == "ingress"]
    assert sent == ["2", *["0"] * (len(sent) - 2), "1"]


def test_packets_of_one_flow_and_window_share_a_record(company: Company) -> None:
    network = company.network("shop")
    short = Connection(START, SITE, network.host("bastion"), 50000, 22, Outcome.REJECTED, Volume(1, 60))
    (record,) = written(network, short, short)
    assert (record["packets"], record["bytes"]) == ("2", "120")


def test_an_idle_interface_has_one_nodata_record_per_window(company: Company) -> None:
    network = company.network("shop")
    found = records([], network, Period(START, START + 600), chance())
    idle = Counter(record["interface-id"] for record in found if record["log-status"] == "NODATA")
    assert set(idle) == {host.interface_id for host in network.hosts}
    assert set(idle.values()) <= {9, 10}


def test_a_nodata_record_has_the_fields_that_aws_fills(company: Company) -> None:
    network = company.network("office")
    record = next(each for each in records([], network, Period(START, START + 120), chance()))
    version, account, interface, *dashes, start, end, action, status = line(record, DEFAULT_NAMES).split(" ")
    assert (version, account, dashes, action) == ("2", "123456789012", ["-"] * 7, "-")
    assert interface.startswith("eni-")
    assert int(end) - int(start) == 59
    assert status in ("NODATA", "SKIPDATA")
