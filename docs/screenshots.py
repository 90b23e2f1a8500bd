"""Takes the screenshots of the console in docs/images, in Chromium, from the replay of an invented afternoon: the same
records and the same clock each time, so that a picture changes only when the console does.

`make docs` runs it; where there is no Chromium it says so and keeps the pictures.
"""
# ruff: noqa: INP001 - a script beside the pages it illustrates; only its test imports it

import io
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from docs.markdown import DOCS
from local.console.security import Access
from local.console.server import serving
from local.console.subjects.replayed import Replayed
from tests.sample_company.replay import AFTERNOON, sample_recording

IMAGES = DOCS / "images"
WIDTH, HEIGHT = 1280, 720
COLOURS = 128
"""Of a picture. More: a larger file. Fewer: bands in what is half transparent."""
PICTURES: Mapping[str, str] = {
    "dashboard": "/dashboards?range=3h",
    "alerts": "/alerts/{port_scan}?range=3h",
    "traffic-map": "/traffic-map?range=3h",
    "scan": "/scan?source=10.20.10.27&range=3h",
    "blocked-path": "/blocked-path?source=web-3&destination=orders&port=5432&range=3h",
}
"""Name of the picture, and the view; in braces the kind of an urgent finding, for its id."""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--force-color-profile=srgb")


def main() -> int:
    """Exit code: 0, with or without Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stdout.write("docs/images: no Chromium (apt-get install chromium): the screenshots stay as they are\n")
        return 0
    with serving(Replayed(sample_recording(), "sample afternoon"), port=0) as access, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        take_pictures(browser, access)
        browser.close()
    return 0


def take_pictures(browser: Browser, access: Access) -> None:
    """Writes each of PICTURES, in the light theme, as a browser shows it without scrolling."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", reduced_motion="reduce")
    page.clock.set_fixed_time(AFTERNOON * 1000)
    page.goto(access.link)
    drawn(page)
    for name, view in PICTURES.items():
        page.goto(f"http://127.0.0.1:{access.port}{view.format(**urgent_ids())}")
        drawn(page)
        keep(page.screenshot(), IMAGES / f"{name}.png")


def drawn(page: Page) -> None:
    """Waits until the page has its content, and charts are drawn."""
    page.wait_for_selector("main[data-ready]")
    page.wait_for_timeout(500)


def keep(picture: bytes, path: Path) -> None:
    """Writes the PNG with few colours, which is a third of the size."""
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def urgent_ids() -> dict[str, str]:
    """The ids of urgent findings of the sample, by kind."""
    findings = sample_recording().findings.values()
    return {each.kind: each.id for each in findings if each.severity in {"high", "medium"}}


if __name__ == "__main__":
    sys.exit(main())
