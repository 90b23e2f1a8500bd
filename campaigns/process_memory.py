"""The memory of this process in MB, from Linux's /proc; 0 on other systems."""

from pathlib import Path

STATUS = Path("/proc/self/status")


def held_mb() -> float:
    """The current resident memory."""
    return _megabytes("VmRSS:")


def peak_mb() -> float:
    """The peak resident memory. Not `ru_maxrss` of `getrusage`, which survives exec and so begins with the peak of the
    parent process (https://man7.org/linux/man-pages/man2/getrusage.2.html).
    """
    return _megabytes("VmHWM:")


def _megabytes(name: str) -> float:
    return int(STATUS.read_text().partition(name)[2].split()[0]) / 1024 if STATUS.exists() else 0.0
