"""Ways in which flow logs are delivered to S3: objects with the keys and types that AWS gives them, and what is known
of them.
"""

import gzip
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from flowsentry.records.fields import BY_NAME, column_of
from tests.builders import NOON, gateway_line, line, no_data
from tests.stacks.analytics.glue_tables import ACCOUNT, REGION

V5 = (
    *("version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets"),
    *("bytes", "start", "end", "action", "log-status", "vpc-id", "subnet-id", "instance-id", "tcp-flags", "type"),
    *("pkt-srcaddr", "pkt-dstaddr", "region", "az-id", "sublocation-type", "sublocation-id"),
    *("pkt-src-aws-service", "pkt-dst-aws-service", "flow-direction", "traffic-path"),
)
SHUFFLED = ("bytes", "dstaddr", "log-status", "new-field", "end", "srcaddr", "dstport", "action", "start", "protocol")
CUSTOM = " ".join(f"${{{name}}}" for name in SHUFFLED)
VPCS = [f"vpc-{number:017x}" for number in range(20)]
GATEWAY = "tgw-0123456789abcdef0"
WAYS: Mapping[str, Mapping[str, Any]] = {
    "default": {"vpc_ids": [VPCS[1]], "log_format": "default"},
    "default, by hour": {"vpc_ids": [VPCS[2]], "log_format": "default", "hourly_partitions": True},
    "extended": {"vpc_ids": [VPCS[3]]},
    "extended, Hive by hour": {"vpc_ids": [VPCS[4]], "hive_partitions": True, "hourly_partitions": True},
    "shuffled, Hive": {"vpc_ids": [VPCS[5]], "log_format": CUSTOM, "hive_partitions": True, "retention_days": 0},
    "shuffled, kept for ever": {"vpc_ids": [VPCS[6]], "log_format": CUSTOM, "retention_days": 0, "group": "for-ever"},
    "default, Parquet": {"vpc_ids": [VPCS[7]], "log_format": "default", "file_format": "parquet"},
    "extended, Parquet, Hive by hour": {
        "vpc_ids": [VPCS[8]],
        "file_format": "parquet",
        "hive_partitions": True,
        "hourly_partitions": True,
    },
    "shuffled, Parquet by hour": {
        "vpc_ids": [VPCS[9]],
        "log_format": CUSTOM,
        "file_format": "parquet",
        "hourly_partitions": True,
    },
    "transit gateway": {"transit_gateway_ids": [GATEWAY], "group": "gateway"},
    "transit gateway, Parquet": {"transit_gateway_ids": [f"{GATEWAY[:-1]}1"], "file_format": "parquet"},
}
KNOWN = """
SELECT count(*), sum(bytes), min(start), max("end"), count(DISTINCT srcaddr), count(*) FILTER (dstport = 443) FROM flows
"""
ANSWER = (3, 6_400 + 100, NOON, NOON + 60, 2, 1)
"""Of two records and one without traffic."""


def records(names: Sequence[str]) -> list[str]:
    """Records of ten in the morning: one with data, one of two packets, and one without traffic."""
    if "tgw-id" in names:
        return [gateway_line(names), gateway_line(names, srcaddr="10.0.0.9", bytes=100, dstport=80), no_data(names)]
    return [line(names), line(names, srcaddr="10.0.0.9", bytes=100, dstport=80), no_data(names)]


def aws_key(prefix: str, options: Mapping[str, Any], day: tuple[str, str, str], hour: str) -> str:
    """The key that AWS gives an object, from the options of the flow log.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
    """
    year, month, date = day
    hours = options["PerHourPartition"]
    ending = "log.parquet" if options["FileFormat"] == "parquet" else "log.gz"
    name = f"{ACCOUNT}_vpcflowlogs_{REGION}_fl-0123456789abcdef0_{year}{month}{date}T{hour}00Z_abcd.{ending}"
    if options["HiveCompatiblePartitions"]:
        folder = f"aws-account-id={ACCOUNT}/aws-service=vpcflowlogs/aws-region={REGION}"
        folder += f"/year={year}/month={month}/day={date}" + (f"/hour={hour}" if hours else "")
    else:
        folder = f"{ACCOUNT}/vpcflowlogs/{REGION}/{year}/{month}/{date}" + (f"/{hour}" if hours else "")
    return f"{prefix}AWSLogs/{folder}/{name}"


def write(path: Path, names: Sequence[str], lines: Iterable[str]) -> None:
    """The object as AWS writes it: gzip text with a header, or Parquet with the types of the field table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress("".join(f"{each}\n" for each in (" ".join(names), *lines)).encode()))
        return
    text = pl.DataFrame([each.split(" ") for each in lines], schema=[column_of(name) for name in names], orient="row")
    text.select(
        pl.when(pl.col(column_of(name)) != "-").then(pl.col(column_of(name))).cast(_in_parquet(name)) for name in names
    ).write_parquet(path, compression="gzip")


def _in_parquet(name: str) -> pl.DataType:
    stated = BY_NAME[name].parquet_type if name in BY_NAME else "STRING"
    return {"INT_32": pl.Int32(), "INT_64": pl.Int64(), "STRING": pl.String()}[stated]
