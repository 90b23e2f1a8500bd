"""Doctor compares the ways in for the volume that the account has: what it asks, and what it says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.cost.lines import Plan
from local.cost.measured import measured
from local.cost.volume import Volume
from local.cost.ways_in import break_even
from local.doctor.account_state import LoggedVolume
from local.doctor.examination import examined
from local.doctor.verdicts import Verdict
from local.doctor.way_in.check import MIN_SAVED
from local.doctor.way_in.reader import logged_volume
from stacks.prices.meter import BYTES_IN_GB
from tests.local.doctor.accounts import NOW, OTHER_VPC, VPC, deployment, flow_log, judged, only
from tests.local.doctor.accounts import PICTURE as ACCOUNT

CLOUDWATCH = [{"vpc_ids": [VPC], "destination": "cloudwatch"}]
DIRECT: dict[str, Any] = {"sources": [{**CLOUDWATCH[0], "kinesis": False}], "existing_log_groups": []}
LARGE = LoggedVolume(500.0, 200, 1)


def said(volume: LoggedVolume | None, **settings: Any) -> Verdict:
    verdicts = examined(deployment(**settings), ACCOUNT.__class__(**{**vars(ACCOUNT), "logged_volume": volume}))
    (verdict,) = [each for each in verdicts if each.about == "way in"]
    return verdict


@pytest.mark.parametrize("volume", [None, LoggedVolume(None, 1, 1)])
def test_an_unknown_volume_is_said_to_be_unknown(volume: LoggedVolume | None) -> None:
    verdict = said(volume)
    assert (verdict.level.value, "is unknown" in verdict.finding) == ("ok", True)


@pytest.mark.parametrize(("factor", "cheaper"), [(0.9, "CloudWatch Logs"), (1.1, "S3")])
def test_it_names_the_cheaper_way_on_both_sides_of_the_break_even(factor: float, cheaper: str) -> None:
    limit = break_even(Volume(0, 1, 10), measured(), Plan(kinesis=False))
    assert said(LoggedVolume(limit * factor, 1, 10), **DIRECT).finding.startswith(f"{cheaper} is cheaper by ")


def test_the_clearly_dearer_way_of_the_settings_is_a_warning_and_the_cheaper_one_is_none() -> None:
    level, about, finding = only(judged(deployment(sources=CLOUDWATCH), logged_volume=LARGE))
    assert (level, about) == ("warning", "way in")
    assert "for 500.0 GB of 200 network interfaces and 1 flow logs, CloudWatch Logs costs $" in finding
    assert judged(logged_volume=LARGE) == []


def test_a_small_saving_is_no_warning() -> None:
    verdict = said(LoggedVolume(0.5, 2, 1), **DIRECT)
    assert verdict.level.value == "ok"
    assert MIN_SAVED >= 20


def of_stream(interfaces: int, **settings: Any) -> Verdict:
    """What is said of the data stream, with ten records a minute of each interface."""
    volume = LoggedVolume(interfaces / 10, interfaces, 1)
    verdicts = examined(deployment(**settings), replace(ACCOUNT, logged_volume=volume))
    (verdict,) = [each for each in verdicts if each.about == "data stream"]
    return verdict


@pytest.mark.parametrize(("interfaces", "cheaper"), [(5, "no data stream is"), (100, "the data stream is")])
def test_it_says_from_how_many_interfaces_on_the_data_stream_is_cheaper(interfaces: int, cheaper: str) -> None:
    assert of_stream(interfaces).finding.startswith(f"{cheaper} cheaper by $")


def test_many_interfaces_without_the_data_stream_are_a_warning() -> None:
    verdict = of_stream(500, **DIRECT)
    assert (verdict.level.value, verdict.mend) == (
        "warning",
        "Set kinesis to true for the sources and existing log groups.",
    )
    assert of_stream(500).level.value == of_stream(5).level.value == "ok"


def test_without_log_groups_nothing_is_said_of_the_data_stream() -> None:
    volume = LoggedVolume(10, 100, 1)
    verdicts = examined(deployment(existing_log_groups=[]), replace(ACCOUNT, logged_volume=volume))
    assert [each for each in verdicts if each.about == "data stream"] == []


class FakeQuestions:
    """Answers about metrics by destination, one value for each day, oldest last; interfaces as many as given."""

    def __init__(self, interfaces: int = 7, **values: list[float]) -> None:
        self.values, self.interfaces, self.asked = values, interfaces, list[dict[str, Any]]()

    def ask(self, _service: str, _operation: str, **arguments: Any) -> dict[str, Any]:
        self.asked.append(arguments)
        days = self.values.get(arguments["Dimensions"][0]["Value"], [])
        end, (statistic,) = datetime.fromtimestamp(NOW, UTC), arguments["Statistics"]
        return {"Datapoints": [{"Timestamp": end - timedelta(days=n), statistic: each} for n, each in enumerate(days)]}

    def pages(self, _service: str, _operation: str, _key: str, **_: Any) -> list[str]:
        return ["eni"] * self.interfaces


def test_interfaces_of_more_subnets_than_a_filter_takes_are_counted_in_several_calls() -> None:
    subnets = [f"subnet-{number:017x}" for number in range(201)]
    sources = [{"subnet_ids": part, "destination": "s3"} for part in (subnets[:100], subnets[100:])]
    assert asked(FakeQuestions(interfaces=7), sources=sources).interfaces == 14


def asked(questions: FakeQuestions, *flow_logs: Any, **settings: Any) -> LoggedVolume:
    given = deployment(**{"existing_log_groups": [], "existing_buckets": [], **settings})
    return logged_volume(given, flow_logs, questions, NOW)  # type: ignore[arg-type]


def test_bytes_of_a_log_group_are_those_of_a_mean_day_times_thirty() -> None:
    questions = FakeQuestions(logs=[2.0 * BYTES_IN_GB, 4.0 * BYTES_IN_GB])
    assert asked(questions, flow_log("fl-1", destination="logs")) == LoggedVolume(90.0, 7, 1)
    (asking,) = questions.asked
    assert (asking["Namespace"], asking["MetricName"], asking["Period"]) == ("AWS/Logs", "IncomingBytes", 86_400)
    assert (asking["EndTime"] - asking["StartTime"]).days == 14


def test_a_bucket_that_grows_tells_its_volume_by_the_text_of_its_files() -> None:
    form = measured().extended_format
    volume = asked(
        FakeQuestions(logs=[3.0 * BYTES_IN_GB, 2.0 * BYTES_IN_GB, 1.0 * BYTES_IN_GB]),
        flow_log("fl-1", destination="arn:aws:s3:::logs/a"),
    )
    assert volume.gigabytes == pytest.approx(30 * form.text_bytes / form.gzip_bytes)


@pytest.mark.parametrize("sizes", [[], [5.0], [5.0, 5.0], [4.0, 5.0]])
def test_a_bucket_that_does_not_grow_does_not_tell(sizes: list[float]) -> None:
    assert asked(FakeQuestions(logs=sizes), flow_log("fl-1", destination="arn:aws:s3:::logs")).gigabytes is None


def test_without_a_flow_log_nothing_is_known_and_nothing_is_asked() -> None:
    questions = FakeQuestions()
    assert asked(questions).gigabytes is None
    assert questions.asked == []


def test_flow_logs_of_other_resources_and_the_second_of_the_same_do_not_count() -> None:
    questions = FakeQuestions(logs=[1.0 * BYTES_IN_GB], others=[9.0 * BYTES_IN_GB])
    of_vpc = flow_log("fl-1", destination="arn:aws:s3:::archive"), flow_log("fl-2", destination="logs")
    volume = asked(questions, *of_vpc, flow_log("fl-3", OTHER_VPC, "others"))
    assert volume == LoggedVolume(30.0, 7, 1)


def test_a_source_of_all_vpcs_counts_the_flow_logs_of_each() -> None:
    questions = FakeQuestions(logs=[1.0 * BYTES_IN_GB], others=[2.0 * BYTES_IN_GB])
    flow_logs = flow_log("fl-1", destination="logs"), flow_log("fl-2", OTHER_VPC, "others")
    volume = asked(questions, *flow_logs, sources=[{"all_vpcs": True, "destination": "cloudwatch"}])
    assert volume == LoggedVolume(90.0, 7, 2)
