"""What a function does before its snapshot is taken, and after it is restored."""

import random

import pytest
import snapshot_restore_py  # type: ignore[import-untyped]

from flowsentry.aws.snapshot import INITIALIZATION_TYPE, OF_SNAPSHOT, in_snapshot


@pytest.fixture(autouse=True)
def no_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_before_snapshot_registry", "_after_restore_registry"):
        monkeypatch.setattr(snapshot_restore_py, name, [])


def test_without_snap_start_nothing_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INITIALIZATION_TYPE, "on-demand")
    in_snapshot(list)
    assert snapshot_restore_py.get_before_snapshot() == snapshot_restore_py.get_after_restore() == []


def test_clients_are_made_before_the_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INITIALIZATION_TYPE, OF_SNAPSHOT)
    made: list[str] = []
    in_snapshot(lambda: made.append("dynamodb"), lambda: made.append("s3"))
    assert made == []
    for hook, arguments, named in snapshot_restore_py.get_before_snapshot():
        hook(*arguments, **named)
    assert sorted(made) == ["dynamodb", "s3"]


def test_two_restored_environments_draw_different_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INITIALIZATION_TYPE, OF_SNAPSHOT)
    in_snapshot()
    drawn, state = [], random.getstate()
    for _ in range(2):
        random.setstate(state)
        for hook, arguments, named in snapshot_restore_py.get_after_restore():
            hook(*arguments, **named)
        drawn.append(random.random())  # noqa: S311 - no secret
    assert drawn[0] != drawn[1]
