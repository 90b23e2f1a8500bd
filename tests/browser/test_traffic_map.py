"""The traffic map in a browser: numbers are those of the API, filters and order are kept in the address."""

from playwright.sync_api import expect

from local.console.security import Access
from tests.browser.conftest import NewVisit
from tests.browser.visit import Visit
from tests.sample_company.replay import AFTERNOON

HOURS = f"start={AFTERNOON - 21_600}&end={AFTERNOON + 60}"


def rows(visit: Visit) -> list[list[str]]:
    """The cells of the table, row by row."""
    return [row.split("\t") for row in visit.texts("main tbody tr")]


def whole(text: str) -> int:
    return int(text.replace(",", ""))


def test_totals_table_and_chart_have_the_numbers_of_the_api(visit: Visit) -> None:
    visit.open(f"/traffic-map?{HOURS}")
    found = visit.get(f"/api/traffic-map?{HOURS}")
    for action, totals in found["totals"].items():
        assert whole(visit.texts(f"[data-total={action}]")[0].split()[0]) == totals["flows"]
    shown = rows(visit)
    assert [(row[2], whole(row[4]), whole(row[5])) for row in shown] == [
        (edge["action"], edge["flows"], edge["packets"]) for edge in found["edges"]
    ]
    drawn = visit.chart()["series"][0]
    assert (len(drawn["links"]), len(drawn["data"])) == (len(found["edges"]), len(found["nodes"]))


def test_accepted_is_blue_and_refused_orange_and_more_bytes_are_wider(visit: Visit) -> None:
    visit.open("/traffic-map?owner=orders")
    links = visit.chart()["series"][0]["links"]
    colours = {link["lineStyle"]["color"] for link in links}
    assert colours == {visit.colour("accepted"), visit.colour("refused")}
    assert [link["value"] for link in links] == sorted((link["value"] for link in links), reverse=True)


def test_what_is_left_out_is_said(visit: Visit) -> None:
    visit.open("/traffic-map")
    left = visit.get(f"/api/traffic-map?{HOURS}")["left_out"]
    (sentence,) = visit.texts("[data-left-out]")
    assert sentence.startswith(f"{left['caller_owners']} callers with less traffic are shown as one")


def test_filters_are_kept_in_the_address_and_removed_together(visit: Visit) -> None:
    visit.open("/traffic-map")
    before = visit.again()
    visit.page.select_option("select[name=action]", "refused")
    visit.drawn_after(before)
    before = visit.again()
    visit.page.fill("input[name=port]", "5432")
    visit.page.press("input[name=port]", "Enter")
    visit.drawn_after(before)
    assert visit.page.url.endswith("/traffic-map?action=refused&port=5432")
    assert {(row[2], row[3]) for row in rows(visit)} == {("refused", "5432/tcp")}
    visit.page.reload()
    visit.drawn()
    expect(visit.page.locator("input[name=port]")).to_have_value("5432")
    before = visit.again()
    visit.page.get_by_role("button", name="Remove filters").click()
    visit.drawn_after(before)
    assert visit.page.url.endswith("/traffic-map")


def test_an_owner_in_the_table_leads_to_its_own_traffic(visit: Visit) -> None:
    visit.open("/traffic-map?action=refused&range=24h")
    visit.page.get_by_role("link", name="ledger", exact=True).first.click()
    visit.page.wait_for_url("**/traffic-map?range=24h&owner=*")
    visit.drawn()
    assert all("ledger" in row[0] + row[1] for row in rows(visit))


def test_a_click_on_an_owner_of_the_chart_filters_by_it(visit: Visit) -> None:
    visit.open("/traffic-map?owner=orders-cache")
    before = visit.again()
    visit.page.locator("flow-chart").click(position={"x": 223, "y": 60})
    visit.drawn_after(before)
    assert "owner=i-" in visit.page.url


def test_the_table_is_sorted_by_any_column(visit: Visit) -> None:
    visit.open("/traffic-map?owner=orders")
    before = visit.again()
    visit.page.get_by_role("button", name="Flows").click()
    visit.drawn_after(before)
    flows = [whole(row[4]) for row in rows(visit)]
    assert flows == sorted(flows, reverse=True)
    expect(visit.page.get_by_role("columnheader", name="Flows")).to_have_attribute("aria-sort", "descending")
    assert "order=-flows" in visit.page.url


def test_no_matching_flow_says_what_to_do(visit: Visit) -> None:
    visit.open("/traffic-map?port=1")
    assert "Remove a filter" in visit.texts("main .state")[0]
    visit.open("/traffic-map?start=1000&end=2000")
    assert "Choose a longer time range" in visit.texts("main .state")[0]


def test_an_invalid_filter_in_the_address_is_explained(new_visit: NewVisit, access: Access) -> None:
    visit = new_visit(access).enter()
    visit.refused.add(400)
    visit.open("/traffic-map?protocol=nonsense")
    assert "protocol must be a name such as tcp" in visit.texts("main .state-error")[0]
