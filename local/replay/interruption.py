"""Ctrl-C while a replay runs: at once while it reads, and after what is judged is whole."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Interruption:
    """Within it, Ctrl-C raises KeyboardInterrupt as always, except between `hold` and `release`, which raises it then.
    A second Ctrl-C is not held; `is_held` is then still true. Only the main thread gets signals; elsewhere this does
    nothing.

    Polars ends its queries on Ctrl-C by a handler of its own, which this one replaces: a query in the middle of judging
    would otherwise leave half of what it finds.
    """

    def __init__(self) -> None:
        self.is_held = False
        self._is_pending = False
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def hold(self) -> None:
        """From now on, an interruption waits."""
        self.is_held = True

    def release(self) -> None:
        """From now on, an interruption does not wait. Raises KeyboardInterrupt for one that has waited."""
        self.is_held = False
        if self._is_pending:
            self._is_pending = False
            raise KeyboardInterrupt

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if not self.is_held or self._is_pending:
            raise KeyboardInterrupt
        self._is_pending = True
