"""Flow logs that replays read: a scan over six files."""

from pathlib import Path

import pytest

from tests.builders import NOON, blocked, flow_log, line, probe

OUTSIDE, SERVER = "203.0.113.9", "10.0.0.1"


def contents() -> list[bytes]:
    """A scan over six files, with traffic and a refused flow in each."""
    return [
        flow_log(
            [
                *(probe(OUTSIDE, SERVER, port, start=at, end=at) for port in range(5 * number, 5 * number + 5)),
                line(start=at, end=at, bytes=1_000 * (number + 1)),
                blocked("10.0.0.7", SERVER, 5_432, start=at, end=at),
            ]
        )
        for number, at in enumerate(range(NOON, NOON + 6 * 600, 600))
    ]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    for number, content in enumerate(contents()):
        (folder / f"{number}.log").write_bytes(content)
    return folder
