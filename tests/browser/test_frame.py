"""The frame of the console in a browser: entry by the link, time range, refresh, keyboard, themes and states."""

import pytest
from playwright.sync_api import expect

from local.console.security import Access
from tests.browser.accessibility import violations
from tests.browser.conftest import NewVisit
from tests.browser.visit import Visit


def test_the_printed_link_opens_the_dashboards_and_leaves_no_token_in_the_address(visit: Visit) -> None:
    assert visit.page.title() == "Dashboards · Flowsentry"
    assert "token" not in visit.page.url
    assert visit.texts(".subject") == ["sample afternoon"]


def test_without_the_link_the_page_says_where_it_is(new_visit: NewVisit, access: Access) -> None:
    visit = new_visit(access)
    visit.refused.add(401)
    visit.open("/dashboards")
    assert "Open the link that the command printed" in visit.texts("main .state-error")[0]


def test_the_link_is_taken_in_a_tab_that_was_open_without_it(new_visit: NewVisit, access: Access) -> None:
    visit = new_visit(access)
    visit.refused.add(401)
    visit.open("/")
    visit.page.goto(access.link)
    expect(visit.page.locator(".subject")).to_have_text("sample afternoon")
    assert "token" not in visit.page.url


def test_a_page_that_does_not_exist_says_so(visit: Visit) -> None:
    visit.open("/nothing")
    assert "There is no page nothing." in visit.texts("main .state-error")[0]


def test_the_time_range_is_kept_in_the_address(visit: Visit) -> None:
    before = visit.again()
    visit.page.select_option("#range", "1h")
    visit.drawn_after(before)
    assert visit.page.url.endswith("?range=1h")
    visit.page.reload()
    visit.drawn()
    assert visit.page.input_value("#range") == "1h"
    visit.page.go_back()
    expect(visit.page.locator("#range")).to_have_value("6h")


def test_a_custom_range_begins_where_the_last_one_was(visit: Visit) -> None:
    visit.page.select_option("#range", "custom")
    expect(visit.page.locator("#start")).to_have_value("2026-11-19T10:57")
    visit.page.fill("#start", "2026-11-19T15:00")
    visit.page.locator("#start").dispatch_event("change")
    expect(visit.page).to_have_url(f"{visit.origin}/dashboards?start=1795100400&end=1795107420")


def test_auto_refresh_reads_the_data_again(visit: Visit) -> None:
    visit.page.clock.install()
    visit.open("/dashboards?refresh=10")
    before = visit.again()
    visit.page.clock.run_for(10_500)
    visit.drawn_after(before)
    assert visit.page.input_value("#refresh") == "10"


def test_the_keyboard_reaches_the_content_first(visit: Visit) -> None:
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("document.activeElement.id") == "main"


def test_the_question_mark_shows_the_keys(visit: Visit) -> None:
    visit.page.keyboard.press("?")
    assert "open Dashboards" in visit.texts("dialog")[0]
    visit.page.keyboard.press("Escape")
    expect(visit.page.locator("dialog")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_the_systems_until_it_is_switched(new_visit: NewVisit, access: Access, scheme: str) -> None:
    visit = new_visit(access, color_scheme=scheme).enter()
    other = {"light": "dark", "dark": "light"}[scheme]
    assert visit.page.evaluate("document.documentElement.dataset.theme") == scheme
    visit.page.keyboard.press("t")
    visit.page.reload()
    visit.drawn()
    assert visit.page.evaluate("document.documentElement.dataset.theme") == other


def test_a_console_that_has_ended_says_so_and_comes_back_by_itself(visit: Visit) -> None:
    visit.page.clock.install()
    visit.page.route("**/api/**", lambda route: route.abort())
    visit.page.keyboard.press("r")
    expect(visit.page.locator("main .state-error")).to_contain_text("does not answer")
    visit.errors.clear()
    before = visit.again()
    visit.page.unroute("**/api/**")
    visit.page.clock.run_for(5_500)
    visit.drawn_after(before)
    expect(visit.page.locator("main .state-error")).to_have_count(0)


def test_auto_refresh_goes_on_after_an_answer_that_failed(visit: Visit) -> None:
    visit.refused.add(503)
    visit.page.clock.install()
    visit.open("/dashboards?refresh=10")
    visit.page.route("**/api/**", lambda route: route.fulfill(status=503, json={"error": "not now"}))
    visit.page.clock.run_for(10_500)
    expect(visit.page.locator("main .state-error")).to_contain_text("not now")
    before = visit.again()
    visit.page.unroute("**/api/**")
    visit.page.clock.run_for(10_500)
    visit.drawn_after(before)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_frame_is_accessible_in_both_themes(new_visit: NewVisit, access: Access, scheme: str) -> None:
    visit = new_visit(access, color_scheme=scheme).enter()
    assert violations(visit) == []
    visit.page.keyboard.press("?")
    assert violations(visit) == []
