"""Tables and texts: they fit a terminal, are whole in a pipe, and names can neither style nor forge them."""

import re
import sys
import unicodedata

import pytest

from local.terminal.folding import print_folded
from local.terminal.links import print_text
from local.terminal.screen import printable, screen
from local.terminal.tables import Column, print_table

ID = "c0b1c2d3e4f5061728394a5b"
COLUMNS = (Column("id", is_whole=True), Column("owner"), Column("bytes", is_number=True))
LINK = (
    "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:logs-insights$3FqueryDetail"
)
STYLING = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes stdout a terminal of 60 columns with colours."""
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    for name, value in {"COLUMNS": "60", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def printed(capsys: pytest.CaptureFixture[str], *rows: tuple[str, str, str]) -> list[str]:
    print_table(COLUMNS, rows)
    return capsys.readouterr().out.splitlines()


def test_in_a_pipe_each_row_is_one_whole_line(capsys: pytest.CaptureFixture[str]) -> None:
    head, row = printed(capsys, (ID, "long name " * 30, "1,000"))
    assert head.split() == ["id", "owner", "bytes"]
    assert row == f"{ID}  {'long name ' * 30}  1,000"


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_long_cells_fold_and_ids_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [STYLING.sub("", line) for line in printed(capsys, (ID, "x" * 100, "1,000"))]
    assert max(map(len, lines)) <= 60
    assert ID in lines[1]
    assert "".join(line[26:].split()[0] for line in lines[1:]) == "x" * 100


@pytest.mark.usefixtures("terminal")
def test_a_terminal_that_is_too_narrow_for_an_id_does_not_cut_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    assert any(ID in line for line in printed(capsys, (ID, "web", "1")))


@pytest.mark.parametrize(
    "name", ["[bold]web[/]", "[/]", "[link=https://evil.example]x[/link]", "\x1b]0;title\x07\x1b[31m"]
)
def test_a_hostile_name_is_text(name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for width in ("80", "0"):
        monkeypatch.setenv("COLUMNS", width)
        _, row = printed(capsys, (ID, name, "1"))
        shown = name.replace("\x1b", " ").replace("\x07", " ")
        assert row == f"{ID}  {shown}{' ' * max(0, 5 - len(shown))}  {'1':>5}"
        print_text(f"name {name}")
        assert capsys.readouterr().out == f"name {shown}\n"


@pytest.mark.usefixtures("terminal")
def test_a_hostile_name_changes_nothing_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_text("a \x1b[31m[bold]b[/] \x07 c \x9b31m")
    printed_text = capsys.readouterr().out
    assert printed_text == "a  [31m[bold]b[/]   c  31m\n"
    assert not any(unicodedata.category(letter) == "Cc" for letter in printed_text.rstrip("\n"))


@pytest.mark.usefixtures("terminal")
def test_a_hostile_link_cannot_end_its_escape_sequence(capsys: pytest.CaptureFixture[str]) -> None:
    print_text("https://evil.example/\x1b\\\x1b]0;title\x07")
    printed_text = capsys.readouterr().out
    assert "\x1b]0;" not in printed_text
    assert "\x07" not in printed_text


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_a_long_link_is_short_and_can_be_clicked(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(f"Look closer  {LINK}")
    text = capsys.readouterr().out
    assert f";{LINK}\x1b\\" in text
    visible = re.sub(r"\x1b\]8;[^\x1b]*\x1b\\", "", STYLING.sub("", text))
    assert visible == "Look closer  eu-central-1.console.aws.amazon.com/cloudwatch/…\n"


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("term", ["dumb", "linux", ""])
def test_a_terminal_without_links_gets_them_whole(
    term: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    print_text(LINK)
    assert capsys.readouterr().out == f"{LINK}\n"


def test_a_pipe_gets_links_whole(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(LINK)
    assert capsys.readouterr().out == f"{LINK}\n"


@pytest.mark.usefixtures("terminal")
def test_no_color_leaves_no_colour(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    screen().print(printable("high", "red"))
    assert "\x1b[31m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    screen().print(printable("high", "red"))
    assert capsys.readouterr().out == "high\n"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    screen().print(printable("high", "red"))
    assert capsys.readouterr().out == "high\n"


LONG = f"  inbound allow tcp/443 from 0.0.0.0/0 ({ID}, description): no traffic"


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_a_long_line_goes_on_indented_and_its_ids_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    print_folded(["sg-1 web", LONG])
    assert capsys.readouterr().out.splitlines() == [
        "sg-1 web",
        "  inbound allow tcp/443 from 0.0.0.0/0",
        f"      ({ID}, description): no traffic",
    ]


def test_in_a_pipe_a_long_line_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    print_folded([LONG, "a\x1bb"])
    assert capsys.readouterr().out == f"{LONG}\na b\n"


def test_forced_colours_in_a_pipe_cut_nothing_and_hide_no_link(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    screen().print(printable("high", "red"))
    assert "\x1b[31m" in capsys.readouterr().out
    assert len(printed(capsys, (ID, "long name " * 30, "1,000"))) == 2
    print_text(LINK)
    assert capsys.readouterr().out == f"{LINK}\n"
