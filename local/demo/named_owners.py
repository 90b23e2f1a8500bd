"""Checks that the company's own addresses have their owner's kind and name in the enriched rows."""

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import polars as pl

from local.aws.embedded import EmbeddedAws
from local.traffic.company.network import Company, HostKind

LEAST_SHARE = 0.99
"""Least share of own addresses with the correct owner, over all and for each owner kind. Higher: a discovery that is
a little late fails the demo. Lower: a kind that is often unnamed passes."""
ENDS = ("source", "destination")
_ADDRESS = {"source": ("pkt_srcaddr", "srcaddr"), "destination": ("pkt_dstaddr", "dstaddr")}


@dataclass
class NamedOwners:
    """Counts of row ends with an own address, by owner kind: `named` have the correct kind and name, `misnamed` have
    another owner's.
    """

    kinds: frozenset[HostKind]
    ends: Counter[HostKind] = field(default_factory=Counter)
    named: Counter[HostKind] = field(default_factory=Counter)
    misnamed: Counter[HostKind] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        return self.named.total() / max(1, self.ends.total())

    @property
    def lacking(self) -> list[HostKind]:
        """Owner kinds that do not occur, or are named less often than LEAST_SHARE."""
        return sorted(kind for kind in self.kinds if self.named[kind] < max(1, LEAST_SHARE * self.ends[kind]))

    @property
    def is_as_expected(self) -> bool:
        return self.share >= LEAST_SHARE and not self.lacking and not self.misnamed

    def lines(self) -> Iterator[str]:
        """The counts as text lines."""
        yield f"owners named    {100 * self.share:.1f} % of {self.ends.total():,} own addresses in the enriched rows"
        kinds = ", ".join(f"{kind} {self.named[kind]:,}" for kind, _ in self.ends.most_common())
        yield f"  {len(+self.named)} kinds      {kinds or 'none'}"
        yield from (f"LACKING: {kind}, {self.named[kind]:,} of {self.ends[kind]:,} named" for kind in self.lacking)
        yield from (f"MISNAMED: {kind}, {count:,} with another's name" for kind, count in self.misnamed.items())


def named_owners(frames: Iterable[pl.DataFrame], company: Company) -> NamedOwners:
    """The owner counts of enriched rows. An address counts as a host's only in the host's own VPC."""
    hosts = pl.DataFrame(
        [
            {"vpc_id": host.vpc_id, "address": host.address, "kind": host.kind.value, "name": host.owner_name}
            for network in company.networks
            for host in network.hosts
        ]
    )
    found = NamedOwners(frozenset(host.kind for network in company.networks for host in network.hosts))
    for frame in frames:
        for end in ENDS:
            _count(_ends_of(frame, end).join(hosts, on=["vpc_id", "address"]), found)
    return found


def enriched_rows(aws: EmbeddedAws, bucket: str) -> Iterator[pl.DataFrame]:
    """The rows of the enriched files in the output bucket, one frame per file."""
    s3 = aws.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="enriched/"):
        for entry in page.get("Contents", ()):
            yield pl.read_parquet(io.BytesIO(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()))


def _ends_of(frame: pl.DataFrame, end: str) -> pl.DataFrame:
    """The addresses at one end of the packets, and their owner's kind and name in the rows."""
    addresses = [pl.col(name).cast(pl.String) for name in _ADDRESS[end] if name in frame.columns]
    return frame.select(
        pl.col("vpc_id").cast(pl.String),
        pl.coalesce(addresses).alias("address"),
        pl.col(f"{end}_owner_kind").cast(pl.String).alias("row_kind"),
        pl.col(f"{end}_owner_name").cast(pl.String).alias("row_name"),
    )


def _count(ends: pl.DataFrame, into: NamedOwners) -> None:
    is_right = (pl.col("row_kind") == pl.col("kind")) & (pl.col("row_name") == pl.col("name"))
    is_named = pl.col("row_kind").is_not_null() | pl.col("row_name").is_not_null()
    rows = ends.group_by("kind").agg(
        pl.len(), is_right.sum().alias("right"), (is_named & ~is_right.fill_null(value=False)).sum().alias("wrong")
    )
    for kind, count, right, wrong in rows.iter_rows():
        into.ends[HostKind(kind)] += count
        into.named[HostKind(kind)] += right
        into.misnamed.update({HostKind(kind): wrong} if wrong else {})
