"""The meters that AWS charges traffic on, by the words that the column `charged_path` and the metric's dimension have.

What each is charged for, with AWS's page, is in enrich/charges.py; what it costs is in the price table. No polars: the
stacks and the notifier import this module.
"""

from typing import Literal, get_args

ChargedPath = Literal["nat_gateway", "internet", "transit_gateway", "vpc_peering", "vpc_endpoint", "inter_region"]
"""The values of `charged_path`."""
Meter = Literal[ChargedPath, "inter_az"]
"""The values of the dimension `path`: `inter_az` are the bytes of which `crosses_zones` is true."""

CHARGED_PATHS: tuple[ChargedPath, ...] = get_args(ChargedPath)
INTER_ZONE: Literal["inter_az"] = "inter_az"
METERS: tuple[Meter, ...] = (INTER_ZONE, *CHARGED_PATHS)

CHARGED_AT_ONE_END = (
    "rds database",
    "rds proxy",
    "elasticache cluster",
    "redshift cluster",
    "dax cluster",
    "memorydb cluster",
    "opensearch domain",
    "msk cluster",
    "efs mount target",
)
"""Owner kinds of which AWS does not charge traffic between zones: only the other end, an instance, pays $0.01/GB. Such
as: "There is no Amazon ElastiCache Data Transfer charge for traffic in or out of the ElastiCache node itself … you are
only charged for the Data Transfer in or out of the Amazon EC2 instance" (https://aws.amazon.com/elasticache/pricing/,
likewise https://aws.amazon.com/rds/postgresql/pricing/)."""
