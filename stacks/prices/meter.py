"""What AWS charges for: a meter, with its list price in each Region, and where that price was read."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

AS_OF = "2026-09-26"
"""The publication date of the newest of AWS's price list files that the prices were read from; `READ` has all."""
READ = {
    "AmazonS3": "2026-09-26",
    "AWSLambda": "2026-09-19",
    "AmazonDynamoDB": "2026-08-15",
    "AmazonCloudWatch": "2026-08-06",
    "AWSEvents": "2026-05-29",
    "AWSQueueService": "2025-08-28",
}
"""Publication dates of the price list files, by service. The other services were read from AWS's price pages.
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html"""
DEFAULT_REGION = "us-east-1"
"""The Region whose prices stand for those of a Region that the table does not have."""
GB_IN_TB = 1024
"""AWS's price list cuts the tiers of logs at 10,240 GB and its multiples."""
BYTES_IN_GB = 1 << 30
"""AWS bills bytes by the gigabyte of 1,024 MB, as its tiers of 10,240 GB for 10 TB show."""
DAYS_A_MONTH = 30
"""Days of the month that prices of a month are worked out for."""
UNLIMITED = float("inf")


@dataclass(frozen=True, slots=True)
class Tier:
    """The price of the units up to the `up_to`-th of a month, from the end of the tier before it."""

    up_to: float
    usd: float


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of a unit in one Region, by tier; not `is_verified`: not found on a page or in a price list of AWS."""

    tiers: tuple[Tier, ...]
    is_verified: bool = True

    @property
    def usd(self) -> float:
        """Dollars for the first unit of a month."""
        return self.tiers[0].usd

    def times(self, factor: float) -> "Quote":
        """The quote for as many times the price."""
        return Quote(tuple(Tier(tier.up_to, factor * tier.usd) for tier in self.tiers), self.is_verified)

    def dollars(self, units: float) -> float:
        """Dollars for this many units of one month."""
        ends = (0.0, *(tier.up_to for tier in self.tiers))
        parts = zip(self.tiers, pairwise(ends), strict=True)
        return sum(tier.usd * (min(units, end) - start) for tier, (start, end) in parts if units > start)


@dataclass(frozen=True, slots=True)
class Meter:
    """One thing that AWS charges for: its unit, the page of its price, and the quotes by Region."""

    what: str
    unit: str
    page: str
    quotes: Mapping[str, Quote]

    def quote(self, region: str) -> Quote:
        """The quote for a Region; for one that the table does not have, that of us-east-1, as not verified."""
        return self.quotes.get(region) or Quote(self.quotes[DEFAULT_REGION].tiers, is_verified=False)

    def dollars(self, units: float, region: str = DEFAULT_REGION) -> float:
        """The list price of this many units of one month in a Region, without free tiers."""
        return self.quote(region).dollars(units)


def flat(usd: float) -> Quote:
    """A quote without tiers."""
    return Quote((Tier(UNLIMITED, usd),))


def tiered(*tiers: tuple[float, float]) -> Quote:
    """A quote by tiers, each (last unit of a month, dollars a unit)."""
    return Quote(tuple(Tier(up_to, usd) for up_to, usd in tiers))


def not_verified(quote: Quote) -> Quote:
    """The same quote, marked as one for which no page or price list of AWS was found."""
    return Quote(quote.tiers, is_verified=False)
