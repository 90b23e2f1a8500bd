"""Settings for the prices of traffic: the Region of the list prices, and negotiated prices."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from flowsentry.records.charged_paths import BILLED_PATHS, BilledPath
from stacks.settings.values import Region, Section

Dollars = Annotated[float, Field(ge=0, le=10)]


class TrafficPrices(Section):
    """Prices of the traffic bill in dollars for a GB of 1,024 MB, without tiers. A path without a price here has AWS's
    list price.
    """

    region: Region = "us-east-1"
    """The Region whose list prices the dashboard takes. Flow logs of several Regions are billed at this one's."""
    inter_az: Dollars | None = None
    """Between Availability Zones, in each direction, as AWS states it: a GB costs twice this, since both ends pay."""
    nat_gateway: Dollars | None = None
    """Through NAT gateways, either way."""
    internet: Dollars | None = None
    """Out to the internet. The first 100 GB a month stay free."""
    transit_gateway: Dollars | None = None
    """Sent to transit gateways."""
    vpc_peering: Dollars | None = None
    """Over VPC peering between zones, in each direction."""
    vpc_endpoint: Dollars | None = None
    """Through interface endpoints, either way."""
    inter_region: Dollars | None = None
    """To other Regions."""

    @property
    def own(self) -> Mapping[BilledPath, float]:
        """The prices that differ from AWS's list."""
        given = {path: getattr(self, path) for path in BILLED_PATHS}
        return {path: usd for path, usd in given.items() if usd is not None}
