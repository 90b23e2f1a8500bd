"""Throughput of all stages, relative to flowlogs-reader (which only parses) and to zlib (which only decompresses).

In a round the subjects run in turn, each in its own process, so that changes in the machine's speed affect all of them.
A ratio is the median of the rounds' ratios: one round that was disturbed, in whichever subject, changes nothing.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.guard.rows import Row, at_least, at_most, figure_at_most, of_limit
from benchmarks.guard.timing import Took
from benchmarks.made_traffic import V5_NAMES
from benchmarks.measured.made_files import REPOSITORY, made, made_snapshot
from benchmarks.measured.stages import Profile
from benchmarks.measured.subjects import LARGE_COMPANY
from flowsentry.records.fields import DEFAULT_NAMES

ROUNDS = 3
RECORDS = 1_000_000
PEER_RECORDS = 200_000
"""The peer reads line by line, so that its time is proportional to the records."""
BAD_LINES_ROUNDS = 2
LARGE_GZ_BYTES = 75 << 20
MAX_TIMES_ZLIB = 2.0
MAX_PEAK_MEGABYTES = 400.0
MAX_TIMES_CLEAN_SOME_BAD, MAX_TIMES_CLEAN_ALL_BAD = 2.0, 4.0
MAX_PEAK_TIMES_CLEAN = 1.0
MAX_ATTRIBUTION_TIMES_ZLIB = 0.5
MAX_SNAPSHOT_SECONDS, MAX_SNAPSHOT_MEGABYTES = 1.0, 150.0
FUNCTION_THREADS, SERVER_THREADS = 1, 2
"""polars' threads: as in a function with one vCPU, where processor time counts, and in one with two, for wall time."""

NO_VARIABLES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Form:
    """A log format, and the issue's bounds for a million records of it."""

    title: str
    name: str
    names: tuple[str, ...]
    max_processor_seconds: float
    min_times_peer: float


FORMS = (
    Form("default format", "default", DEFAULT_NAMES, 2.0, 12.0),
    Form("29 fields", "v5", V5_NAMES, 3.0, 10.0),
)


@dataclass(frozen=True)
class Subject:
    """What one process measured."""

    seconds: float
    processor_seconds: float
    peak_megabytes: float
    grown_megabytes: float


Round = dict[str, Subject]


def measured(
    subject: str, path: Path, runs: int = 2, threads: int = SERVER_THREADS, variables: Mapping[str, str] = NO_VARIABLES
) -> Subject:
    """The last of `runs` runs of a subject in a new process; earlier runs warm up (flowlogs-reader needs none)."""
    arguments = ("benchmarks.measured.subjects", subject, str(path), str(runs))
    return Subject(**_answer(threads, *arguments, variables=variables))


def profiled(path: Path) -> Profile:
    """What each stage takes of a file, with one thread."""
    return {
        stage: Took(**took)
        for stage, took in _answer(FUNCTION_THREADS, "benchmarks.measured.stages", str(path)).items()
    }


def least_of_libraries(path: Path) -> Profile:
    """What each library takes of a file when nothing else is done with it, with one thread."""
    answer = _answer(FUNCTION_THREADS, "benchmarks.measured.floors", str(path))
    return {library: Took(**took) for library, took in answer.items()}


def _answer(threads: int, module: str, *arguments: str, variables: Mapping[str, str] = NO_VARIABLES) -> dict[str, Any]:
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, "POLARS_MAX_THREADS": str(threads), **variables}
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY, env=environment)  # noqa: S603 - our own
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def rows_for(form: Form) -> Iterator[Row]:
    """All stages for a million records of one format, beside zlib of the same file and the peer."""
    path = made(form.name, form.names, records=RECORDS)
    for_peer = made(f"{form.name}-{PEER_RECORDS}", form.names, records=PEER_RECORDS)
    rounds = [_round(path, for_peer) for _ in range(ROUNDS)]
    yield Row(
        f"{form.title}: all stages, wall",
        median(run["stages"].seconds for run in rounds),
        ratio=median(run["stages"].seconds / run["zlib"].seconds for run in rounds),
        of="zlib",
        bound=at_most(MAX_TIMES_ZLIB),
    )
    yield Row(
        f"{form.title}: all stages, processor",
        median(run["one thread"].processor_seconds for run in rounds),
        ratio=median(run["one thread"].processor_seconds / run["zlib"].processor_seconds for run in rounds),
        of="zlib's",
        bound=figure_at_most(form.max_processor_seconds),
    )
    scale = RECORDS / PEER_RECORDS
    yield Row(
        f"{form.title}: faster than flowlogs-reader, which only parses",
        scale * median(run["peer"].seconds for run in rounds),
        ratio=median(scale * run["peer"].seconds / run["stages"].seconds for run in rounds),
        of="ours",
        bound=at_least(form.min_times_peer),
    )


def rows_for_stages(form: Form) -> Iterator[Row]:
    """The processor time of each stage in a million records of one format."""
    path = made(form.name, form.names, records=RECORDS)
    rounds = [(profiled(path), measured("zlib", path, runs=4)) for _ in range(ROUNDS)]
    for stage in rounds[0][0]:
        seconds = median(profile[stage].processor_seconds for profile, _ in rounds)
        times = median(profile[stage].processor_seconds / zlib.processor_seconds for profile, zlib in rounds)
        yield Row(f"{form.title}: {stage}, processor", seconds, ratio=times, of="zlib's")


