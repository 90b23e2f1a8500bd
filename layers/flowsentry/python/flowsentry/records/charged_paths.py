"""The meters that AWS charges traffic on, by the words that the column `charged_path` and the metric's dimension have.

What each is charged for, with AWS's page, is in enrich/charges.py; what it costs is in the price table. No polars: the
stacks and the notifier import this module.
"""

from typing import Literal, get_args

ChargedPath = Literal["nat_gateway", "internet", "transit_gateway", "vpc_peering", "vpc_endpoint", "inter_region"]
"""The values of `charged_path`."""
BilledPath = Literal[ChargedPath, "inter_az"]
"""The values of the dimension `path`: `inter_az` are the bytes of which `crosses_zones` is true."""

CHARGED_PATHS: tuple[ChargedPath, ...] = get_args(ChargedPath)
INTER_ZONE: Literal["inter_az"] = "inter_az"
BILLED_PATHS: tuple[BilledPath, ...] = (INTER_ZONE, *CHARGED_PATHS)

UNKNOWN_PATH: Literal["unknown"] = "unknown"
"""Stands for the path of bytes of which their records can't tell on which meters they are charged."""
BILLED_TO_EITHER_SIDE: tuple[ChargedPath, ...] = ("nat_gateway", "vpc_endpoint")
"""Charged in both directions, at an interface that others use: the host that uses it is the source of a record on the
way in, and the destination of one on the way out."""
CHARGED_AT_BOTH_ENDS: tuple[BilledPath, ...] = (INTER_ZONE, "vpc_peering")
"""Charged "in each direction": the sender pays for what goes out of its zone, and the receiver for the same bytes as
they come in, so a byte costs twice the price of a direction.
https://docs.aws.amazon.com/cur/latest/userguide/cur-data-transfers-charges.html"""

CHARGED_AT_ONE_END = ("elasticache cluster",)
"""Owner kinds for whose traffic between zones only the other end pays: "There is no Amazon ElastiCache Data Transfer
charge for traffic in or out of the Amazon ElastiCache Node itself … you are only charged for the Data Transfer in or
out of the Amazon EC2 instance" (https://aws.amazon.com/elasticache/pricing/). For RDS, Redshift and DAX both ends pay,
as for instances (https://aws.amazon.com/ec2/pricing/on-demand/)."""
