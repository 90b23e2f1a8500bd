"""The dashboards in a browser: laid out as deployed, with the numbers that the API states."""

from typing import Any

import pytest
from playwright.sync_api import expect

from local.console.security import Access
from tests.browser.accessibility import violations
from tests.browser.conftest import NewVisit
from tests.browser.visit import Visit
from tests.sample_company.replay import AFTERNOON

NAMES = ("flowsentry-traffic", "flowsentry-traffic-bill", "flowsentry-threats", "flowsentry-pipeline")
RANGE = f"start={AFTERNOON - 3 * 3_600}&end={AFTERNOON}"


def widget(visit: Visit, name: str, title: str) -> dict[str, Any]:
    """The widget as the API states it."""
    found = visit.get(f"/api/dashboards/{name}?{RANGE}")["widgets"]
    return next(each for each in found if each.get("title") == title)


@pytest.mark.parametrize(("name", "scheme"), [*((name, "light") for name in NAMES), (NAMES[0], "dark")])
def test_a_dashboard_is_drawn_and_accessible(new_visit: NewVisit, access: Access, name: str, scheme: str) -> None:
    visit = new_visit(access, color_scheme=scheme).enter().open(f"/dashboards/{name}?{RANGE}")
    assert len(visit.texts(".grid > .widget")) == len(visit.get(f"/api/dashboards/{name}?{RANGE}")["widgets"])
    visit.kept(f"{name}-{scheme}")
    assert violations(visit) == []


def test_widgets_stand_where_the_body_places_them(visit: Visit) -> None:
    visit.open(f"/dashboards/flowsentry-traffic?{RANGE}")
    left, right = (visit.page.locator(f"[data-title='{title}']").bounding_box() for title in (
        "Accepted and rejected flows", "Packets by VPC",
    ))  # fmt: skip
    assert left
    assert right
    assert (left["y"], left["height"]) == (right["y"], right["height"])
    assert right["x"] > left["x"] + 1.9 * left["width"]


def test_the_numbers_of_a_graph_equal_those_of_get_metric_data(visit: Visit) -> None:
    visit.open(f"/dashboards/flowsentry-traffic?{RANGE}")
    visit.page.get_by_role("button", name="Numbers of Bytes by VPC").click()
    rows = visit.texts("[data-title='Bytes by VPC'] tbody tr")
    lines = widget(visit, "flowsentry-traffic", "Bytes by VPC")["lines"]
    newest = [f"{line['values'][-1]:,.0f}" for line in lines]
    assert rows[0].split("\t")[1:] == newest
    assert len(rows) == len(lines[0]["times"])


def test_a_chart_says_its_last_and_highest_values_to_those_who_cannot_see_it(visit: Visit) -> None:
    visit.open(f"/dashboards/flowsentry-traffic?{RANGE}")
    label = (
        visit.page.locator("[data-title='Accepted and rejected flows'] flow-chart").get_attribute("aria-label") or ""
    )
    accepted, rejected = widget(visit, "flowsentry-traffic", "Accepted and rejected flows")["lines"]
    assert f"accepted: last {accepted['values'][-1]:,.0f}, highest {max(accepted['values']):,.0f}" in label
    assert f"rejected: last {rejected['values'][-1]:,.0f}" in label


def test_the_rows_of_a_table_are_those_of_its_query(visit: Visit) -> None:
    visit.open(f"/dashboards/flowsentry-threats?{RANGE}")
    shown = [row.split("\t") for row in visit.texts("[data-title='Sources of scans'] tbody tr")]
    rows = widget(visit, "flowsentry-threats", "Sources of scans")["rows"]
    assert shown == [[str(value) for value in row] for row in rows]


def test_a_number_is_that_of_the_whole_time_range(visit: Visit) -> None:
    visit.open(f"/dashboards/flowsentry-traffic-bill?{RANGE}")
    shown = visit.texts("[data-title='Cost of traffic in this time range ($)'] dd")
    lines = widget(visit, "flowsentry-traffic-bill", "Cost of traffic in this time range ($)")["lines"]
    assert [float(text.removeprefix("$")) for text in shown] == pytest.approx(
        [line["values"][-1] for line in lines], rel=1e-3
    )


def test_another_dashboard_opens_without_leaving_the_time_range(visit: Visit) -> None:
    visit.open(f"/dashboards?{RANGE}")
    visit.page.get_by_role("link", name="Threats").click()
    expect(visit.page).to_have_url(f"{visit.origin}/dashboards/flowsentry-threats?{RANGE}")
    expect(visit.page.locator("main h2").first).to_have_text("Threats")


def test_a_shorter_time_range_has_fewer_points(visit: Visit) -> None:
    visit.open("/dashboards/flowsentry-traffic?range=1h")
    visit.page.get_by_role("button", name="Numbers of Flows by VPC").click()
    assert len(visit.texts("[data-title='Flows by VPC'] tbody tr")) in {12, 13}


def test_a_time_range_without_data_says_so_in_each_widget(visit: Visit) -> None:
    visit.open("/dashboards/flowsentry-traffic?start=1700000000&end=1700003600")
    assert set(visit.texts(".grid .nothing")) == {"No data in this time range.", "No log lines in this time range."}


def test_an_unknown_dashboard_says_which_there_are(visit: Visit) -> None:
    visit.refused.add(404)
    visit.open("/dashboards/none")
    assert "there is no dashboard none" in visit.texts("main .state-error")[0]


def test_a_replay_says_why_it_has_no_alarms(visit: Visit) -> None:
    visit.page.keyboard.press("g")
    visit.page.keyboard.press("l")
    expect(visit.page.locator("main .state")).to_contain_text("A replay has none")
