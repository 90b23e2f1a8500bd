"""List prices: tiers, Regions that the table does not have, and the sums worked out by hand."""

import pytest

from stacks.prices import logs, services, traffic
from stacks.prices.meter import DEFAULT_REGION, GB_IN_TB, Meter, flat, tiered

METERS = [each for module in (logs, services, traffic) for each in vars(module).values() if isinstance(each, Meter)]


def test_each_tier_is_charged_for_the_units_in_it() -> None:
    quote = tiered((10, 5.0), (30, 2.0), (float("inf"), 1.0))
    assert [quote.dollars(units) for units in (0, 10, 11, 30, 31)] == [0, 50, 52, 90, 91]


def test_flow_logs_of_12_tb_pay_the_second_tier_for_two_of_them() -> None:
    assert logs.TO_LOGS.dollars(12 * GB_IN_TB) == pytest.approx(10_240 * 0.50 + 2_048 * 0.25)
    assert logs.TO_S3.dollars(12 * GB_IN_TB) == pytest.approx(10_240 * 0.25 + 2_048 * 0.15)


def test_a_region_without_a_quote_has_that_of_the_default_region_and_says_so() -> None:
    meter = Meter("", "", "", {DEFAULT_REGION: flat(0.25)})
    assert (meter.quote("sa-east-1").usd, meter.quote("sa-east-1").is_verified) == (0.25, False)


@pytest.mark.parametrize("meter", METERS, ids=lambda meter: meter.what)
def test_each_meter_has_the_default_region_a_page_of_aws_and_tiers_that_rise(meter: Meter) -> None:
    assert meter.quotes[DEFAULT_REGION].is_verified
    assert meter.page.startswith("https://aws.amazon.com/")
    for quote in meter.quotes.values():
        ends = [tier.up_to for tier in quote.tiers]
        assert ends == sorted(set(ends))
        assert ends[-1] == float("inf")
        assert all(tier.usd > 0 for tier in quote.tiers)
