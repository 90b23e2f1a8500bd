"""Threads that look for work now and then, and end when they are told to."""

import threading
import traceback
from collections.abc import Callable


class Failures:
    """What went wrong inside the embedded AWS: it should stay empty, and tests look."""

    def __init__(self, kept: int = 50) -> None:
        self.count = 0
        self.kept: list[str] = []
        self._most = kept

    def add(self, text: str) -> None:
        self.count += 1
        if len(self.kept) < self._most:
            self.kept.append(text)


class Poller(threading.Thread):
    """Calls `look` every so many seconds; what it raises is a failure of the embedded AWS, and it goes on."""

    def __init__(self, name: str, look: Callable[[], None], seconds: float, failures: Failures) -> None:
        super().__init__(name=name, daemon=True)
        self._look = look
        self._seconds = seconds
        self._failures = failures
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._look()
            except Exception:  # noqa: BLE001 a failure is kept, tests look at it
                self._failures.add(traceback.format_exc())

    def stop(self) -> None:
        self._stopped.set()
        self.join(timeout=10)
