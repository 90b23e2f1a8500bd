"""Ctrl-C ends a command without a word, wherever it comes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""The shell's exit code for Ctrl-C: 128 and the number of SIGINT."""


@contextmanager
def one_interruption() -> Iterator[None]:
    """Keeps Python from printing a second KeyboardInterrupt that nothing can catch. Polars raises one of its own for
    the same Ctrl-C, so that Python's comes while generators are closed.
    """
    printed_before = sys.unraisablehook

    def printed(unraisable: "sys.UnraisableHookArgs") -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            printed_before(unraisable)

    sys.unraisablehook = printed
    try:
        yield
    finally:
        sys.unraisablehook = printed_before
