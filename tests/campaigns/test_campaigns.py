"""Runs each campaign for a few seconds, and checks how a failure is reported. `make break` runs them longer."""

from collections.abc import Iterator

import pytest

from campaigns import __main__ as command
from campaigns.__main__ import CAMPAIGNS, main, table
from campaigns.alone import Ended, run_alone
from campaigns.report import Report
from tests.moto_world import forget_clients

SEED = 1


@pytest.fixture(scope="module", autouse=True)
def own_clients() -> Iterator[None]:
    forget_clients()
    yield
    forget_clients()


def test_nothing_is_lost_under_faults_of_aws_and_kills() -> None:
    report = run_alone("aws_faults", 5, SEED).report
    assert (report.lost, report.inputs > 0, report.faults > 0) == (0, True, True)


def test_nothing_valid_is_lost_among_hostile_messages_and_stored_objects() -> None:
    report = run_alone("hostile_messages", 6, SEED).report
    assert (report.lost, report.failures, report.inputs > 0) == (0, (), True)


def test_queues_are_empty_after_a_heavy_hour_and_memory_is_bounded() -> None:
    report = run_alone("heavy_hour", 2, SEED).report
    assert (report.lost, report.failures) == (0, ())


def test_more_interfaces_take_no_more_calls_and_dollars_by_the_record() -> None:
    report = run_alone("load", 5, SEED).report
    assert (report.lost, report.failures, report.inputs > 0) == (0, (), True)


def test_wrong_clocks_lose_nothing_and_raise_no_finding_about_the_future() -> None:
    report = run_alone("clock_skew", 4, SEED).report
    assert (report.lost, report.failures) == (0, ())


def test_nothing_is_missing_after_a_day_without_a_service() -> None:
    report = run_alone("dead_days", 0, SEED).report
    assert (report.lost, report.failures, report.faults > 0) == (0, (), True)


def test_installed_packages_are_the_pinned_ones() -> None:
    ended = run_alone("dependencies", 5, SEED)
    assert (ended.report.name, ended.report.failures) == ("dependencies", ())


def test_a_campaign_that_ends_without_a_report_fails() -> None:
    ended = run_alone("no_such_campaign", 1, SEED)
    assert ended.report.failures == ("ended without a report, with exit code 1",)


def test_a_loss_exits_with_1_and_prints_the_seed_to_repeat_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Ended(Report("clock_skew", 3, 2, 1, 50.0, ("lost the scan",)), 4.0)
    monkeypatch.setattr(command, "run_alone", lambda *_: lost)
    assert main(["--seed", "7", "clock_skew"]) == 1
    output = capsys.readouterr().out
    assert "clock_skew: lost 1; repeat with --seed 7 clock_skew" in output
    assert "lost the scan" in output


def test_a_run_without_a_loss_exits_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "run_alone", lambda name, *_: Ended(Report(name, 1, 0, 0, 50.0, ()), 1.0))
    assert main([]) == 0


def test_an_unknown_campaign_is_rejected() -> None:
    with pytest.raises(SystemExit):
        main(["everything"])


def test_the_table_has_a_line_for_each_campaign() -> None:
    ended = [Ended(Report(name, 1_234, 5, 0, 99.5, ()), 60) for name in CAMPAIGNS]
    lines = table(ended)
    assert [line.split()[0] for line in lines] == ["campaign", *CAMPAIGNS]
    assert lines[1].split() == ["aws_faults", "1,234", "5", "0", "100", "MB", "60"]
