"""Who causes the bytes that AWS charges: each byte once on each of its paths."""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from flowsentry.enrich import enrich
from flowsentry.frames import ChargeSums, EnrichedFlows
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from flowsentry.traffic_bill import MAX_CHARGE_ROWS, NO_CHARGES, add_up_charges, measure_charges, merged_charges
from tests.builders import NOON, V5, flows, gateway_line, line
from tests.enrich.test_charges import COMPANY, FAR, NAT, OUTSIDE, PATHS, PRIVATE, WEB, address_space, received, sent


def charged(records: Iterable[Mapping[str, object]], names: Sequence[str] = PATHS) -> EnrichedFlows:
    return enrich(flows([line(names, **record) for record in records], names), address_space(COMPANY))


def sums(records: Iterable[Mapping[str, object]], names: Sequence[str] = PATHS) -> dict[tuple[str, str | None], int]:
    found = add_up_charges([measure_charges(charged(records, names))])
    return {(row["path"], row["owner_name"]): row["bytes"] for row in found.iter_rows(named=True)}


def test_a_host_is_named_for_both_directions_through_a_nat_gateway_and_for_its_zone() -> None:
    there = received(NAT, "10.0.0.1", pkt_dstaddr=OUTSIDE, bytes=100)
    back = sent(NAT, "10.0.0.1", pkt_srcaddr=OUTSIDE, bytes=900)
    assert sums([there, back]) == {("nat_gateway", "private"): 1_000, ("inter_az", "private"): 1_000}


def test_the_sender_is_named_for_other_paths() -> None:
    assert sums([sent(WEB, OUTSIDE, bytes=5, traffic_path=8)]) == {("internet", "web"): 5}
    assert sums([sent(PRIVATE, "10.0.1.1", bytes=7), received(FAR, "10.0.0.1", bytes=7)]) == {
        ("inter_az", "private"): 7
    }


def test_the_columns_are_the_same_whatever_is_charged() -> None:
    of_each = ([sent(WEB, OUTSIDE, traffic_path=8)], [sent(PRIVATE, "10.0.1.1")], [sent(PRIVATE, "10.0.9.9")])
    assert [measure_charges(charged(records)).schema for records in of_each] == [NO_CHARGES.schema] * 3


def test_bytes_without_a_known_path_are_summed_up_as_unknown() -> None:
    assert sums([sent(PRIVATE, "10.0.9.9", bytes=3)]) == {("unknown", "private"): 3}
    assert sums([sent(PRIVATE, "10.0.9.9", action="REJECT")]) == {}


def test_bytes_of_a_service_that_pays_nothing_between_zones_are_at_one_end() -> None:
    cache = charged([sent(PRIVATE, "10.0.1.1", bytes=8)]).with_columns(
        pl.lit("elasticache cluster", pl.Categorical()).alias("destination_owner_kind")
    )
    assert measure_charges(EnrichedFlows(cache)).select("bytes", "bytes_at_one_end").rows() == [(8, 8)]


def test_sums_are_by_five_minutes_and_in_order_of_time() -> None:
    records = [sent(PRIVATE, "10.0.1.1", start=NOON + seconds, end=NOON + seconds) for seconds in (300, 299, 0)]
    assert add_up_charges([measure_charges(charged(records))])["time"].to_list() == [NOON, NOON + 300]


def test_a_transit_gateways_records_count_where_traffic_enters() -> None:
    lines = [gateway_line(bytes=4), gateway_line(bytes=4, flow_direction="egress")]
    found = measure_charges(enrich(flows(lines, TRANSIT_GATEWAY_NAMES), address_space(COMPANY)))
    assert found.select("path", "bytes").rows() == [("transit_gateway", 4)]


def test_without_charges_there_are_no_rows() -> None:
    assert measure_charges(charged([received(PRIVATE, OUTSIDE)], V5)).is_empty()
    assert add_up_charges([]).schema == NO_CHARGES.schema


def test_chunks_add_up_to_the_whole_and_the_smallest_sums_beyond_the_limit_are_left_out() -> None:
    one = measure_charges(charged([sent(PRIVATE, "10.0.1.1", bytes=2)]))
    assert add_up_charges([one, one])["bytes"].to_list() == [4]
    owners = [f"i-{number}" for number in range(MAX_CHARGE_ROWS + 1)]
    many = pl.concat([one] * len(owners)).with_columns(
        pl.Series("owner_id", owners, pl.Categorical()), pl.int_range(len(owners)).alias("bytes")
    )
    kept = add_up_charges(merged_charges([ChargeSums(many)]))
    assert (len(kept), kept["bytes"].min()) == (MAX_CHARGE_ROWS, 1)
