"""Throughput of all stages, relative to flowlogs-reader (which only parses) and to zlib (which only decompresses).

Every value is a median over rounds. In a round the subjects run in turn, each in its own process, so that changes in
the machine's speed affect all of them.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.made_traffic import INTERFACES, V5_NAMES, Company, write_object
from benchmarks.subjects import LARGE_COMPANY
from flowsentry.inventory.snapshot import pack
from flowsentry.records.fields import DEFAULT_NAMES

REPOSITORY = Path(__file__).parent.parent
FOLDER = REPOSITORY / "build" / "benchmarks"
RECORDS = 1_000_000
LARGE_GZ_BYTES = 75 << 20
MAX_TIMES_ZLIB = 4.0
MIN_TIMES_PEER = 6.0
MAX_PEAK_MEGABYTES = 600.0
MAX_TIMES_CLEAN_SOME_BAD, MAX_TIMES_CLEAN_ALL_BAD = 2.0, 4.0
MAX_PEAK_TIMES_CLEAN = 1.0
MAX_ATTRIBUTION_TIMES_ZLIB = 0.5
MAX_SNAPSHOT_SECONDS, MAX_SNAPSHOT_MEGABYTES = 1.0, 150.0


@dataclass(frozen=True)
class Run:
    seconds: float
    peak_megabytes: float
    grown_megabytes: float


def measured(subject: str, path: Path, runs: int = 2) -> Run:
    """The last of `runs` runs of a subject in a new process; earlier runs warm up (flowlogs-reader needs none)."""
    command = [sys.executable, "-m", "benchmarks.subjects", subject, str(path), str(runs)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY)  # noqa: S603 - our own
    return Run(**json.loads(answer.stdout))


def made(
    name: str,
    names: tuple[str, ...],
    records: int | None = None,
    gz_bytes: int | None = None,
    damaged_every: int | None = None,
    interfaces: int = INTERFACES,
) -> Path:
    """The file of that name, created if missing."""
    path = FOLDER / f"{name}.log.gz"
    if not path.exists():
        print(f"creating {path.name} …", flush=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        write_object(
            partial, names, records=records, gz_bytes=gz_bytes, damaged_every=damaged_every, interfaces=interfaces
        )
        partial.rename(path)
    return path


def rows_for(name: str, path: Path, rounds: int) -> Iterator[tuple[str, str, bool]]:
    """(measurement, value, whether its bound holds) for one file."""
    runs = [_round(path) for _ in range(rounds)]
    seconds, zlib, peer = (statistics.median(run[subject].seconds for run in runs) for subject in SUBJECTS)
    times_zlib = statistics.median(run["flowsentry"].seconds / run["zlib"].seconds for run in runs)
    times_peer = statistics.median(run["flowlogs-reader"].seconds / run["flowsentry"].seconds for run in runs)
    peak = max(run["flowsentry"].peak_megabytes for run in runs)
    yield f"{name}: all stages", f"{seconds:.2f} s, {RECORDS / seconds / 1e6:.2f} M records/s, {peak:.0f} MB", True
    yield f"{name}: zlib alone", f"{zlib:.2f} s", True
    yield f"{name}: flowlogs-reader, parsing only", f"{peer:.2f} s", True
    yield f"{name}: times zlib (at most {MAX_TIMES_ZLIB:g})", f"{times_zlib:.2f}", times_zlib <= MAX_TIMES_ZLIB
    yield (
        f"{name}: times faster than flowlogs-reader (at least {MIN_TIMES_PEER:g})",
        f"{times_peer:.1f}",
        times_peer >= MIN_TIMES_PEER,
    )


SUBJECTS = ("flowsentry", "zlib", "flowlogs-reader")


def _round(path: Path) -> dict[str, Run]:
    """Runs each subject once, so that the runs of a ratio are at most minutes apart."""
    return {subject: measured(subject, path, runs=1 if subject == "flowlogs-reader" else 2) for subject in SUBJECTS}


def rows_for_memory(path: Path) -> Iterator[tuple[str, str, bool]]:
    """(measurement, value, whether its bound holds) for one large object."""
    run = measured("flowsentry", path, runs=1)
    what = f"{path.stat().st_size >> 20} MB .gz: peak memory (at most {MAX_PEAK_MEGABYTES:g} MB)"
    yield what, f"{run.peak_megabytes:.0f} MB in {run.seconds:.1f} s", run.peak_megabytes <= MAX_PEAK_MEGABYTES


def rows_for_bad_lines(clean: Path, some_bad: Path, all_bad: Path, rounds: int) -> Iterator[tuple[str, str, bool]]:
    """(measurement, value, whether its bound holds) for files with 1 % and 100 % invalid lines, against a clean one."""
    files = {"clean": clean, "1 % bad": some_bad, "all bad": all_bad}
    bounds = {"1 % bad": MAX_TIMES_CLEAN_SOME_BAD, "all bad": MAX_TIMES_CLEAN_ALL_BAD}
    runs = [{name: measured("flowsentry", path) for name, path in files.items()} for _ in range(rounds)]
    alone = [{name: measured("parsing", path) for name, path in files.items()} for _ in range(rounds)]
    for name, bound in bounds.items():
        times, parsing = (
            statistics.median(run[name].seconds / run["clean"].seconds for run in of) for of in (runs, alone)
        )
        figure = f"{times:.2f} (decode and parse alone: {parsing:.2f})"
        yield f"{name} lines: times a clean file (at most {bound:g})", figure, times <= bound
    peak = statistics.median(run["all bad"].peak_megabytes / run["clean"].peak_megabytes for run in runs)
    what = f"all bad lines: peak memory, times a clean file's (at most {MAX_PEAK_TIMES_CLEAN:g})"
    yield what, f"{peak:.2f}", round(peak, 2) <= MAX_PEAK_TIMES_CLEAN


def rows_for_attribution(name: str, path: Path, rounds: int) -> Iterator[tuple[str, str, bool]]:
    """(measurement, value, whether its bound holds) for attribution in one file with 100,000 interfaces."""
    runs = [{subject: measured(subject, path) for subject in ("attribution", "zlib")} for _ in range(rounds)]
    seconds = statistics.median(run["attribution"].seconds for run in runs)
    times = statistics.median(run["attribution"].seconds / run["zlib"].seconds for run in runs)
    what = f"{name}: attribution, 100,000 interfaces, times zlib (at most {MAX_ATTRIBUTION_TIMES_ZLIB:g})"
    yield what, f"{times:.2f} ({seconds:.2f} s)", times <= MAX_ATTRIBUTION_TIMES_ZLIB


def rows_for_snapshot(path: Path, rounds: int) -> Iterator[tuple[str, str, bool]]:
    """(measurement, value, whether its bound holds) for loading a snapshot of 100,000 interfaces."""
    runs = [measured("snapshot", path, runs=1) for _ in range(rounds)]
    seconds, grown = (statistics.median(getattr(run, what) for run in runs) for what in ("seconds", "grown_megabytes"))
    size = f"{path.stat().st_size / (1 << 20):.1f} MB snapshot of 100,000 interfaces"
    yield (
        f"{size}: seconds to load (at most {MAX_SNAPSHOT_SECONDS:g})",
        f"{seconds:.2f}",
        seconds <= MAX_SNAPSHOT_SECONDS,
    )
    yield (
        f"{size}: memory (at most {MAX_SNAPSHOT_MEGABYTES:g} MB)",
        f"{grown:.0f} MB",
        grown <= MAX_SNAPSHOT_MEGABYTES,
    )


def made_snapshot() -> Path:
    """The snapshot's file, created if missing."""
    path = FOLDER / "snapshot.zip"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pack(Company(random.Random(7), LARGE_COMPANY).inventory()))
    return path


