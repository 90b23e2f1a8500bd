"""Laws of the bill: no byte is charged twice on a path, whoever logs it and whatever the format lacks."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from flowsentry.enrich import enrich
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.traffic_bill import add_up_charges, measure_charges
from tests.builders import V2
from tests.builders import flows as flows_of_lines
from tests.local.bill.made_flows import COMPANY, FLOWS, lines_of

OPTIONAL = ("vpc-id", "az-id", "traffic-path", "pkt-dst-aws-service", "flow-direction")
PACKET = ("pkt-srcaddr", "pkt-dstaddr")
SPACES = (AddressSpace.of(COMPANY), AddressSpace.of(Inventory()))
amounts = st.lists(st.tuples(st.sampled_from(list(FLOWS)), st.integers(1, 10**9)), min_size=1, max_size=8)
formats = st.tuples(st.sets(st.sampled_from(OPTIONAL)), st.booleans()).map(
    lambda chosen: (*V2, *sorted(chosen[0]), *(PACKET if chosen[1] else ()))
)


@settings(max_examples=60)
@given(amounts, formats, st.sampled_from(SPACES))
def test_a_byte_is_charged_at_most_once_on_each_path(
    sent: list[tuple[str, int]], names: tuple[str, ...], space: AddressSpace
) -> None:
    lines = [
        each
        for number, (name, bytes_) in enumerate(sent)
        for each in lines_of(FLOWS[name], names, bytes_, 40_000 + number)
    ]
    flows = enrich(flows_of_lines(lines, names), space)
    charged: Counter[tuple[int, str]] = Counter()
    for port, path, crosses, bytes_ in flows.select("srcport", "charged_path", "crosses_zones", "bytes").iter_rows():
        charged.update({(port, path): bytes_} if path else {})
        charged.update({(port, "inter_az"): bytes_} if crosses else {})
    for (port, _), bytes_ in charged.items():
        assert bytes_ == sent[port - 40_000][1]


@settings(max_examples=30)
@given(amounts, formats, st.integers(1, 20))
def test_a_bill_is_the_same_however_records_are_cut_into_chunks(
    sent: list[tuple[str, int]], names: tuple[str, ...], size: int
) -> None:
    lines = [each for name, bytes_ in sent for each in lines_of(FLOWS[name], names, bytes_, 40_000)]
    if "flow-direction" not in names:
        return  # the direction may be learned from the records of a chunk
    chunks = [lines[at : at + size] for at in range(0, len(lines), size)]
    parts = [measure_charges(enrich(flows_of_lines(chunk, names), SPACES[0])) for chunk in chunks]
    whole = measure_charges(enrich(flows_of_lines(lines, names), SPACES[0]))
    assert add_up_charges(parts).equals(add_up_charges([whole]))
