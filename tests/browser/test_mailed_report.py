"""The page of `flowsentry replay --html`, opened as a mailed file: no script, no request, in both themes."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from local.report.amounts import in_bytes
from local.report.page import page_of
from tests.browser.accessibility import violations_in
from tests.builders import NOON
from tests.local.report.made_report import HOSTILE, report


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page_of(report(), f"Flow logs {HOSTILE}", NOON))
    return path


@contextmanager
def opened(browser: Browser, file: Path, **options: object) -> Iterator[tuple[Page, list[str]]]:
    """The page, and what went wrong with it: errors, and requests for anything but the file."""
    context = browser.new_context(viewport={"width": 1100, "height": 900}, **options)  # type: ignore[arg-type]
    page, wrong = context.new_page(), list[str]()
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if request.url != file.as_uri() else None)
    page.goto(file.as_uri())
    yield page, wrong
    context.close()


def texts(page: Page, selector: str) -> list[str]:
    return [each.strip() for each in page.locator(selector).all_inner_texts()]


def test_the_page_is_read_without_scripts_and_asks_for_nothing(browser: Browser, file: Path) -> None:
    with opened(browser, file, java_script_enabled=False) as (page, wrong):
        assert page.locator("figure svg rect").count() == 4
        assert page.locator("figure svg").first.bounding_box()["height"] > 50  # type: ignore[index]
        assert wrong == []


def test_the_numbers_on_the_page_are_those_of_the_report(browser: Browser, file: Path) -> None:
    with opened(browser, file) as (page, wrong):
        assert texts(page, "dd")[:4] == ["27", "2", in_bytes(report().bytes), "4"]
        assert texts(page, "#talkers tbody td:nth-child(2)") == [in_bytes(each.sent) for each in report().talkers]
        assert texts(page, "#refused table:first-of-type tbody td") == ["tcp/22", "2", "udp/53", "1", "tcp/3389", "1"]
        assert wrong == []


def test_hostile_names_are_text(browser: Browser, file: Path) -> None:
    with opened(browser, file) as (page, wrong):
        assert page.locator("script").count() == 0
        assert texts(page, "#scans tbody td:last-child")[0] == "<script>alert(1)</script> gnp.exe"
        assert "<script>" in page.title()
        assert wrong == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_read_the_page(browser: Browser, file: Path, theme: str) -> None:
    with opened(browser, file, color_scheme=theme) as (page, _):
        assert violations_in(page) == []


def test_the_page_fits_a_narrow_window_and_prints(browser: Browser, file: Path) -> None:
    with opened(browser, file) as (page, _):
        page.set_viewport_size({"width": 400, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        printed = io.BytesIO(page.pdf(format="A4"))
        assert printed.getvalue().startswith(b"%PDF")
        assert printed.getvalue().count(b"/Type /Page\n") <= 4
