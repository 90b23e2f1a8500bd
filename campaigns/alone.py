"""Runs a campaign in its own process, so that its death affects no other campaign."""

import importlib
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

from campaigns.report import Report

PATIENCE_SECONDS = 300
"""Seconds that a campaign may exceed its time; then it is stopped and has failed."""


@dataclass(frozen=True)
class Ended:
    """A report, and the seconds it took."""

    report: Report
    seconds: float


def run_alone(name: str, seconds: float, seed: int) -> Ended:
    """The report of a campaign in its own process; the death of the process is reported as a failure."""
    begun, context = time.monotonic(), multiprocessing.get_context("spawn")
    os.environ["PYTHONHASHSEED"] = str(seed % 2**32)  # of the new process, in which sets have the order of this seed
    mine, its = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(name, seconds, seed, its))
    process.start()
    its.close()
    report = _received(name, mine, seconds + PATIENCE_SECONDS)
    process.join(timeout=10)
    if process.is_alive():
        process.kill()
        process.join()
    if report is None:
        report = Report(name, 0, 0, 0, 0.0, (f"ended without a report, with exit code {process.exitcode}",))
    return Ended(report, time.monotonic() - begun)


def _report(name: str, seconds: float, seed: int, to: Connection) -> None:
    report = importlib.import_module(f"campaigns.{name}").run(seconds, seed)
    sys.stdout.flush()
    to.send(report)
    to.close()


def _received(name: str, connection: Connection, seconds: float) -> Report | None:
    try:
        if not connection.poll(seconds):
            return Report(name, 0, 0, 0, 0.0, (f"did not end within {seconds:.0f} s",))
        report: Report = connection.recv()
    except EOFError:
        return None
    return report
