"""The alarms in a browser, those in alarm first, on their page and in the alarm widget of a dashboard."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import pytest

from local.console.console_data import Alarm
from local.console.subjects.replayed import Replayed
from tests.browser.accessibility import violations
from tests.browser.conftest import NewVisit, Serve
from tests.sample_company.replay import AFTERNOON, sample_recording

ALARMS = (
    Alarm("alerts-not-sent", "arn:1", "OK", AFTERNOON, "An alert waits"),
    Alarm("dead-letters", "arn:2", "ALARM", AFTERNOON, "Objects that could not be read, <b>look</b>"),
    Alarm("freshness", "arn:3", "INSUFFICIENT_DATA", AFTERNOON, "No record"),
)


class WithAlarms(Replayed):
    """A replay that has alarms, as a deployment has."""

    def alarms(self) -> Sequence[Alarm]:
        return ALARMS

    def dashboards(self) -> Mapping[str, Mapping[str, Any]]:
        bodies = deepcopy(dict(super().dashboards()))
        for widget in bodies["flowsentry-pipeline"]["widgets"]:
            if widget["type"] == "alarm":
                widget["properties"]["alarms"] = [each.arn for each in ALARMS]
        return bodies


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_alarms_are_listed_with_what_they_mean_and_can_be_filtered(
    serve: Serve, new_visit: NewVisit, scheme: str
) -> None:
    with serve(WithAlarms(sample_recording(), "alarms")) as access:
        visit = new_visit(access, color_scheme=scheme).enter().open("/alarms")
        assert visit.texts("tbody td:nth-child(2)") == ["dead-letters", "freshness", "alerts-not-sent"]
        assert visit.texts("tbody td:nth-child(3)")[0] == "Objects that could not be read, <b>look</b>"
        assert violations(visit) == []
        before = visit.again()
        visit.page.select_option("#state", "OK")
        visit.drawn_after(before)
        assert visit.texts("tbody td:nth-child(2)") == ["alerts-not-sent"]
        assert visit.page.url.endswith("?state=OK")


def test_the_alarm_widget_of_a_dashboard_shows_the_alarms_that_its_body_names(
    serve: Serve, new_visit: NewVisit
) -> None:
    with serve(WithAlarms(sample_recording(), "alarms")) as access:
        visit = new_visit(access).enter().open("/dashboards/flowsentry-pipeline")
        assert [text.split() for text in visit.texts("[data-title='Alarms'] li")] == [
            ["in", "alarm", "dead-letters"],
            ["no", "data", "freshness"],
            ["OK", "alerts-not-sent"],
        ]
