"""Enriched flows as one Parquet file under a key that the same source always has."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from flowsentry.emit.enriched_object import EnrichedFile, enriched_key, write_enriched
from flowsentry.frames import EnrichedFlows
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from flowsentry.records.object_key import Origin
from tests.builders import NOON, V2, V5, enriched, gateway_line, line

SOURCE = "s3://logs/AWSLogs/123456789012/vpcflowlogs/a.log.gz"


def test_a_key_is_by_day_so_that_athena_reads_only_the_days_asked_for() -> None:
    assert enriched_key(SOURCE, NOON).startswith("enriched/day=2026-01-01/")
    assert enriched_key(SOURCE, NOON).endswith(".parquet")


def test_the_same_source_has_the_same_key_and_another_has_another() -> None:
    assert enriched_key(SOURCE, NOON) == enriched_key(SOURCE, NOON + 60)
    assert enriched_key(SOURCE, NOON) != enriched_key(SOURCE + "2", NOON)


def chunks(*sizes: int) -> Iterator[EnrichedFlows]:
    port = iter(range(1, 60_000))
    for size in sizes:
        yield enriched([line(srcport=next(port)) for _ in range(size)])


@pytest.mark.parametrize("sizes", [(3,), (3, 4), (0, 3), (3, 0, 0, 2), (1,) * 20])
def test_all_rows_of_all_chunks_are_written_in_order(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    path = tmp_path / "enriched.parquet"
    assert write_enriched(chunks(*sizes), EnrichedFile(path)) == sum(sizes)
    assert pl.read_parquet(path)["srcport"].to_list() == list(range(1, sum(sizes) + 1))


@pytest.mark.parametrize("sizes", [(), (0,), (0, 0)])
def test_no_rows_are_no_file(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    path = tmp_path / "enriched.parquet"
    assert write_enriched(chunks(*sizes), EnrichedFile(path)) == 0
    assert not path.exists()


@pytest.mark.parametrize(
    "names",
    [V2, V5, TRANSIT_GATEWAY_NAMES, (*V5, "moon-phase")],
    ids=["v2", "v5", "transit gateway", "with an unknown field"],
)
def test_columns_and_values_are_those_of_the_enriched_flows(tmp_path: Path, names: tuple[str, ...]) -> None:
    flows = enriched([gateway_line(names), gateway_line(names, srcport="-", dstaddr="-")], names)
    write_enriched(iter([flows]), EnrichedFile(tmp_path / "enriched.parquet"))
    written = pl.read_parquet(tmp_path / "enriched.parquet")
    repeated = ("source_address", "destination_address", "source_scope", "destination_scope", "is_ipv6", "is_rejected")
    kept = flows.drop(repeated)
    assert written.columns == kept.columns
    assert [tuple(map(str, row)) for row in written.rows()] == [tuple(map(str, row)) for row in kept.rows()]


def test_of_several_formats_the_columns_are_those_of_the_first_and_all_rows_are_written(tmp_path: Path) -> None:
    of_two = [
        enriched([line(names, srcport=port)], names) for port, names in ((1, V5), (2, V2), (3, (*V5, "moon-phase")))
    ]
    assert write_enriched(iter(of_two), EnrichedFile(tmp_path / "enriched.parquet")) == 3
    written = pl.read_parquet(tmp_path / "enriched.parquet")
    assert written["srcport"].to_list() == [1, 2, 3]
    assert written["tcp_flags"].to_list() == [3, None, 3]
    assert "moon_phase" not in written.columns


def test_no_column_has_a_type_that_athena_does_not_read(tmp_path: Path) -> None:
    write_enriched(chunks(2), EnrichedFile(tmp_path / "enriched.parquet"))
    types = set(pl.read_parquet(tmp_path / "enriched.parquet").schema.dtypes())
    assert not types & {pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64}


def test_the_same_flows_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_enriched(chunks(5, 5), EnrichedFile(tmp_path / name))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_what_the_origin_tells_and_the_format_does_not_is_in_columns(tmp_path: Path) -> None:
    origin = Origin("210987654321", "eu-west-1", "fl-0123456789abcdef0")
    write_enriched(chunks(2, 1), EnrichedFile(tmp_path / "enriched.parquet", origin))
    written = pl.read_parquet(tmp_path / "enriched.parquet")
    assert written["region"].to_list() == ["eu-west-1"] * 3
    assert written["flow_log_id"].to_list() == ["fl-0123456789abcdef0"] * 3
    assert written["account_id"].unique().to_list() == ["123456789012"]


def test_what_an_origin_does_not_know_is_no_column(tmp_path: Path) -> None:
    write_enriched(chunks(1), EnrichedFile(tmp_path / "enriched.parquet", Origin("210987654321", None)))
    assert not {"region", "flow_log_id"} & set(pl.read_parquet(tmp_path / "enriched.parquet").columns)


def test_what_a_later_format_says_itself_is_not_overwritten_by_the_origin(tmp_path: Path) -> None:
    without = V2[2:]
    parts = [enriched([line(without)], without), enriched([line(V2)], V2)]
    write_enriched(iter(parts), EnrichedFile(tmp_path / "enriched.parquet", Origin("210987654321", "eu-west-1")))
    assert pl.read_parquet(tmp_path / "enriched.parquet")["account_id"].to_list() == ["210987654321", "123456789012"]
