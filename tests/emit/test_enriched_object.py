"""Enriched flows as one Parquet file under a key that the same source always has."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import polars as pl
import pytest

from flowsentry.emit import enriched_object
from flowsentry.emit.enriched_object import EnrichedFile, EnrichedSink, enriched_key
from flowsentry.errors import RetryableError
from flowsentry.frames import EnrichedFlows, ExplainedFlows
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


def written(chunks: Iterable[EnrichedFlows], file: EnrichedFile) -> int:
    """The number of rows, after all chunks were written."""
    with EnrichedSink(file) as sink:
        for chunk in chunks:
            sink.write(ExplainedFlows(chunk))
    return sink.rows


def chunks(*sizes: int) -> Iterator[EnrichedFlows]:
    port = iter(range(1, 60_000))
    for size in sizes:
        yield enriched([line(srcport=next(port)) for _ in range(size)])


@pytest.mark.parametrize("sizes", [(3,), (3, 4), (0, 3), (3, 0, 0, 2), (1,) * 20])
def test_all_rows_of_all_chunks_are_written_in_order(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    path = tmp_path / "enriched.parquet"
    assert written(chunks(*sizes), EnrichedFile(path)) == sum(sizes)
    assert pl.read_parquet(path)["srcport"].to_list() == list(range(1, sum(sizes) + 1))


@pytest.mark.parametrize("sizes", [(), (0,), (0, 0)])
def test_without_rows_no_file_is_written(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    path = tmp_path / "enriched.parquet"
    assert written(chunks(*sizes), EnrichedFile(path)) == 0
    assert not path.exists()


@pytest.mark.parametrize(
    "names",
    [V2, V5, TRANSIT_GATEWAY_NAMES, (*V5, "moon-phase")],
    ids=["v2", "v5", "transit gateway", "with an unknown field"],
)
def test_columns_and_values_are_those_of_the_enriched_flows(tmp_path: Path, names: tuple[str, ...]) -> None:
    flows = enriched([gateway_line(names), gateway_line(names, srcport="-", dstaddr="-")], names)
    written(iter([flows]), EnrichedFile(tmp_path / "enriched.parquet"))
    found = pl.read_parquet(tmp_path / "enriched.parquet")
    repeated = ("source_address", "destination_address", "source_scope", "destination_scope", "is_ipv6", "is_rejected")
    kept = flows.drop(repeated)
    assert found.columns == kept.columns
    assert [tuple(map(str, row)) for row in found.rows()] == [tuple(map(str, row)) for row in kept.rows()]


def test_with_several_formats_the_columns_are_those_of_the_first(tmp_path: Path) -> None:
    of_two = [
        enriched([line(names, srcport=port)], names) for port, names in ((1, V5), (2, V2), (3, (*V5, "moon-phase")))
    ]
    assert written(iter(of_two), EnrichedFile(tmp_path / "enriched.parquet")) == 3
    found = pl.read_parquet(tmp_path / "enriched.parquet")
    assert found["srcport"].to_list() == [1, 2, 3]
    assert found["tcp_flags"].to_list() == [3, None, 3]
    assert "moon_phase" not in found.columns


def test_every_column_has_a_type_that_athena_reads(tmp_path: Path) -> None:
    written(chunks(2), EnrichedFile(tmp_path / "enriched.parquet"))
    types = set(pl.read_parquet(tmp_path / "enriched.parquet").schema.dtypes())
    assert not types & {pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64}


def test_the_same_flows_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        written(chunks(5, 5), EnrichedFile(tmp_path / name))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_facts_of_the_origin_that_the_format_lacks_are_columns(tmp_path: Path) -> None:
    origin = Origin("210987654321", "eu-west-1", "fl-0123456789abcdef0")
    written(chunks(2, 1), EnrichedFile(tmp_path / "enriched.parquet", origin))
    found = pl.read_parquet(tmp_path / "enriched.parquet")
    assert found["region"].to_list() == ["eu-west-1"] * 3
    assert found["flow_log_id"].to_list() == ["fl-0123456789abcdef0"] * 3
    assert found["account_id"].unique().to_list() == ["123456789012"]


def test_unknown_facts_of_the_origin_are_no_columns(tmp_path: Path) -> None:
    written(chunks(1), EnrichedFile(tmp_path / "enriched.parquet", Origin("210987654321", None)))
    assert not {"region", "flow_log_id"} & set(pl.read_parquet(tmp_path / "enriched.parquet").columns)


def test_values_of_a_later_format_are_not_overwritten_by_the_origin(tmp_path: Path) -> None:
    without = V2[2:]
    parts = [enriched([line(without)], without), enriched([line(V2)], V2)]
    written(iter(parts), EnrichedFile(tmp_path / "enriched.parquet", Origin("210987654321", "eu-west-1")))
    assert pl.read_parquet(tmp_path / "enriched.parquet")["account_id"].to_list() == ["210987654321", "123456789012"]


def test_an_error_of_the_caller_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "enriched.parquet"

    def fail() -> None:
        with EnrichedSink(EnrichedFile(path)) as sink:
            sink.write(ExplainedFlows(enriched([line()])))
            raise RetryableError("the download broke off")

    with pytest.raises(RetryableError, match="broke off"):
        fail()
    assert not path.exists()


@pytest.mark.parametrize("number", [1, 2, 3, 20])
def test_a_failure_of_the_writer_is_raised_and_never_waited_for(tmp_path: Path, number: int) -> None:
    path = tmp_path / "no such folder" / "enriched.parquet"
    with pytest.raises(OSError, match="No such file"):
        written(chunks(*[3] * number), EnrichedFile(path))


def test_a_failure_of_the_writer_in_the_middle_is_raised_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "enriched.parquet"

    def broken_off(writer: enriched_object.ParquetWriter, *_: object) -> Iterator[pl.DataFrame]:
        yield from islice(writer.put_frames(), 2)
        raise OSError("no space left on device")

    monkeypatch.setattr(enriched_object.ParquetWriter, "_frames_for_polars", broken_off)
    for number in (3, 4, 20):
        with pytest.raises(OSError, match="no space left"):
            written(chunks(*[3] * number), EnrichedFile(path))
        assert not path.exists()


def test_a_failure_while_the_only_chunk_is_written_is_raised_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "enriched.parquet"

    def broken_off(_frame: pl.DataFrame, file: Path, **_: object) -> None:
        file.write_bytes(b"PAR1")
        raise OSError("no space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", broken_off)
    with pytest.raises(OSError, match="no space left"):
        written(chunks(3), EnrichedFile(path))
    assert not path.exists()
