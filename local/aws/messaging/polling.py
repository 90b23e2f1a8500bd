"""Polling threads, and the log of the errors that occur in the embedded AWS."""

import threading
import traceback
from collections.abc import Callable


class FailureLog:
    """Errors inside the embedded AWS. It should stay empty; tests check it."""

    def __init__(self, max_entries: int = 50) -> None:
        self.count = 0
        self.entries: list[str] = []
        self._max_entries = max_entries

    def add(self, text: str) -> None:
        self.count += 1
        if len(self.entries) < self._max_entries:
            self.entries.append(text)

    def clear(self) -> None:
        self.count = 0
        self.entries.clear()


class Poller(threading.Thread):
    """Calls `poll` at an interval until it is stopped; exceptions are recorded as failures and polling continues."""

    def __init__(self, name: str, poll: Callable[[], None], seconds: float, failures: FailureLog) -> None:
        super().__init__(name=name, daemon=True)
        self._poll = poll
        self._seconds = seconds
        self._failures = failures
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._poll()
            except Exception:  # noqa: BLE001 recorded as a failure, which tests check
                self._failures.add(traceback.format_exc())

    def stop(self) -> None:
        self._stopped.set()
        self.join(timeout=10)
