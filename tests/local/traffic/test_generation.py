"""Generated traffic: scenarios, volume, period, reproducibility, and agreement with security groups."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsentry.detect import SHAPES
from local.traffic.company.network import TCP, Company, Host, HostKind, is_allowed
from local.traffic.connections import Outcome
from local.traffic.delivery import FlowLog, event_batches, objects
from local.traffic.generation import Traffic, connections, generate
from local.traffic.records import ALL_NAMES, Period
from local.traffic.scenarios import SCENARIOS
from local.traffic.scenarios.inside_scan import INSIDE_SCAN
from tests.local.traffic.conftest import AFTERNOON

FLOW_LOG = FlowLog("fl-0a1b2c3d4e5f60718", "123456789012", "eu-west-1", ALL_NAMES)


def test_the_scenarios_are_complete() -> None:
    assert [scenario.name for scenario in SCENARIOS] == [
        "quiet_office_hours",
        "internet_background_noise",
        "vertical_scan",
        "horizontal_sweep",
        "slow_scan",
        "inside_scan",
        "blocked_path",
        "no_way_out",
        "denied_reply",
        "strangers_session",
        "guessed_password",
        "late_packets",
        "backscatter",
        "service_down",
        "load_balancer_health_checks",
    ]


def test_the_same_seed_and_time_give_the_same_bytes(company: Company, traffic: Traffic) -> None:
    again = generate(company, AFTERNOON)
    assert list(objects(again.records["shop"], FLOW_LOG)) == list(objects(traffic.records["shop"], FLOW_LOG))
    assert list(event_batches(again.records["office"], ALL_NAMES)) == list(
        event_batches(traffic.records["office"], ALL_NAMES)
    )


def test_another_seed_gives_different_traffic(company: Company, traffic: Traffic) -> None:
    assert generate(company, AFTERNOON, seed=2).records != traffic.records


def test_the_number_of_records_suits_a_demo(traffic: Traffic) -> None:
    assert 20_000 < sum(len(records) for records in traffic.records.values()) < 60_000


def test_each_network_has_all_three_statuses(traffic: Traffic) -> None:
    for records in traffic.records.values():
        assert {record["log-status"] for record in records} == {"OK", "NODATA", "SKIPDATA"}


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), hours=st.sampled_from([3, 5, 8]))
def test_connections_are_within_the_period(company: Company, seed: int, hours: int) -> None:
    period = Period(AFTERNOON - hours * 3600, AFTERNOON)
    for network in company.networks:
        for connection in connections(network, period, seed, SCENARIOS):
            assert period.starts_at <= connection.at
            assert connection.at + connection.seconds < period.ends_at


def test_records_are_within_the_period(traffic: Traffic) -> None:
    for records in traffic.records.values():
        assert all(int(record["start"]) >= AFTERNOON - 6 * 3600 for record in records)
        assert all(int(record["end"]) <= AFTERNOON for record in records)


def test_packets_are_accepted_if_rules_allow_them_and_only_open_ports_answer(company: Company) -> None:
    period = Period(AFTERNOON - 6 * 3600, AFTERNOON)
    for network in company.networks:
        for connection in connections(network, period, 1, SCENARIOS):
            client, server, port = connection.client, connection.server, connection.server_port
            assert is_allowed(client, server, connection.protocol, port) != connection.is_rejected, connection
            is_answered = connection.outcome is Outcome.ANSWERED and connection.protocol == TCP
            if is_answered and isinstance(server, Host):
                assert connection.server_port in server.open_ports, connection


def test_a_host_reached_from_the_internet_has_a_public_address(company: Company) -> None:
    period = Period(AFTERNOON - 6 * 3600, AFTERNOON)
    for network in company.networks:
        for connection in connections(network, period, 1, SCENARIOS):
            if isinstance(connection.server, Host) and not network.contains(connection.client.address):
                assert connection.server.public_address, connection


def test_every_host_except_gateways_has_regular_traffic(company: Company) -> None:
    """The quiet hours alone then have every owner kind."""
    period, quiet = Period(AFTERNOON - 6 * 3600, AFTERNOON), SCENARIOS[:1]
    for network in company.networks:
        ends = [end for each in connections(network, period, 1, quiet) for end in (each.client, each.server)]
        silent = [host for host in network.hosts if host not in ends]
        assert {host.kind for host in silent} <= {HostKind.NAT_GATEWAY, HostKind.TRANSIT_GATEWAY}


def test_the_internal_scan_is_a_network_scan_as_a_whole_and_at_two_hosts(company: Company) -> None:
    """A batch of log events has one interface, so only two hosts may be known when the alert is raised."""
    period = Period(AFTERNOON - 6 * 3600, AFTERNOON)
    tried = list(connections(company.network("office"), period, 1, [INSIDE_SCAN]))
    hosts, ports = {each.server for each in tried}, {each.server_port for each in tried}
    for known in (2, len(hosts)):
        shape = next(shape for shape in SHAPES if shape.fits(known, len(ports)))
        assert shape.kind.name == "network_scan"


def test_a_period_too_short_for_the_slow_scan_is_rejected(company: Company) -> None:
    with pytest.raises(ValueError, match="too short for a slow scan"):
        generate(company, AFTERNOON, hours=1)
