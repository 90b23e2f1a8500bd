"""Short runs of the campaigns with damaged bytes, and how they report failures."""

import random
from pathlib import Path

import pytest

from campaigns import parquet_bytes, text_bytes, worker
from campaigns.inputs import damage
from campaigns.report import Report

TRIES = {"parquet_bytes": (parquet_bytes.try_one, 60), "text_bytes": (text_bytes.try_one, 150)}


@pytest.mark.parametrize("name", TRIES)
def test_damaged_bytes_are_read_or_poison_and_lose_no_other_line(name: str, tmp_path: Path) -> None:
    try_one, number = TRIES[name]
    chance = random.Random(12)  # noqa: S311 - damage
    for _ in range(number):
        assert try_one(chance, tmp_path / "input")


def test_damage_is_the_same_for_the_same_seed_and_mostly_small() -> None:
    data = bytes(range(200))
    made = [damage.damaged(data, random.Random(seed), [5, 6]) for seed in range(100)]  # noqa: S311 - damage
    assert made == [damage.damaged(data, random.Random(seed), [5, 6]) for seed in range(100)]  # noqa: S311 - damage
    assert sum(len(each) == len(data) for each in made) > 60
    assert sum(each[5:7] != data[5:7] for each in made) > 20


BAD_TRIES = """
import os, signal
def try_one(chance, path):
    path.write_bytes(b"it")
    {what}
    return "read"
"""


@pytest.mark.parametrize(
    ("what", "expected"),
    [("os.abort()", "ended with -6"), ("assert False, 'a line'", "a line"), ("1 / 0", "ZeroDivision")],
)
def test_a_dead_process_or_an_exception_is_reported(
    what: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "campaigns").mkdir()
    for module in ("__init__", "report", "worker", "process_memory"):
        (tmp_path / "campaigns" / f"{module}.py").write_text(
            (Path(worker.__file__).parent / f"{module}.py").read_text()
        )
    (tmp_path / "campaigns" / "bad.py").write_text(BAD_TRIES.format(what=what))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(worker.__file__).parents[1] / 'layers/flowsentry/python'}")
    report = worker.run("bad", 1.0, 5)
    assert isinstance(report, Report)
    assert report.lost >= len(report.failures) > 0
    assert expected in report.failures[0]
    assert list((tmp_path / "build" / "campaigns").iterdir())
