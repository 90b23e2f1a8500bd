"""A visit to the console in a browser: opens pages, waits until they are drawn, and notes what goes wrong."""

import os
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Route

from local.console.security import Access

SCREENSHOTS = "FLOWSENTRY_SCREENSHOTS"
"""Environment variable: the folder in which screenshots are kept; none are taken without it."""
TIMEOUT_MILLISECONDS = 60_000
"""For whatever a test waits for: it ends as soon as that is there. Less: a busy machine fails tests."""
CHART = """async () => {
  const element = document.querySelector("main flow-chart");
  const chart = element && (await import("/vendor/echarts.js")).getInstanceByDom(element);
  return chart ? JSON.parse(JSON.stringify(chart.getOption())) : null;
}"""


class Visit:
    """One page of a browser. `errors` are messages of its console, exceptions, and requests to other hosts."""

    def __init__(self, page: Page, access: Access) -> None:
        self.page, self.access = page, access
        self.errors: list[str] = []
        self.refused: set[int] = set()
        page.set_default_timeout(TIMEOUT_MILLISECONDS)
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.errors.append(f"exception: {error}"))
        page.route("**/*", self._only_this_host)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.access.port}"

    def enter(self) -> Self:
        """Opens the printed link, and waits for the first page."""
        self.page.goto(self.access.link)
        return self.drawn()

    def open(self, path: str) -> Self:
        """Opens a page by its address, such as `/dashboards?range=1h`, and waits until it is drawn."""
        self.page.goto(f"{self.origin}{path}")
        return self.drawn()

    def drawn(self) -> Self:
        """Waits until the page has drawn its content, or says why it has not."""
        self.page.wait_for_selector("main[data-ready], main .state-error")
        return self

    def again(self) -> int:
        """How often the page has drawn its content; to be compared with a later number."""
        return int(self.page.locator("main").get_attribute("data-ready") or 0)

    def drawn_after(self, times: int) -> Self:
        """Waits until the page has drawn its content once more than `times`."""
        self.page.wait_for_function("times => Number(document.getElementById('main').dataset.ready) > times", arg=times)
        return self

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that a CSS selector finds."""
        return [text.strip() for text in self.page.locator(selector).all_inner_texts()]

    def get(self, path: str) -> Any:
        """The JSON of the API, asked for by the page itself."""
        return self.page.evaluate("async path => (await import('/static/api.js')).get(path)", path)

    def chart(self) -> Any:
        """The option of the first chart, as ECharts has it; waits until it is drawn."""
        return self.page.wait_for_function(CHART).json_value()

    def colour(self, name: str) -> str:
        """A colour of the theme, such as `accepted`."""
        return str(self.page.evaluate("async name => (await import('/static/theme.js')).colour(name)", name))

    def kept(self, name: str, *, whole: bool = True) -> None:
        """Keeps a screenshot as an artefact."""
        if folder := os.environ.get(SCREENSHOTS):
            self.page.wait_for_timeout(300)
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=whole)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not self._is_expected(message):
            self.errors.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def _is_expected(self, message: ConsoleMessage) -> bool:
        """Chromium reports each answer of 400 and more; a test that provokes one names it in `refused`."""
        return any(f"status of {status}" in message.text for status in self.refused)

    def _only_this_host(self, route: Route) -> None:
        if urlsplit(route.request.url).netloc == f"127.0.0.1:{self.access.port}":
            route.continue_()
        else:
            self.errors.append(f"request to another host: {route.request.url}")
            route.abort()
