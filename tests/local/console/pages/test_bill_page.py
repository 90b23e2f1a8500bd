"""The bill's JSON: the numbers are those that `flowsentry bill` prints of the same flow logs."""

from pathlib import Path

import pytest

from local.console.pages.bill import bill
from local.console.query import Query, QueryError
from local.console.subjects.replayed import Replayed
from tests.local.conftest import Flowsentry
from tests.local.console.conftest import Replay
from tests.local.console.pages.sample_files import DAY, INVENTORY, asked
from tests.sample_company.replay import AFTERNOON


def test_every_number_is_the_one_that_the_command_prints(flowsentry: Flowsentry, logs: Path, data: Replayed) -> None:
    done = flowsentry("bill", logs, "--inventory", INVENTORY, "--json")
    *rows, total = done.records
    page = asked(bill, data)
    assert page["rows"] == rows
    shared = ("logged_bytes", "days", "dollars_a_day", "dollars_a_month")
    assert {name: page[name] for name in shared} == {name: total[name] for name in shared}
    assert page["unknown_bytes"] == total["bytes"]
    assert page["notes"]
    assert set(page["notes"]) <= set(total["notes"])
    assert sum(row["bytes"] for row in rows) == sum(path["bytes"] for path in page["paths"])
    assert len(rows) > 20


def test_rows_beyond_the_limit_are_one_sum(data: Replayed) -> None:
    whole, cut = asked(bill, data), asked(bill, data, limit=5)
    rest = whole["rows"][5:]
    assert cut["rows"] == whole["rows"][:5]
    assert (cut["others"]["rows"], cut["others"]["bytes"]) == (len(rest), sum(row["bytes"] for row in rest))
    assert cut["paths"] == whole["paths"]


def test_only_what_began_in_the_time_range_is_billed(data: Replayed) -> None:
    first = asked(bill, data, start=AFTERNOON - DAY, end=AFTERNOON - 5_400)
    second = asked(bill, data, start=AFTERNOON - 5_400, end=AFTERNOON)
    assert first["logged_bytes"] + second["logged_bytes"] == asked(bill, data)["logged_bytes"]
    assert 0 < first["records"] < asked(bill, data)["records"]


def test_without_records_the_bill_is_empty(replayed: Replay, data: Replayed) -> None:
    assert asked(bill, data, start=AFTERNOON + 2 * DAY, end=AFTERNOON + 3 * DAY)["rows"] == []
    page = asked(bill, replayed(b"no flow log\n"))
    assert (page["rows"], page["paths"], page["logged_bytes"], page["records"]) == ([], [], 0, 0)


def test_half_a_time_range_is_refused(data: Replayed) -> None:
    with pytest.raises(QueryError, match="end must be a whole number"):
        bill(data, Query(parameters={"start": "1795100000"}))
