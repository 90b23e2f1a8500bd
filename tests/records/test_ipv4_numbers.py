"""IPv4 addresses as numbers: one by one, and by column."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.records import ipv4_numbers
from flowsentry.records.ipv4_numbers import MAX_FEW_ADDRESSES, ipv4_number

LONG = st.tuples(st.sampled_from("01"), st.integers(4_295, 4_305)).map(lambda given: f"1.1.1.{given[0] * given[1]}1")
ADDRESSES = st.ip_addresses().map(str) | st.text("0129.:a", max_size=15) | LONG


@given(st.lists(st.none() | ADDRESSES, max_size=20))
def test_few_addresses_have_the_numbers_of_many(addresses: list[str | None]) -> None:
    column = pl.Series("address", addresses, pl.String)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ipv4_numbers, "MAX_FEW_ADDRESSES", -1)
        by_column = ipv4_number(column)
    assert ipv4_number(column).equals(by_column, check_names=True, check_dtypes=True)


@pytest.mark.parametrize("number", [MAX_FEW_ADDRESSES, MAX_FEW_ADDRESSES + 1])
def test_the_number_of_addresses_makes_no_difference(number: int) -> None:
    assert ipv4_number(pl.Series(["10.0.0.1"] * number)).to_list() == [10 << 24 | 1] * number
