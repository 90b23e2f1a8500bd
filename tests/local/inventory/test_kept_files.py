"""Files that commands keep: in the user's folder for them, whole, and for their owner only."""

from pathlib import Path

import pytest

from local.inventory.kept_files import replace_file, state_folder


def test_the_folder_is_that_of_the_desktop_specification(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "flowsentry"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_folder() == tmp_path / ".local" / "state" / "flowsentry"


def test_a_file_is_replaced_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "kept"
    for content in (b"first", b"second"):
        replace_file(path, content)
    assert path.read_bytes() == b"second"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / "kept", b"content")
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]
