"""Every page of the console: accessible in both themes, usable by keyboard alone, and no wider than the window."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from local.console.application import STATIC
from local.console.security import Access
from tests.browser.accessibility import violations
from tests.browser.visit import Visit
from tests.sample_company.replay import sample_recording

PAGES: list[str] = re.findall(r'\{ name: "([\w-]+)"', (STATIC / "pages.js").read_text())
VIEWS = (
    *PAGES,
    "alerts/{blocked_internal}",
    "traffic-map?owner=orders",
    "traffic-map?port=1",
    "scan?source=10.20.10.27",
    "blocked-path?source=web-3&destination=orders&port=5432",
    "blocked-path?source=web-3&destination=nobody",
)
"""Every page, and views of pages that look different; in braces the kind of a finding, for its id."""
MOST_STOPS = 80
"""Stops of the Tab key that are checked on a page. More: long tables take long. Fewer: filters are not reached."""
STOPS = """[...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter((each) => !each.disabled && each.checkVisibility() && each.type !== "hidden" && !each.inert)"""
FOCUSED = f"""(() => {{
  const style = getComputedStyle(document.activeElement);
  const isSeen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return [{STOPS}.indexOf(document.activeElement), isSeen];
}})()"""


@pytest.fixture(scope="module", params=VIEWS)
def view(request: pytest.FixtureRequest) -> str:
    """One of VIEWS."""
    return str(request.param)


@pytest.fixture(scope="module")
def opened(browser: Browser, access: Access, view: str) -> Iterator[Visit]:
    """The view in the light theme; the tests leave it as it was."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme="light")
    ids = {finding.kind: finding.id for finding in sample_recording().findings.values()}
    visit = Visit(context.new_page(), access).enter().open(f"/{view.format(**ids)}")
    yield visit
    context.close()
    assert visit.errors == []


def test_each_page_has_its_module() -> None:
    assert PAGES
    assert [name for name in PAGES if not (STATIC / "pages" / f"{name}.js").is_file()] == []


def test_a_page_is_accessible(opened: Visit, view: str) -> None:
    opened.kept(f"{name_of(view)}-light")
    assert violations(opened) == []


def name_of(view: str) -> str:
    """A name for a screenshot."""
    return "-".join(re.findall(r"[a-z0-9]+", view))


def test_the_contrast_of_the_dark_theme_is_enough(opened: Visit, view: str) -> None:
    opened.page.keyboard.press("t")
    assert opened.page.evaluate("document.documentElement.dataset.theme") == "dark"
    opened.kept(f"{name_of(view)}-dark")
    assert violations(opened, "color-contrast") == []
    opened.page.keyboard.press("t")


def test_the_tab_key_reaches_each_control_in_order_and_the_focus_is_seen(opened: Visit) -> None:
    stops = min(MOST_STOPS, opened.page.evaluate(f"{STOPS}.length"))
    opened.page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(stops):
        opened.page.keyboard.press("Tab")
        reached.append(opened.page.evaluate(FOCUSED))
    assert reached == [[at, True] for at in range(stops)]


@pytest.mark.parametrize("width", [1400, 760, 600])
def test_a_page_fits_the_width_of_the_window(opened: Visit, width: int) -> None:
    opened.page.set_viewport_size({"width": width, "height": 900})
    opened.page.wait_for_function("width => innerWidth === width", arg=width)
    opened.page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")  # as charts do, later
