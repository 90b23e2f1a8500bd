"""Takes the README's pictures of the console: an afternoon of the invented company, replayed, in Debian's Chromium.

`make docs` runs it; where there is no Chromium, the pictures stay as they are.
"""
# ruff: noqa: INP001 - a script beside the pages it writes

import shutil
import sys
from collections.abc import Mapping

from playwright.sync_api import Page, sync_playwright

from docs.markdown import DOCS
from local.console.server import serving
from local.console.subjects.replayed import Replayed
from tests.sample_company.replay import sample_recording

FOLDER = DOCS / "images"
SCANNER = "10.20.10.27"
PICTURES: Mapping[str, tuple[str, str]] = {
    "dashboard": ("/dashboards/flowsentry-traffic?range=3h", ""),
    "alerts": ("/alerts?range=3h", f"main a:has-text('{SCANNER}')"),
    "traffic-map": ("/traffic-map?range=3h", ""),
    "scan": ("/scan?range=3h", f"main a:text-is('{SCANNER}')"),
}
"""The address of each picture's page, and the link that is followed there."""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
SETTLE_MILLISECONDS = 1_500


def main() -> int:
    """Exit code 0, also without Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no Chromium: docs/images stays as it is", file=sys.stderr)  # noqa: T201 a script
        return 0
    FOLDER.mkdir(exist_ok=True)
    data = Replayed(sample_recording(), "an afternoon of the company")
    with serving(data, 0) as access, sync_playwright() as playing:
        browser = playing.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1_280, "height": 760}, color_scheme="light")
        page.goto(access.link)
        page.wait_for_selector("main[data-ready]")
        for name, (path, link) in PICTURES.items():
            _open(page, f"http://127.0.0.1:{access.port}{path}", link)
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()
    return 0


def _open(page: Page, address: str, link: str) -> None:
    page.goto(address)
    page.wait_for_selector("main[data-ready]")
    if link:
        page.locator(link).first.click()
    page.wait_for_timeout(SETTLE_MILLISECONDS)


if __name__ == "__main__":
    raise SystemExit(main())
