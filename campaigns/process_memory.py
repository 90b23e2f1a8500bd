"""The memory of this process, as Linux tells it; 0 elsewhere."""

from pathlib import Path

STATUS = Path("/proc/self/status")


def held_mb() -> float:
    """What it holds now."""
    return _megabytes("VmRSS:")


def peak_mb() -> float:
    """The most that it held since it began. Not `ru_maxrss` of `getrusage`, which outlives exec: that begins with what
    the process held that started this one (https://man7.org/linux/man-pages/man2/getrusage.2.html).
    """
    return _megabytes("VmHWM:")


def _megabytes(name: str) -> float:
    return int(STATUS.read_text().partition(name)[2].split()[0]) / 1024 if STATUS.exists() else 0.0
