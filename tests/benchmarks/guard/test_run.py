"""What a run of the guard measures again, prints and fails on, with benchmarks that are lists."""

from collections.abc import Iterator

import pytest

from benchmarks.guard.alone import BenchmarkError, from_json, to_json
from benchmarks.guard.rows import Row, at_least, at_most
from benchmarks.guard.run import Run
from benchmarks.guard.verdicts import FULL, SHORT, Strictness

LANDED = {"payloads": {"small": 1.0, "large": 1.0}}


class Benchmarks:
    """Yields the next list of ratios of `small` and `large` at each measurement, each of which takes ten seconds."""

    def __init__(self, *runs: tuple[float, ...]) -> None:
        self.runs, self.now = list(runs), 0.0

    def measure(self, _: str) -> Iterator[Row]:
        self.now += 10
        for subject, ratio in zip(("small", "large"), self.runs.pop(0), strict=False):
            yield Row(subject, ratio, ratio=ratio, of="zlib", bound=at_most(5))

    def run(self, strictness: Strictness = FULL, max_seconds: float = 60) -> Run:
        return Run(strictness, max_seconds, LANDED, self.measure, lambda: self.now)


def ended(run: Run) -> list[str]:
    run.benchmark("payloads")
    run.end()
    return run.failures


def test_nothing_fails_when_all_is_as_landed() -> None:
    assert ended(Benchmarks((1.0, 1.05)).run()) == []


def test_what_is_worse_only_once_is_measured_again_and_passes() -> None:
    benchmarks = Benchmarks((1.5, 1.0), (1.0, 1.5))
    assert ended(benchmarks.run()) == []
    assert benchmarks.runs == []


def test_what_is_worse_twice_fails() -> None:
    assert ended(Benchmarks((1.5, 1.0), (1.4, 1.0)).run()) == ["payloads: small: worse, 1.40 x landed"]


def test_there_is_no_second_measurement_when_time_would_run_out() -> None:
    benchmarks = Benchmarks((1.5, 1.0), (1.0, 1.0))
    assert ended(benchmarks.run(max_seconds=15)) == ["payloads: small: worse, 1.50 x landed"]
    assert len(benchmarks.runs) == 1


def test_the_short_form_measures_again_however_long_it_took() -> None:
    benchmarks = Benchmarks((2.5, 1.0), (1.0, 1.0))
    assert ended(benchmarks.run(SHORT, max_seconds=15)) == []
    assert benchmarks.runs == []


def test_a_missed_bound_alone_is_not_measured_again() -> None:
    benchmarks = Benchmarks((1.0, 1.0), (1.0, 1.0))
    benchmarks.run(SHORT).benchmark("other")
    assert len(benchmarks.runs) == 1


def test_a_landed_subject_without_a_row_fails() -> None:
    assert ended(Benchmarks((1.0,)).run()) == ["payloads: large: gone: measure it, or land without it"]


def test_a_run_that_takes_too_long_fails_in_the_full_form() -> None:
    assert ended(Benchmarks((1.0, 1.0)).run(max_seconds=9)) == ["the whole run: missed"]
    assert ended(Benchmarks((1.0, 1.0)).run(SHORT, max_seconds=9)) == []


def test_a_benchmark_that_ends_early_fails_and_lands_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def measure(_: str) -> Iterator[Row]:
        yield Row("small", 1.0, ratio=1.0, of="zlib")
        raise BenchmarkError("payloads ended with exit code 1")

    run = Run(FULL, 60, LANDED, measure)
    run.benchmark("payloads")
    assert run.failures == ["payloads ended with exit code 1"]
    assert run.measured == {}
    assert "! payloads" in capsys.readouterr().out


def test_a_row_crosses_between_processes_unchanged() -> None:
    row = Row("peer", 1.5, "s", 5.25, "ours", at_least(12), "a note")
    assert from_json(to_json(row)) == row
    assert from_json(to_json(Row("plain", 1.0))) == Row("plain", 1.0)


def test_a_line_has_figure_ratio_bound_landed_and_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    Benchmarks((6.0, 1.0), (6.0, 1.0)).run().benchmark("payloads")
    first = capsys.readouterr().out.splitlines()[1]
    assert first.split()[:2] == ["!", "small"]
    assert "6 s" in first
    assert first.endswith("missed; worse, 6.00 x landed")
