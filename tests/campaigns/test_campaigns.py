"""Each campaign for a few seconds, and what becomes of one that fails: `make break` runs them for longer."""

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


def test_nothing_good_is_lost_beside_hostile_messages_and_stored_objects() -> None:
    report = run_alone("hostile_messages", 6, SEED).report
    assert (report.lost, report.failures, report.inputs > 0) == (0, (), True)


def test_queues_are_empty_after_a_heavy_hour_and_memory_is_bounded() -> None:
    report = run_alone("heavy_hour", 2, SEED).report
    assert (report.lost, report.failures) == (0, ())


def test_nothing_is_lost_by_wrong_clocks_and_nothing_is_told_of_the_future() -> None:
    report = run_alone("clock_skew", 4, SEED).report
    assert (report.lost, report.failures) == (0, ())


def test_all_is_there_after_a_day_without_a_service() -> None:
    report = run_alone("dead_days", 0, SEED).report
    assert (report.lost, report.failures, report.faults > 0) == (0, (), True)


def test_what_is_installed_is_what_is_pinned() -> None:
    ended = run_alone("dependencies", 5, SEED)
    assert (ended.report.name, ended.report.failures) == ("dependencies", ())


def test_a_campaign_that_ends_without_a_report_has_failed() -> None:
    ended = run_alone("no_such_campaign", 1, SEED)
    assert ended.report.failures == ("ended without a report, with exit code 1",)


def test_a_loss_ends_the_run_with_1_and_says_with_which_seed_it_comes_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Ended(Report("clock_skew", 3, 2, 1, 50.0, ("lost the scan",)), 4.0)
    monkeypatch.setattr(command, "run_alone", lambda *_: lost)
    assert main(["--seed", "7", "clock_skew"]) == 1
    told = capsys.readouterr().out
    assert "clock_skew: lost 1; again with --seed 7 clock_skew" in told
    assert "lost the scan" in told


def test_a_run_without_a_loss_ends_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "run_alone", lambda name, *_: Ended(Report(name, 1, 0, 0, 50.0, ()), 1.0))
    assert main([]) == 0


def test_a_name_that_is_no_campaign_is_refused() -> None:
    with pytest.raises(SystemExit):
        main(["everything"])


def test_the_table_has_a_line_for_each_campaign() -> None:
    ended = [Ended(Report(name, 1_234, 5, 0, 99.5, ()), 60) for name in CAMPAIGNS]
    lines = table(ended)
    assert [line.split()[0] for line in lines] == ["campaign", *CAMPAIGNS]
    assert lines[1].split() == ["aws_faults", "1,234", "5", "0", "100", "MB", "60"]
