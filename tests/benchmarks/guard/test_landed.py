"""The file of landed ratios."""

from pathlib import Path

from benchmarks.__main__ import BENCHMARKS, QUICK
from benchmarks.guard import landed
from benchmarks.guard.rows import Row


def test_what_is_written_is_read_again_in_three_digits(tmp_path: Path) -> None:
    path = tmp_path / "landed.json"
    landed.write({"floods": [Row("a", 1.0, ratio=12.3456), Row("no ratio", 1.0)]}, ["floods"], path)
    assert landed.read(path) == {"floods": {"a": 12.3}}


def test_no_file_is_no_ratios(tmp_path: Path) -> None:
    assert landed.read(tmp_path / "landed.json") == {}


def test_landing_replaces_a_measured_benchmark_keeps_the_others_and_drops_unknown_ones(tmp_path: Path) -> None:
    path = tmp_path / "landed.json"
    old = {"floods": [Row("a", 1.0, ratio=1.0), Row("b", 1.0, ratio=1.0)], "kept": [Row("c", 1.0, ratio=1.0)]}
    landed.write(old | {"removed": [Row("d", 1.0, ratio=1.0)]}, ["floods", "kept", "removed"], path)
    landed.write({"floods": [Row("a", 1.0, ratio=2.0)]}, ["floods", "kept"], path)
    assert landed.read(path) == {"floods": {"a": 2.0}, "kept": {"c": 1.0}}


def test_every_landed_benchmark_is_one_that_runs_and_every_quick_one_is_landed() -> None:
    assert set(QUICK) <= set(landed.read()) <= set(BENCHMARKS)
