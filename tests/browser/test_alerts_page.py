"""The alert inbox in a browser: what is shown, filters, keys, triage, and names that stay text."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Route, expect

from local.console.security import Access
from local.console.subjects.replayed import Replayed
from tests.browser.accessibility import violations
from tests.browser.conftest import NewVisit, Serve
from tests.browser.hostile_findings import NAMES, Findings, hostile_findings
from tests.browser.visit import Visit
from tests.sample_company.replay import sample_recording


@pytest.fixture(scope="module")
def own_access(serve: Serve) -> Iterator[Access]:
    """A console whose findings are triaged."""
    with serve(Replayed(sample_recording(), "sample afternoon")) as access:
        yield access


@pytest.fixture
def own(new_visit: NewVisit, own_access: Access) -> Visit:
    return new_visit(own_access).enter()


def id_of(visit: Visit, kind: str) -> str:
    return str(visit.get(f"/api/alerts?kind={kind}")["rows"][0]["id"])


def test_the_list_has_the_rows_of_the_data(visit: Visit) -> None:
    visit.open("/alerts")
    rows = visit.get("/api/alerts")["rows"]
    assert visit.texts(".row-title") == [row["title"] for row in rows]
    assert visit.texts(".row-head .severity") == [row["severity"] for row in rows]
    assert visit.texts("#count") == [f"{len(rows)} alerts"]
    visit.kept("alerts", whole=False)


def test_filters_narrow_the_list_and_are_kept_in_the_address(visit: Visit) -> None:
    visit.open("/alerts")
    visit.page.select_option("#filter-severity", "high")
    expect(visit.page.locator(".row")).to_have_count(len(visit.get("/api/alerts?severity=high")["rows"]))
    visit.page.fill("#filter-text", "203.0.113.82")
    expect(visit.page.locator(".row")).to_have_count(1)
    assert visit.page.url.endswith("/alerts?severity=high&text=203.0.113.82")
    visit.page.fill("#filter-text", "nobody")
    expect(visit.page.locator(".inbox-list .state")).to_contain_text("No alert matches the filters.")
    visit.page.get_by_role("button", name="Clear the filters").click()
    expect(visit.page.locator(".row")).to_have_count(len(visit.get("/api/alerts")["rows"]))


def test_letters_that_are_typed_while_an_earlier_text_is_searched_stay(visit: Visit) -> None:
    visit.open("/alerts")
    visit.page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
    visit.page.focus("#filter-text")
    before, held = visit.again(), list[Route]()
    visit.page.route("**/api/alerts?text=*", lambda route: held.extend([route]))
    visit.page.keyboard.type("203.0.113.8")
    with visit.page.expect_request("**/api/alerts?text=*"):
        visit.page.clock.run_for(350)
    visit.page.keyboard.type("2")
    visit.page.unroute("**/api/alerts?text=*")
    held[0].continue_()
    visit.drawn_after(before)
    assert visit.page.input_value("#filter-text") == "203.0.113.82"
    visit.page.clock.run_for(350)
    expect(visit.page).to_have_url(f"{visit.origin}/alerts?text=203.0.113.82")


def test_an_alert_is_shown_as_mailed_as_chat_card_and_as_json(visit: Visit) -> None:
    visit.open("/alerts")
    id_ = id_of(visit, "blocked_internal")
    message = visit.get(f"/api/alerts/{id_}")["message"]
    visit.page.locator(f".row[href*='{id_}']").click()
    mail = visit.page.locator(".mail")
    expect(mail).to_be_visible()
    assert mail.text_content() == f"Subject: {message['subject']}\n\n{message['text'].rstrip()}"
    visit.kept("alert", whole=False)
    visit.page.get_by_role("button", name="Chat card").click()
    content = message["chat"]["content"]
    expect(visit.page.locator(".card h3")).to_have_text(content["title"])
    assert "\n".join(visit.texts(".card-body > p:not(.card-words)")) == content["description"]
    assert visit.texts(".card-words span") == content["keywords"]
    visit.kept("alert-chat", whole=False)
    visit.page.get_by_role("button", name="JSON").click()
    expect(visit.page.locator(".mail")).to_contain_text(message["json"]["schema"])
    assert json.loads(visit.page.locator(".mail").text_content() or "") == message["json"]


def test_a_digest_lists_its_findings(visit: Visit) -> None:
    id_ = id_of(visit, "digest")
    visit.open(f"/alerts/{id_}")
    expect(visit.page.locator(".mail")).to_contain_text("The next digest comes in")
    findings = visit.get(f"/api/alerts/{id_}")["findings"]
    assert visit.texts(".inbox-alert li a") == [each["title"] for each in findings]
    assert visit.page.locator(".actions").count() == 0
    visit.page.locator(".inbox-alert li a").first.click()
    expect(visit.page.locator(".inbox-alert h2")).to_have_text(findings[0]["title"])


def test_the_keys_move_open_and_triage(own: Visit) -> None:
    own.open("/alerts?kind=remote_login")
    rows = own.get("/api/alerts?kind=remote_login")["rows"]
    for key in ("j", "j", "k", "j", "Enter"):
        own.page.keyboard.press(key)
    expect(own.page.locator(".inbox-alert h2")).to_have_text(rows[1]["title"])
    own.page.keyboard.press("a")
    expect(own.page.locator("#triage-title")).to_have_text("Acknowledge")
    own.page.keyboard.press("Escape")
    expect(own.page.locator("#triage")).to_be_hidden()
    own.page.keyboard.press("s")
    expect(own.page.locator("#triage-title")).to_have_text("Snooze")
    own.page.keyboard.type("3")
    own.page.fill("#triage [name=note]", "after the audit")
    own.page.fill("#triage [name=by]", "alice")
    own.kept("triage", whole=False)
    own.page.keyboard.press("Enter")
    expect(own.page.locator("#state")).to_contain_text("snoozed until")
    triage = own.get(f"/api/alerts/{rows[1]['id']}")["triage"]
    assert (triage["state"], triage["by"], triage["note"]) == ("snoozed", "alice", "after the audit")
    assert triage["until"] - triage["changed_at"] == 3 * 86_400
    expect(own.page.locator(".said")).to_contain_text("Done: snoozed until")


@pytest.mark.parametrize(("button", "state"), [("Acknowledge", "acknowledged"), ("Resolve", "resolved")])
def test_a_finding_is_triaged_and_reopened_by_mouse(own: Visit, button: str, state: str) -> None:
    id_ = id_of(own, "host_sweep")
    own.open(f"/alerts/{id_}")
    own.page.locator(".actions").get_by_role("button", name=button).click()
    own.page.fill("#triage [name=note]", "<b>ours</b>")
    own.page.locator("#triage").get_by_role("button", name=button).click()
    expect(own.page.locator("#state")).to_contain_text(f"{state} since")
    expect(own.page.locator("#state")).to_contain_text(": <b>ours</b>")
    expect(own.page.locator(f".row[href*='{id_}'] .badge.state-{state}")).to_be_visible()
    own.page.locator(".actions").get_by_role("button", name="Reopen").click()
    own.page.locator("#triage").get_by_role("button", name="Reopen").click()
    expect(own.page.locator("#state")).to_contain_text("open since")
    assert own.get(f"/api/alerts/{id_}")["triage"]["state"] == "open"


def test_a_change_without_the_token_is_refused_and_said(own: Visit) -> None:
    id_ = id_of(own, "denied_by_acl_reply")
    own.open(f"/alerts/{id_}")
    own.refused.add(401)
    own.page.evaluate("localStorage.clear()")
    own.page.keyboard.press("r")
    own.page.locator("#triage").get_by_role("button", name="Resolve").click()
    expect(own.page.locator("#triage .failed")).to_contain_text("the token is missing")
    own.enter()
    assert own.get(f"/api/alerts/{id_}")["triage"]["state"] == "open"


def test_hostile_names_stay_text_and_break_no_layout(new_visit: NewVisit, serve: Serve) -> None:
    with serve(Findings(hostile_findings())) as access:
        visit = new_visit(access).enter()
        for number in range(len(NAMES)):
            for view in ("mail", "chat", "json"):
                visit.open(f"/alerts/{number:024x}?view={view}")
                assert visit.page.locator(".inbox-alert script, .inbox-alert img").count() == 0
                assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert "<script>alert(1)</script>" in visit.texts(".row-title")
        visit.kept("alerts-hostile", whole=False)


def test_without_alerts_the_page_says_what_was_read_and_what_to_do(new_visit: NewVisit, serve: Serve) -> None:
    with serve(Findings([])) as access:
        visit = new_visit(access).enter().open("/alerts")
        assert "nothing was found in sample afternoon" in visit.texts(".state")[0]
        assert "It was read up to 2026-11-19 16:56 UTC" in visit.texts(".state")[0]
        assert "flowsentry replay --console --set" in visit.texts(".state")[0]


def test_without_alerts_of_a_deployment_the_page_says_how_to_send_a_test(new_visit: NewVisit, serve: Serve) -> None:
    with serve(Findings([], "deployed")) as access:
        visit = new_visit(access).enter().open("/alerts")
        assert "nothing was found in the flow logs that were read" in visit.texts(".state")[0]
        assert "flowsentry test-alert" in visit.texts(".state")[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_inbox_is_accessible_in_both_themes(new_visit: NewVisit, access: Access, scheme: str) -> None:
    visit = new_visit(access, color_scheme=scheme).enter()
    for view in ("mail", "chat"):
        visit.open(f"/alerts/{id_of(visit, 'blocked_internal')}?view={view}")
        assert violations(visit) == []
    visit.page.keyboard.press("s")
    assert violations(visit) == []
