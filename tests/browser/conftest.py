"""The console in a real Chromium: one browser and one server for all tests; a test fails on any error in the browser's
console and on any request to another host.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from local.console.console_data import ConsoleData
from local.console.security import Access
from local.console.server import serving
from local.console.subjects.replayed import Replayed
from tests.browser.visit import TIMEOUT_MILLISECONDS, Visit
from tests.sample_company.replay import sample_recording

REQUIRED = "FLOWSENTRY_BROWSER_TESTS"
"""This environment variable is `required` where browser tests may not be skipped, as in continuous integration."""
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
Serve = Callable[[ConsoleData], AbstractContextManager[Access]]
NewVisit = Callable[..., Visit]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, with an empty profile."""
    path = shutil.which("chromium")
    if path is None:
        absent = "there is no Chromium: apt-get install chromium"
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(absent)
        pytest.skip(absent)
    expect.set_options(timeout=TIMEOUT_MILLISECONDS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def serve() -> Serve:
    """Serves data on a free port, in a `with` block that has the access to it."""
    return partial(serving, port=0)


@pytest.fixture(scope="package")
def access(serve: Serve) -> Iterator[Access]:
    """The console of the sample afternoon, shared by all tests: change nothing in it."""
    with serve(Replayed(sample_recording(), "sample afternoon")) as access:
        yield access


@pytest.fixture
def new_visit(browser: Browser) -> Iterator[NewVisit]:
    """Opens a console: `new_visit(access)`, with options of a browser context such as color_scheme."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def opened(access: Access, **options: object) -> Visit:
        context = browser.new_context(viewport={"width": 1400, "height": 900}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        visits.append(Visit(context.new_page(), access))
        return visits[-1]

    yield opened
    for context in contexts:
        context.close()
    assert [error for visit in visits for error in visit.errors] == []


@pytest.fixture
def visit(new_visit: NewVisit, access: Access) -> Visit:
    """The sample's console, opened by the printed link."""
    return new_visit(access).enter()
