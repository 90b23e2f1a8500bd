"""A clock that campaigns set, which replaces the clocks in loaded functions."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

from aws_lambda_powertools.utilities.idempotency.persistence import base, datarecord, dynamodb
from msgspec import Struct
from msgspec.structs import force_setattr

BEGINS_AT = 1_793_676_000
"""2026-11-03 03:20:00 UTC, minutes after the recorded events."""
CLOCKS: tuple[object, ...] = (time.time, time.monotonic)
POWERTOOLS = (base, datarecord, dynamodb)
"""The modules that read the time from `datetime`."""


@dataclass
class Clock:
    """Unix seconds; advances only when set."""

    now: float = BEGINS_AT

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


def set_clocks(module: ModuleType, clock: Callable[[], float]) -> None:
    """Replaces `time.time` and `time.monotonic` with this clock in all objects that a handler holds."""
    seen: set[int] = set()
    for value in list(vars(module).values()):
        if hasattr(value, "cache_info") and getattr(value, "__module__", "") == module.__name__:
            _set_within(_made_by(value), clock, seen)


def _made_by(factory: Any) -> Any:
    """The object of a cached factory without arguments; None for one that needs arguments."""
    try:
        return factory()
    except TypeError:
        return None


def _set_within(thing: Any, clock: Callable[[], float], seen: set[int]) -> None:
    if id(thing) in seen or not _is_ours(thing):
        return
    seen.add(id(thing))
    if isinstance(thing, tuple | list):
        for each in thing:
            _set_within(each, clock, seen)
        return
    for name in _attributes(thing):
        value = getattr(thing, name, None)
        if any(value is each for each in CLOCKS):
            _set(thing, name, clock)
        else:
            _set_within(value, clock, seen)


def _set(thing: Any, name: str, clock: Callable[[], float]) -> None:
    if isinstance(thing, Struct):
        force_setattr(thing, name, clock)
    else:
        object.__setattr__(thing, name, clock)


def _is_ours(thing: object) -> bool:
    return isinstance(thing, tuple | list) or type(thing).__module__.startswith("flowsentry.")


def _attributes(thing: object) -> list[str]:
    slots = getattr(type(thing), "__struct_fields__", getattr(type(thing), "__slots__", ()))
    return [*getattr(thing, "__dict__", {}), *([slots] if isinstance(slots, str) else slots)]


@contextmanager
def powertools_by(clock: Callable[[], float]) -> Iterator[None]:
    """Replaces the clock of Powertools' idempotency."""

    class Simulated(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> "Simulated":
            return cls.fromtimestamp(clock(), tz)

    words = {name: getattr(dt, name) for name in ("timedelta", "timezone", "date", "UTC")}
    shim: Any = SimpleNamespace(datetime=Simulated, **words)
    try:
        for module in POWERTOOLS:
            vars(module)["dt"] = shim
        yield
    finally:
        for module in POWERTOOLS:
            vars(module)["dt"] = dt
