"""Addresses of the console that somebody else wrote, such as a link in a chat: pages say what is wrong with them."""

import pytest

from tests.browser.visit import Visit


@pytest.mark.parametrize("path", ["/%E0%A4%A", "/%00", "/__proto__", "/<script>alert(1)</script>"])
def test_an_address_that_is_no_page_says_so(visit: Visit, path: str) -> None:
    visit.open(path)
    assert "There is no page" in visit.texts("main .state-error")[0]


@pytest.mark.parametrize(
    "span", ["range=constructor", "range=__proto__", "refresh=toString", "start=1e400&end=-1", "start=5"]
)
def test_a_time_range_that_is_none_is_the_usual_one(visit: Visit, span: str) -> None:
    visit.open(f"/traffic-map?{span}")
    assert visit.page.input_value("#range") == "6h"
    assert visit.page.locator("main .state-error").count() == 0


@pytest.mark.parametrize(
    "view",
    [
        *("traffic-map?order=constructor", "traffic-map?order=-__proto__", "scan?order=nothing"),
        *("scan?source=%F0%9F%92%A9%00", "blocked-path?source=%00&destination=%E2%80%AE"),
    ],
)
def test_a_filter_without_a_meaning_changes_nothing(visit: Visit, view: str) -> None:
    visit.open(f"/{view}")
    assert visit.page.locator("main .state-error").count() == 0


def test_a_filter_of_ten_thousand_letters_is_refused_and_shown_in_bounds(visit: Visit) -> None:
    visit.refused.add(400)
    visit.open(f"/traffic-map?owner={'x' * 10_000}")
    assert "owner has 10000 characters; 200 are allowed" in visit.texts("main .state-error")[0]
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 1400
