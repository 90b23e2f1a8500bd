"""The places where this package changes moto: each names what it replaces, and says which gap it fills."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Fill = Callable[..., Any]


_ABSENT = object()


@dataclass(frozen=True)
class Gap:
    """`fill` takes moto's own function as its first argument, then what moto's function takes.

    Where moto has none, `added_as` is what the new one is to be, and `fill` takes only the rest.
    """

    owner: Any
    name: str
    fill: Fill
    added_as: Callable[[Fill], Any] | None = None


_gaps: list[Gap] = []
_originals: list[tuple[Any, str, Any]] = []


def fills(owner: Any, name: str) -> Callable[[Fill], Fill]:
    """The decorated function takes the place of `owner.name` while the embedded AWS runs."""

    def remember(fill: Fill) -> Fill:
        _gaps.append(Gap(owner, name, fill))
        return fill

    return remember


def adds(owner: Any, name: str, added_as: Callable[[Fill], Any] = lambda fill: fill) -> Callable[[Fill], Fill]:
    """The decorated function is `owner.name`, which moto does not have, while the embedded AWS runs."""

    def remember(fill: Fill) -> Fill:
        _gaps.append(Gap(owner, name, fill, added_as))
        return fill

    return remember


def all_gaps() -> Sequence[Gap]:
    """What is changed, as far as its modules are imported."""
    return tuple(_gaps)


def fill_all() -> None:
    """Moto is changed, once, however often this is called."""
    if not _originals:
        for gap in _gaps:
            _put(gap)


def restore_all() -> None:
    """Moto is as it was."""
    while _originals:
        owner, name, original = _originals.pop()
        if original is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, original)


def _put(gap: Gap) -> None:
    original = vars(gap.owner).get(gap.name, _ABSENT)
    if (original is _ABSENT) != (gap.added_as is not None):
        raise LookupError(f"moto has changed: is {gap.owner}.{gap.name} still a gap?")
    _originals.append((gap.owner, gap.name, original))
    setattr(gap.owner, gap.name, gap.added_as(gap.fill) if gap.added_as else _replacement(original, gap.fill))


def _replacement(original: Any, fill: Fill) -> Any:
    if isinstance(original, classmethod):
        return classmethod(functools.wraps(original.__func__)(functools.partial(_call, fill, original.__func__)))

    @functools.wraps(original)
    def replacement(*arguments: Any, **keywords: Any) -> Any:
        return fill(original, *arguments, **keywords)

    return replacement


def _call(fill: Fill, original: Fill, *arguments: Any, **keywords: Any) -> Any:
    return fill(original, *arguments, **keywords)