def _rows(rounds: int) -> Iterator[tuple[str, str, bool]]:
    formats = {"default format": ("default", DEFAULT_NAMES), "v5, 29 fields": ("v5", V5_NAMES)}
    for label, (name, names) in formats.items():
        yield from rows_for(label, made(name, names, records=RECORDS), rounds)
    for label, (name, names) in formats.items():
        large = made(f"{name}-of-100000", names, records=RECORDS, interfaces=LARGE_COMPANY)
        yield from rows_for_attribution(label, large, rounds)
    yield from rows_for_snapshot(made_snapshot(), rounds)
    yield from rows_for_bad_lines(
        made("default", DEFAULT_NAMES, records=RECORDS),
        made("some-bad", DEFAULT_NAMES, records=RECORDS, damaged_every=100),
        made("all-bad", DEFAULT_NAMES, records=RECORDS, damaged_every=1),
        rounds,
    )
    yield from rows_for_memory(made("large", DEFAULT_NAMES, gz_bytes=LARGE_GZ_BYTES))


def main() -> int:
    """Exit code: 0 when every bound holds, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds to take the median of (default 3)")
    options = parser.parse_args()
    holds = True
    for what, figure, is_met in _rows(options.rounds):
        print(f"{'  ' if is_met else '! '}{what:<64}{figure}", flush=True)
        holds &= is_met
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
