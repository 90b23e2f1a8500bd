"""Recorded samples kept beside the checkout: real records and captures, not ours to commit."""

from pathlib import Path

import pytest

RECORDED = Path(__file__).resolve().parents[2] / "shared"


def recorded(name: str) -> Path:
    """A file or folder of the recorded samples; skips the test where they are not there."""
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"recorded samples are not beside this checkout: {name}")
    return path
