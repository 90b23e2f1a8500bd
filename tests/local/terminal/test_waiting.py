"""What a command waits for is shown on a terminal only, and erased when it is over."""

import sys

import pytest

from local.terminal.waiting import waiting


def test_a_terminal_shows_what_is_waited_for_and_erases_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with waiting("asking [bold]the\x1b[31m account"):
        pass
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "asking [bold]the [31m account" in shown.err
    assert shown.err.endswith("\x1b[2K")


@pytest.mark.parametrize("forced", ["", "1"])
def test_a_pipe_shows_nothing(forced: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", forced)
    with waiting("asking the account"):
        pass
    assert capsys.readouterr() == ("", "")
