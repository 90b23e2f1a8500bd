"""Whoever may tag an instance or send a packet may write on the console's pages: what they write stays text."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog

from local.console.security import Access
from tests.browser.conftest import Serve
from tests.browser.hostile import DATA, FINDING, HALF, SCANNER, SCRIPT, TEXTS, WEB, hostile
from tests.browser.test_every_page import PAGES
from tests.browser.visit import Visit

VIEWS = (
    *PAGES,
    *(f"alerts/{FINDING.format(at)}" for at in (0, 3, len(TEXTS))),
    f"scan?source={SCANNER}",
    "traffic-map?owner=%3Cscript%3Ealert(1)%3C/script%3E",
    f"blocked-path?source={WEB}&destination={DATA}&port=5432",
    "blocked-path?source=%3Cscript%3Ealert(1)%3C/script%3E&destination=%E2%80%AE%00",
)
INSERTED = "document.querySelectorAll('main script, main img, main iframe, main b[onclick], main [onerror]').length"
LINKS = "[...document.querySelectorAll('main a[href]')].map((each) => each.protocol)"


@pytest.fixture(scope="module")
def console(serve: Serve) -> Iterator[Access]:
    with serve(hostile()) as access:
        yield access


@pytest.fixture(scope="module", params=VIEWS)
def opened(browser: Browser, console: Access, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """One of the views of hostile data; a dialog that a script opens is an error."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    visit = Visit(context.new_page(), console)

    def note(dialog: Dialog) -> None:
        visit.errors.append(f"a script ran: {dialog.message}")
        dialog.dismiss()

    visit.page.on("dialog", note)
    yield visit.enter().open(f"/{request.param}")
    context.close()


def test_names_are_shown_as_text_and_nothing_of_them_runs(opened: Visit) -> None:
    assert opened.page.locator("main .state-error").count() == 0
    assert opened.page.evaluate(INSERTED) == 0
    assert set(opened.page.evaluate(LINKS)) <= {"http:", "https:"}
    assert opened.errors == []


def test_long_names_do_not_break_the_layout(opened: Visit) -> None:
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 1400
    assert opened.page.evaluate("document.querySelector('header').getBoundingClientRect().height") < 100


@pytest.mark.parametrize("path", ["/traffic-map", f"/blocked-path?source={WEB}&destination={DATA}&port=5432", "/scan"])
def test_a_script_in_a_tag_can_be_read(browser: Browser, console: Access, path: str) -> None:
    context = browser.new_context()
    visit = Visit(context.new_page(), console).enter().open(path)
    assert SCRIPT in visit.page.inner_text("main")
    context.close()


def test_half_a_character_is_answered_as_json(browser: Browser, console: Access) -> None:
    context = browser.new_context()
    visit = Visit(context.new_page(), console).enter()
    assert HALF.partition(" ")[0] in visit.get("/api/about")["title"]
    context.close()
