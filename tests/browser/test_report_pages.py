"""The bill, rule usage and known services in a browser: numbers are those of the data, filters work."""

import re

import pytest
from playwright.sync_api import expect

from flowsentry.pipeline import Context
from local.console.pages.bill import bill
from local.console.query import Query
from local.console.security import Access
from local.console.subjects.recording import Recording
from local.console.subjects.replayed import Replayed
from tests.browser.accessibility import violations
from tests.browser.conftest import NewVisit, Serve
from tests.browser.visit import Visit
from tests.sample_company.replay import sample_recording

GB = 1 << 30
PAGES = ("bill", "rules", "known-services")


def cells(visit: Visit, body: str) -> list[list[str]]:
    """The texts of a table's cells."""
    rows: list[list[str]] = visit.page.eval_on_selector_all(
        f"{body} tr", "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    return rows


def test_the_bill_has_the_numbers_of_the_data(visit: Visit) -> None:
    visit.open("/bill")
    page = bill(Replayed(sample_recording(), ""), Query())
    assert cells(visit, "#owners") == [
        [shown[0], row["owner"], row["kind"], f"{row['bytes'] / GB:,.3f}", f"${row['dollars']:,.6f}"]
        for row, shown in zip(page["rows"], cells(visit, "#owners"), strict=True)
    ]
    assert [row[1:] for row in cells(visit, "#paths")] == [
        [f"{row['bytes'] / GB:,.3f}", f"${row['dollars']:,.6f}"] for row in page["paths"]
    ]
    amounts = (page["dollars"], page["dollars_a_day"], page["dollars_a_month"])
    assert visit.texts(".figure b")[:3] == [f"${each:,.6f}" for each in amounts]
    label = visit.page.get_attribute("flow-chart", "aria-label") or ""
    assert label.startswith("Traffic by path in dollars: NAT gateway $0.0028")
    visit.kept("bill")


def test_the_bill_is_of_the_time_range_when_that_is_asked_for(visit: Visit) -> None:
    visit.open("/bill?range=1h")
    everything = visit.texts(".figure b")[3]
    visit.page.check("#filter-when")
    expect(visit.page.locator(".figure b").nth(3)).not_to_have_text(everything)
    visit.open("/bill?when=range&start=1700000000&end=1700003600")
    assert "There are no records to bill." in visit.texts("main .state")[0]


def test_the_bars_change_with_what_they_are_by(visit: Visit) -> None:
    visit.open("/bill")
    visit.page.select_option("#filter-by", "owner")
    visit.page.select_option("#filter-amount", "bytes")
    expect(visit.page.locator("flow-chart")).to_have_attribute("aria-label", re.compile("^Traffic by owner in bytes: "))
    visit.kept("bill-owner")


def test_rules_have_the_numbers_of_the_data_and_are_filtered(visit: Visit) -> None:
    visit.open("/rules")
    usage = visit.get("/api/rules")
    shown = [row for row in cells(visit, ".rules tbody") if row]
    assert [(row[1].split("\n")[0], row[2]) for row in shown] == [
        ("used" if row["records"] else "unused" if row["is_unused"] else "perhaps used", f"{row['records']:,}")
        for row in usage["rows"]
    ]
    assert visit.texts("#count")[0].startswith(f"{usage['unused']} of {usage['rules']} rules carried nothing")
    visit.kept("rules", whole=False)
    visit.page.select_option("#filter-show", "unused")
    expect(visit.page.locator(".rules tbody tr")).to_have_count(usage["unused"])
    visit.page.fill("#filter-text", "no such rule")
    expect(visit.page.locator("main .state")).to_contain_text("No rule matches the filters.")


def test_known_services_have_the_numbers_of_the_data_and_are_filtered(visit: Visit) -> None:
    visit.open("/known-services")
    known = visit.get("/api/known-services")
    shown = cells(visit, "#services")
    assert [row[0] for row in shown] == [f"{row['address']}:{row['port']}/{row['protocol']}" for row in known["rows"]]
    assert [row[6].split()[-1] for row in shown] == [str(row["clients"]) for row in known["rows"]]
    visit.kept("known-services", whole=False)
    visit.page.select_option("#filter-show", "inside")
    expect(visit.page.locator("#services tr")).to_have_count(known["inside"])
    visit.page.fill("#filter-text", "ledger")
    expect(visit.page.locator("#services tr")).to_have_count(1)
    visit.page.select_option("#filter-show", "down")
    expect(visit.page.locator("main .state")).to_contain_text("No service matches the filters.")


def test_pages_without_data_say_what_to_do(new_visit: NewVisit, serve: Serve) -> None:
    with serve(Replayed(Recording(Context()), "nothing")) as access:
        visit = new_visit(access).enter()
        said = {page: visit.open(f"/{page}").texts("main .state")[0] for page in PAGES}
    assert "They appear here once flow logs were read." in said["bill"]
    assert "--inventory FILE" in said["rules"]
    assert "Read flow logs with accepted traffic" in said["known-services"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible_in_both_themes(new_visit: NewVisit, access: Access, scheme: str) -> None:
    visit = new_visit(access, color_scheme=scheme).enter()
    assert [each for page in PAGES for each in violations(visit.open(f"/{page}"))] == []
