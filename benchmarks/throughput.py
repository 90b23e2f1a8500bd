"""How fast all stages are: as ratios to a peer that only parses and to zlib that only decompresses, in one run.

Every figure is a median over rounds in which the subjects take turns, each in a process of its own, so that a machine
whose speed drifts does so for all of them.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.made_traffic import V5_NAMES, write_object
from flowsentry.fields import DEFAULT_NAMES

REPOSITORY = Path(__file__).parent.parent
FOLDER = REPOSITORY / "build" / "benchmarks"
RECORDS = 1_000_000
LARGE_GZ_BYTES = 75 << 20
MAX_TIMES_ZLIB = 4.0
MIN_TIMES_PEER = 6.0
MAX_PEAK_MEGABYTES = 600.0


@dataclass(frozen=True)
class Run:
    seconds: float
    peak_megabytes: float


def measured(subject: str, path: Path, runs: int = 2) -> Run:
    """The last of some runs of a subject in a fresh process: the first run's set-up is not what is measured. The peer
    has none to speak of.
    """
    command = [sys.executable, "-m", "benchmarks.subjects", subject, str(path), str(runs)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY)  # noqa: S603 - our own
    return Run(**json.loads(answer.stdout))


def made(name: str, names: tuple[str, ...], records: int | None = None, gz_bytes: int | None = None) -> Path:
    """The file of that name, made when it is not there."""
    path = FOLDER / f"{name}.log.gz"
    if not path.exists():
        print(f"making {path.name} …", flush=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        write_object(partial, names, records=records, gz_bytes=gz_bytes)
        partial.rename(path)
    return path


def rows_for(name: str, path: Path, rounds: int) -> Iterator[tuple[str, str, bool]]:
    """(what, figure, whether it holds) for one file."""
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
        f"{name}: faster than the peer (at least {MIN_TIMES_PEER:g})",
        f"{times_peer:.1f}",
        times_peer >= MIN_TIMES_PEER,
    )


SUBJECTS = ("flowsentry", "zlib", "flowlogs-reader")


def _round(path: Path) -> dict[str, Run]:
    """Each subject once, one after the other, so that a ratio is of two runs minutes apart at most."""
    return {subject: measured(subject, path, runs=1 if subject == "flowlogs-reader" else 2) for subject in SUBJECTS}


def rows_for_memory(path: Path) -> Iterator[tuple[str, str, bool]]:
    """(what, figure, whether it holds) for one large object."""
    run = measured("flowsentry", path, runs=1)
    what = f"{path.stat().st_size >> 20} MB .gz: peak memory (at most {MAX_PEAK_MEGABYTES:g} MB)"
    yield what, f"{run.peak_megabytes:.0f} MB in {run.seconds:.1f} s", run.peak_megabytes <= MAX_PEAK_MEGABYTES


def main() -> int:
    """0 when every bound holds, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    formats = {"default format": ("default", DEFAULT_NAMES), "v5, 29 fields": ("v5", V5_NAMES)}
    holds = True
    for label, (name, names) in formats.items():
        for what, figure, is_met in rows_for(label, made(name, names, records=RECORDS), options.rounds):
            print(f"{'  ' if is_met else '! '}{what:<52}{figure}", flush=True)
            holds &= is_met
    for what, figure, is_met in rows_for_memory(made("large", DEFAULT_NAMES, gz_bytes=LARGE_GZ_BYTES)):
        print(f"{'  ' if is_met else '! '}{what:<52}{figure}", flush=True)
        holds &= is_met
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
