"""Hostile messages and stored objects among valid ones: nothing valid is lost, invalid input is quarantined with a
reason or counted, and nothing is retried without end.
"""

import base64
import gzip
import time
import zlib
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from random import Random

from campaigns.emulation.deliveries import Deliveries
from campaigns.emulation.emulated import emulated
from campaigns.inputs.messages import GROUPS
from campaigns.inputs.stored_objects import stored_objects_tried
from campaigns.process_memory import peak_mb
from campaigns.report import Report

MAX_REPORTED = 12


@dataclass
class Found:
    """The inputs tried, and the results."""

    inputs: int = 0
    lost: int = 0
    failures: list[str] = field(default_factory=list)

    def fail(self, what: str, lost: int = 0) -> None:
        self.lost += lost
        self.failures.append(what)


def run(seconds: float, seed: int) -> Report:
    """Spends a third of the time on stored objects, the remainder on each kind of message in turn."""
    begun, found, chance = time.monotonic(), Found(), Random(seed)
    texts = {name: make(chance) for name, (make, _, _) in GROUPS.items()}
    turns = deque(texts)
    while turns and time.monotonic() - begun < seconds * 2 / 3:
        name = turns.popleft()
        if at_once := list(islice(texts[name], GROUPS[name][2])):
            turns.append(name)
            found.inputs += len(at_once)
            if wrong := _tried(name, at_once):
                _blame(name, at_once, wrong, found, begun + seconds)
    stored_objects_tried(found, Random(seed), begun + seconds)
    print(f"    {found.inputs:,} inputs{'' if turns else ', every message of the tables'}")
    return Report("hostile_messages", found.inputs, 0, found.lost, peak_mb(), tuple(found.failures[:MAX_REPORTED]))


def _tried(name: str, texts: list[str]) -> list[str]:
    """The failures after these messages, in sentences; those that begin with `lost` are about valid input."""
    _, group, _ = GROUPS[name]
    with emulated() as aws:
        to = Deliveries(aws)
        check = group(aws, to, texts)
        wrong = []
        try:
            to.settle()
        except RuntimeError as error:
            wrong.append(str(error))
        wrong += [f"lost {each}" for each in check()]
        wrong += [
            f"tried {each.receives} times and set aside without a reason: {each.body[:200]!r}" for each in to.dead
        ]
        return wrong + ["the notifier gave up a batch of the findings stream"] * bool(to.given_up)


def _blame(name: str, texts: list[str], wrong: list[str], found: Found, ends_at: float) -> None:
    """Finds the texts that caused a failure by bisection while there is time; several when only together they fail."""
    half = len(texts) // 2
    for part in (texts[:half], texts[half:]) if half and time.monotonic() < ends_at else ():
        if still := _tried(name, part):
            _blame(name, part, still, found, ends_at)
            return
    lost = sum(each.startswith("lost") for each in wrong)
    found.fail(f"{name}: {len(texts)} of them, {_readable(texts[0])[:300]!r}: {wrong[0][:300]}", lost)


def _readable(text: str) -> str:
    """A payload decompressed; any other text unchanged."""
    try:
        return gzip.decompress(base64.b64decode(text, validate=True)).decode(errors="backslashreplace")
    except (ValueError, OSError, EOFError, zlib.error):
        return text
