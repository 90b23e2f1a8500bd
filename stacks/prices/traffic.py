"""List prices of traffic, by the path that `charged_path` names: what the traffic bill multiplies bytes by.

Read in September 2026. AWS's price list of ap-northeast-1 for data transfer
(https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AWSDataTransfer/current/ap-northeast-1/index.json, 2026-09-27)
and AWS's pages for us-east-1 are the ones that could be read; what is marked as not verified is from publications of
others. Negotiated prices: the settings `prices` of a deployment, or `flowsentry bill --prices`.

Bytes between zones and over peering connections are charged "in each direction": the price here is that of a direction.
"""

from collections.abc import Mapping

from flowsentry.records.charged_paths import CHARGED_AT_BOTH_ENDS, BilledPath
from stacks.prices.meter import GB_IN_TB, UNLIMITED, Meter, Quote, flat, not_verified, tiered

FREE_INTERNET_GB = 100
"""GB to the internet that are free each month, "aggregated across all AWS Services and Regions (except China and
GovCloud)", of all accounts of a bill. https://aws.amazon.com/ec2/pricing/on-demand/"""
VPC = "https://aws.amazon.com/vpc/pricing/"
EC2 = "https://aws.amazon.com/ec2/pricing/on-demand/"


def _internet(first: float, second: float, third: float, above: float) -> Quote:
    """By the first 10 TB of a month, the next 40 TB, the next 100 TB, and above."""
    ends = (10 * GB_IN_TB, 50 * GB_IN_TB, 150 * GB_IN_TB, UNLIMITED)
    return tiered(*zip(ends, (first, second, third, above), strict=True))


def _by_region(verified: Mapping[str, float], others: Mapping[str, float]) -> dict[str, Quote]:
    quotes = {region: flat(usd) for region, usd in verified.items()}
    return quotes | {region: not_verified(flat(usd)) for region, usd in others.items()}


NAT_GATEWAY = Meter(
    "traffic through NAT gateways, either way",
    "GB",
    VPC,
    _by_region(
        {"us-east-1": 0.045, "us-east-2": 0.045, "us-west-2": 0.045, "ap-southeast-1": 0.059},
        {
            "us-west-1": 0.048,
            "ca-central-1": 0.05,
            "sa-east-1": 0.093,
            "eu-west-1": 0.048,
            "eu-west-2": 0.05,
            "eu-west-3": 0.05,
            "eu-central-1": 0.052,
            "eu-north-1": 0.046,
            "ap-northeast-1": 0.062,
            "ap-northeast-2": 0.059,
            "ap-northeast-3": 0.062,
            "ap-southeast-2": 0.059,
            "ap-south-1": 0.056,
            "ap-east-1": 0.065,
            "me-south-1": 0.0528,
        },
    ),
)
_USUAL = _internet(0.09, 0.085, 0.07, 0.05)
INTERNET = Meter(
    "traffic to the internet",
    "GB",
    EC2,
    {
        "us-east-1": _USUAL,
        "ap-northeast-1": _internet(0.114, 0.089, 0.086, 0.084),
        **dict.fromkeys(("us-east-2", "us-west-1", "us-west-2", "ca-central-1"), not_verified(_USUAL)),
        **dict.fromkeys(("eu-west-1", "eu-west-2", "eu-west-3"), not_verified(_USUAL)),
        **dict.fromkeys(("eu-central-1", "eu-north-1"), not_verified(_USUAL)),
        "ap-northeast-2": not_verified(_internet(0.126, 0.122, 0.117, 0.108)),
        "ap-southeast-1": not_verified(_internet(0.12, 0.085, 0.082, 0.08)),
        "ap-southeast-2": not_verified(_internet(0.114, 0.098, 0.094, 0.092)),
        "ap-south-1": not_verified(_internet(0.1093, 0.085, 0.082, 0.08)),
        "sa-east-1": not_verified(_internet(0.15, 0.138, 0.126, 0.114)),
    },
)
TRANSIT_GATEWAY = Meter(
    "traffic sent to transit gateways",
    "GB",
    "https://aws.amazon.com/transit-gateway/pricing/",
    {"us-east-1": flat(0.02)},
)
VPC_PEERING = Meter(
    "traffic over VPC peering between zones, each direction",
    "GB",
    VPC,
    _by_region({"us-east-1": 0.01, "ap-northeast-1": 0.01}, {}),
)
VPC_ENDPOINT = Meter(
    "traffic through interface endpoints, either way",
    "GB",
    "https://aws.amazon.com/privatelink/pricing/",
    {"us-east-1": tiered((1_024 * GB_IN_TB, 0.01), (5_120 * GB_IN_TB, 0.006), (UNLIMITED, 0.004))},
)
INTER_REGION = Meter(
    "traffic to other Regions",
    "GB",
    EC2,
    _by_region(
        {"us-east-1": 0.02, "ap-northeast-1": 0.09},
        {
            **dict.fromkeys(("us-east-2", "us-west-1", "us-west-2", "ca-central-1"), 0.02),
            **dict.fromkeys(("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1"), 0.02),
            "ap-northeast-2": 0.08,
            "ap-southeast-1": 0.09,
            "ap-southeast-2": 0.098,
            "ap-south-1": 0.086,
            "sa-east-1": 0.138,
        },
    ),
)
"""By the Region that sends. A pair of Regions may have another price: from us-east-1 to us-east-2 it is $0.01."""
INTER_ZONE = Meter(
    "traffic between Availability Zones, each direction",
    "GB",
    EC2,
    _by_region({"us-east-1": 0.01, "ap-northeast-1": 0.01}, {}),
)
PRICES: Mapping[BilledPath, Meter] = {
    "inter_az": INTER_ZONE,
    "nat_gateway": NAT_GATEWAY,
    "internet": INTERNET,
    "transit_gateway": TRANSIT_GATEWAY,
    "vpc_peering": VPC_PEERING,
    "vpc_endpoint": VPC_ENDPOINT,
    "inter_region": INTER_REGION,
}


def has_quotes_of(region: str) -> bool:
    """Whether a list price of this Region is known; where none is, those of the default Region stand for it."""
    return any(region in meter.quotes for meter in PRICES.values())


def quotes(region: str, own: Mapping[BilledPath, float] | None = None) -> dict[BilledPath, Quote]:
    """The quote of each path in a Region, for a GB that passes once: twice the price of a direction where both ends
    pay. `own` are prices that differ from AWS's list, as AWS states them, in each direction.
    """
    own = own or {}
    found = {path: flat(own[path]) if path in own else meter.quote(region) for path, meter in PRICES.items()}
    return {path: quote.times(2) if path in CHARGED_AT_BOTH_ENDS else quote for path, quote in found.items()}
