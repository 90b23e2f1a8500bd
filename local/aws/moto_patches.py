"""Registers and applies the functions that patch moto: each replaces one of moto's, or adds one that moto lacks.

The docstring of each patch states the gap in moto that it fills.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Function = Callable[..., Any]


_ABSENT = object()


@dataclass(frozen=True)
class Patch:
    """A replacement: `function` takes moto's original function as its first argument, then the original's arguments.

    An addition has `added_as`, which converts `function` into the attribute (`property`, for example); `function` then
    takes only the attribute's own arguments.
    """

    owner: Any
    name: str
    function: Function
    added_as: Callable[[Function], Any] | None = None


_patches: list[Patch] = []
_originals: list[tuple[Any, str, Any]] = []


def replaces(owner: Any, name: str) -> Callable[[Function], Function]:
    """A decorator: the function replaces `owner.name` while the embedded AWS runs."""

    def register(function: Function) -> Function:
        _patches.append(Patch(owner, name, function))
        return function

    return register


def adds(
    owner: Any, name: str, added_as: Callable[[Function], Any] = lambda function: function
) -> Callable[[Function], Function]:
    """A decorator: the function becomes `owner.name`, which moto lacks, while the embedded AWS runs."""

    def register(function: Function) -> Function:
        _patches.append(Patch(owner, name, function, added_as))
        return function

    return register


def all_patches() -> Sequence[Patch]:
    """The patches of all modules that have been imported."""
    return tuple(_patches)


def apply_all() -> None:
    """Patches moto; does nothing if it is already patched."""
    if not _originals:
        for patch in _patches:
            _apply(patch)


def restore_all() -> None:
    """Restores moto's original functions."""
    while _originals:
        owner, name, original = _originals.pop()
        if original is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, original)


def _apply(patch: Patch) -> None:
    original = vars(patch.owner).get(patch.name, _ABSENT)
    if (original is _ABSENT) != (patch.added_as is not None):
        raise LookupError(f"moto has changed: check whether {patch.owner}.{patch.name} still needs a patch")
    _originals.append((patch.owner, patch.name, original))
    patched = patch.added_as(patch.function) if patch.added_as else _replacement(original, patch.function)
    setattr(patch.owner, patch.name, patched)


def _replacement(original: Any, function: Function) -> Any:
    if isinstance(original, classmethod):
        return classmethod(functools.wraps(original.__func__)(functools.partial(_call, function, original.__func__)))

    if isinstance(original, staticmethod):
        return staticmethod(functools.wraps(original)(functools.partial(function, original.__func__)))

    @functools.wraps(original)
    def replacement(*arguments: Any, **keywords: Any) -> Any:
        return function(original, *arguments, **keywords)

    return replacement


def _call(function: Function, original: Function, *arguments: Any, **keywords: Any) -> Any:
    return function(original, *arguments, **keywords)
