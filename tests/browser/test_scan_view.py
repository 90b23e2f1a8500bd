"""The scan view in a browser: the list of sources, one source's grid, and its play over time."""

from playwright.sync_api import expect

from tests.browser.visit import Visit
from tests.sample_company.replay import AFTERNOON

HOURS = f"start={AFTERNOON - 21_600}&end={AFTERNOON + 60}"
SCANNER = "10.20.10.27"


def test_the_list_leads_to_a_source_with_the_numbers_of_the_api(visit: Visit) -> None:
    visit.open(f"/scan?{HOURS}")
    found = visit.get(f"/api/scan/sources?{HOURS}")["sources"]
    rows = [row.split("\t") for row in visit.texts("main tbody tr")]
    assert [(row[0], int(row[2].replace(",", ""))) for row in rows] == [
        (each["source"], each["targets"]) for each in found
    ]
    visit.page.get_by_role("link", name=SCANNER, exact=True).click()
    visit.page.wait_for_url(f"**/scan?{HOURS}&source={SCANNER}")
    (finding,) = visit.get(f"/api/scan?{HOURS}&source={SCANNER}")["findings"]
    address = f"/alerts/{finding['id']}?{HOURS}"
    expect(visit.page.get_by_role("link", name="desktop-07")).to_have_attribute("href", address)


def test_grid_totals_and_table_have_the_numbers_of_the_api(visit: Visit) -> None:
    visit.open(f"/scan?{HOURS}&source={SCANNER}")
    found = visit.get(f"/api/scan?{HOURS}&source={SCANNER}")
    total = sum(found["totals"].values())
    assert visit.texts("[data-total=endpoints]") == [f"{total} endpoints"]
    for outcome, number in found["totals"].items():
        assert visit.texts(f"[data-outcome={outcome}]") == [text for text in [_words(outcome, number)] if number]
    cells = visit.chart()["series"][0]["data"]
    assert [cell["value"][:2] for cell in cells] == [[each["port"], each["host"]] for each in found["cells"]]
    assert len(visit.texts("main .scan-endpoints tbody tr")) == len(found["cells"])


def _words(outcome: str, number: int) -> str:
    words = {"refused": "refused by the host", "rejected": "refused by a rule", "unanswered": "no answer"}
    return f"{number} {words.get(outcome, outcome)}"


def test_the_slider_shows_what_was_tried_until_then(visit: Visit) -> None:
    visit.open(f"/scan?source={SCANNER}")
    whole = len(visit.chart()["series"][0]["data"])
    slider = visit.page.get_by_role("slider", name="Time")
    slider.focus()
    visit.page.keyboard.press("Home")
    assert len(visit.chart()["series"][0]["data"]) == 1
    expect(visit.page.locator("output")).to_contain_text(f"1 of {whole} endpoints")
    visit.page.keyboard.press("End")
    assert len(visit.chart()["series"][0]["data"]) == whole


def test_play_shows_the_scan_grow_to_its_end(visit: Visit) -> None:
    visit.page.clock.install()
    visit.open(f"/scan?source={SCANNER}")
    whole = len(visit.chart()["series"][0]["data"])
    visit.page.get_by_role("button", name="Play").click()
    visit.page.clock.run_for(3_000)
    assert 0 < len(visit.chart()["series"][0]["data"]) < whole
    visit.page.get_by_role("button", name="Pause").click()
    visit.page.clock.run_for(20_000)
    assert len(visit.chart()["series"][0]["data"]) < whole
    visit.page.get_by_role("button", name="Play").click()
    visit.page.clock.run_for(20_000)
    assert len(visit.chart()["series"][0]["data"]) == whole
    expect(visit.page.get_by_role("button", name="Play")).to_be_visible()


def test_a_source_is_typed(visit: Visit) -> None:
    visit.open("/scan")
    before = visit.again()
    visit.page.get_by_label("Source address").fill(" 203.0.113.66 ")
    visit.page.keyboard.press("Enter")
    visit.drawn_after(before)
    assert visit.page.url.endswith("/scan?source=203.0.113.66")
    assert "endpoints" in visit.texts("[data-total=endpoints]")[0]
    assert "The grid leaves out" in visit.texts("[data-left-out]")[0]


def test_a_source_that_tried_nothing_says_so(visit: Visit) -> None:
    visit.open("/scan?source=198.18.0.1")
    assert "198.18.0.1 tried nothing in this time range." in visit.texts("main .state")[0]
