"""Rows of a benchmark that runs in its own process."""

from pathlib import Path

import pytest

from benchmarks.guard.alone import REPOSITORY, BenchmarkError, rows_of
from benchmarks.guard.rows import Row

MODULE = """
from benchmarks.guard.rows import Row

def rows():
    print("creating a file …")
    yield Row("first", 1.0, ratio=2.0, of="zlib")
    {then}
"""


def benchmark(folder: Path, then: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "made_up").mkdir()
    (folder / "made_up" / "one.py").write_text(MODULE.format(then=then))
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{REPOSITORY}")


def test_rows_arrive_and_what_is_printed_is_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    benchmark(tmp_path, "yield Row('second', 3.0)", monkeypatch)
    assert list(rows_of("one", "made_up")) == [Row("first", 1.0, ratio=2.0, of="zlib"), Row("second", 3.0)]
    assert "creating" in capfd.readouterr().err


def test_a_benchmark_that_fails_is_an_error_after_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark(tmp_path, "raise OSError", monkeypatch)
    rows = rows_of("one", "made_up")
    assert next(rows).subject == "first"
    with pytest.raises(BenchmarkError, match="one ended with exit code 1"):
        next(rows)
