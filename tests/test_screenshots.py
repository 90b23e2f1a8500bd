"""The screenshots that `make docs` takes: each is there, small, and shown on a page."""

from pathlib import Path

import pytest

from docs.screenshots import HEIGHT, IMAGES, PICTURES, WIDTH, main

ROOT = Path(__file__).parents[1]
MAX_BYTES = 200_000
PAGES = "\n".join(page.read_text() for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
by_name = pytest.mark.parametrize("name", PICTURES)


@by_name
def test_a_screenshot_is_small_and_has_the_size_of_the_window(name: str) -> None:
    content = (IMAGES / f"{name}.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) <= MAX_BYTES
    assert [int.from_bytes(content[at : at + 4]) for at in (16, 20)] == [WIDTH, HEIGHT]


@by_name
def test_a_screenshot_is_shown_on_a_page(name: str) -> None:
    assert f"images/{name}.png)" in PAGES


def test_there_is_no_picture_that_nothing_takes() -> None:
    assert {path.name for path in IMAGES.iterdir()} == {f"{name}.png" for name in PICTURES}


def test_without_chromium_one_line_says_so_and_the_pictures_stay(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    before = {path: path.stat().st_mtime_ns for path in IMAGES.iterdir()}
    assert main() == 0
    [line] = capsys.readouterr().out.splitlines()
    assert "no Chromium" in line
    assert {path: path.stat().st_mtime_ns for path in IMAGES.iterdir()} == before