def rows_for_floor(form: Form) -> Iterator[Row]:
    """What the libraries alone take of a million records, and how that would be on the clock of two processors that
    never wait: no order of the stages takes less.
    """
    path = made(form.name, form.names, records=RECORDS)
    libraries, zlib = least_of_libraries(path), measured("zlib", path, runs=4)
    for library, took in libraries.items():
        times = took.processor_seconds / zlib.processor_seconds
        yield Row(f"{form.title}: {library}, nothing else", took.processor_seconds, ratio=times, of="zlib's")
    seconds = sum(took.processor_seconds for took in libraries.values()) / SERVER_THREADS
    yield Row(
        f"{form.title}: these alone on two processors", seconds, ratio=seconds / zlib.processor_seconds, of="zlib's"
    )


def _round(path: Path, for_peer: Path) -> Round:
    """Each subject once, so that the runs of a ratio are at most half a minute apart."""
    return {
        "stages": measured("flowsentry", path),
        "zlib": measured("zlib", path, runs=4),
        "one thread": measured("flowsentry", path, threads=FUNCTION_THREADS),
        "peer": measured("flowlogs-reader", for_peer, runs=1),
    }


def rows_for_memory() -> Iterator[Row]:
    """One large object, with the threads and the variables of the function that processes it."""
    from stacks.constructs.function import ALLOCATION  # noqa: PLC0415 - it brings the CDK

    path = made("large", DEFAULT_NAMES, gz_bytes=LARGE_GZ_BYTES)
    run = measured("flowsentry", path, runs=1, threads=FUNCTION_THREADS, variables=ALLOCATION)
    subject = f"{path.stat().st_size >> 20} MB .gz: peak memory"
    yield of_limit(subject, run.peak_megabytes, "MB", MAX_PEAK_MEGABYTES)


def rows_for_bad_lines() -> Iterator[Row]:
    """Files with 1 % and 100 % invalid lines, against the clean one."""
    files = {
        "clean": made("default", DEFAULT_NAMES, records=RECORDS),
        "1 % bad": made("some-bad", DEFAULT_NAMES, records=RECORDS, damaged_every=100),
        "all bad": made("all-bad", DEFAULT_NAMES, records=RECORDS, damaged_every=1),
    }
    rounds = [
        {name: measured("flowsentry", path, runs=1, threads=FUNCTION_THREADS) for name, path in files.items()}
        for _ in range(BAD_LINES_ROUNDS)
    ]
    for name, bound in (("1 % bad", MAX_TIMES_CLEAN_SOME_BAD), ("all bad", MAX_TIMES_CLEAN_ALL_BAD)):
        seconds = median(run[name].processor_seconds for run in rounds)
        times = median(run[name].processor_seconds / run["clean"].processor_seconds for run in rounds)
        yield Row(f"{name} lines: processor", seconds, ratio=times, of="clean file", bound=at_most(bound))
    megabytes = median(run["all bad"].peak_megabytes for run in rounds)
    times = round(median(run["all bad"].peak_megabytes / run["clean"].peak_megabytes for run in rounds), 2)
    yield Row("all bad lines: peak memory", megabytes, "MB", times, "clean file", at_most(MAX_PEAK_TIMES_CLEAN))


def rows_for_attribution() -> Iterator[Row]:
    """Attribution in a file with 100,000 interfaces."""
    path = made(f"default-of-{LARGE_COMPANY}", DEFAULT_NAMES, records=RECORDS, interfaces=LARGE_COMPANY)
    rounds = [
        {"attribution": measured("attribution", path), "zlib": measured("zlib", path, runs=4)} for _ in range(ROUNDS)
    ]
    seconds = median(run["attribution"].seconds for run in rounds)
    times = median(run["attribution"].seconds / run["zlib"].seconds for run in rounds)
    what = "attribution, 100,000 interfaces: wall"
    yield Row(what, seconds, ratio=times, of="zlib", bound=at_most(MAX_ATTRIBUTION_TIMES_ZLIB))


def rows_for_snapshot() -> Iterator[Row]:
    """Loading a snapshot of 100,000 interfaces."""
    path, large = made_snapshot(LARGE_COMPANY), made("default", DEFAULT_NAMES, records=RECORDS)
    rounds = [
        {"snapshot": measured("snapshot", path, runs=1), "zlib": measured("zlib", large, runs=4)} for _ in range(ROUNDS)
    ]
    yield Row(
        "snapshot of 100,000 interfaces: wall",
        median(run["snapshot"].seconds for run in rounds),
        ratio=median(run["snapshot"].seconds / run["zlib"].seconds for run in rounds),
        of="zlib, million",
        bound=figure_at_most(MAX_SNAPSHOT_SECONDS),
    )
    grown = median(run["snapshot"].grown_megabytes for run in rounds)
    yield of_limit("snapshot of 100,000 interfaces: memory", grown, "MB", MAX_SNAPSHOT_MEGABYTES)


def rows() -> Iterator[Row]:
    """Both formats, then what surrounds them."""
    for form in FORMS:
        yield from rows_for(form)
        yield from rows_for_stages(form)
        yield from rows_for_floor(form)
    yield from rows_for_attribution()
    yield from rows_for_snapshot()
    yield from rows_for_bad_lines()
    yield from rows_for_memory()
