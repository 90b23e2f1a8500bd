"""The blocked path in a browser: of a finding and of what is typed, as the API has it."""

from playwright.sync_api import expect

from tests.browser.visit import Visit


def hops(visit: Visit) -> list[tuple[str, str]]:
    """The sign and the title of each hop that is drawn."""
    items = visit.page.locator(".hops li").all()
    return [(str(each.get_attribute("data-sign")), each.locator(".hop-title").inner_text()) for each in items]


def test_a_finding_is_drawn_hop_by_hop_with_the_rule_that_decides(visit: Visit) -> None:
    visit.open("/blocked-path")
    visit.page.get_by_role("link", name="web-3 (10.30.1.23) is blocked from orders").click()
    visit.page.wait_for_url("**/blocked-path?finding=*")
    visit.drawn()
    finding_id = visit.page.url.partition("finding=")[2]
    path = visit.get(f"/api/blocked-path/of/{finding_id}")
    signs = {"allowed": "✓", "denied": "✕", "unknown": "?", "not evaluated": "\u2013", "": ""}
    assert hops(visit) == [(signs[hop["verdict"]], hop["title"]) for hop in path["hops"]]
    (deciding,) = [hop for hop in path["hops"] if hop["decides"]]
    (drawn,) = visit.texts(".hops li.decides")
    assert deciding["reason"] in drawn
    assert deciding["who"] in drawn
    assert visit.texts("[data-change]") == [path["change"]]
    expect(visit.page.locator("input[name=port]")).to_have_value("5432")


def test_a_path_is_typed_by_names(visit: Visit) -> None:
    visit.open("/blocked-path")
    before = visit.again()
    visit.page.fill("input[name=source]", "api-1")
    visit.page.fill("input[name=destination]", "orders")
    visit.page.fill("input[name=port]", "5432")
    visit.page.keyboard.press("Enter")
    visit.drawn_after(before)
    assert visit.page.url.endswith("/blocked-path?source=api-1&destination=orders&port=5432")
    path = visit.get("/api/blocked-path?source=api-1&destination=orders&port=5432")
    assert visit.page.locator("[data-verdict]").get_attribute("data-verdict") == path["verdict"]


def test_an_unknown_end_is_named_and_the_fields_are_kept(visit: Visit) -> None:
    visit.open("/blocked-path?source=api-1&destination=nobody")
    assert "nobody is not in the inventory" in visit.texts("[role=alert]")[0]
    expect(visit.page.locator("input[name=destination]")).to_have_value("nobody")


def test_a_finding_that_is_gone_says_what_to_do(visit: Visit) -> None:
    visit.refused.add(404)
    visit.open("/blocked-path?finding=gone")
    assert "no finding gone is about a path; choose another one" in visit.texts("main .state-error")[0]
