"""Which rules were in force when: by the versions of the inventory snapshot, a quarter of a day at a time."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from flowsentry.aws.rule_usage.rule_history import QUARTER_SECONDS, Period, RuleHistory
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.snapshot import pack
from tests.rule_usage.network import SERVER, inventory, rule

START, KEY = 1_767_225_600, "inventory/snapshot.zip"
HOUR = 3_600
BEFORE, AFTER = inventory(rule("web")), inventory(rule("web", ports=(444, 444)))


@dataclass
class Versions:
    """An S3 client that has these versions of the snapshot: seconds after START, and what was written."""

    written: dict[int, bytes]

    def get_paginator(self, _name: str) -> "Versions":
        return self

    def paginate(self, **_asked: Any) -> Iterator[dict[str, Any]]:
        yield {}
        for at in sorted(self.written, reverse=True):
            moment = datetime.fromtimestamp(START + at, UTC)
            other = {"Key": f"{KEY}.old", "VersionId": "other", "LastModified": moment}
            yield {"Versions": [other, {"Key": KEY, "VersionId": str(at), "LastModified": moment}]}

    def get_object(self, *, VersionId: str, **_asked: Any) -> dict[str, Any]:  # noqa: N803 - as boto3 calls it
        return {"Body": io.BytesIO(self.written[int(VersionId)])}


def periods(**written: Inventory | bytes) -> list[Period]:
    """The periods by versions such as `h_5=…`, five hours after the begin of the day; `b_5` before it."""
    contents = {
        int(name[2:]) * HOUR * (-1 if name.startswith("b") else 1): each if isinstance(each, bytes) else pack(each)
        for name, each in written.items()
    }
    return RuleHistory("output", KEY, Versions(contents)).periods(START)  # type: ignore[arg-type]


def ports(found: list[Period]) -> list[tuple[int, int, int | None]]:
    """The quarters from and to, and the port of the rule `web` in them."""
    rules = (
        (each, next(one for one in each.inventory.rules.groups if one.name == "server").rules[0]) for each in found
    )
    return [
        ((each.starts_at - START) // QUARTER_SECONDS, (each.ends_at - START) // QUARTER_SECONDS, one.first_port)
        for each, one in rules
    ]


def test_rules_that_did_not_change_are_one_period() -> None:
    assert ports(periods(b_1=BEFORE, h_3=BEFORE, h_9=BEFORE, h_20=BEFORE)) == [(0, 4, 443)]


def test_a_change_counts_from_the_quarter_in_which_it_was_discovered() -> None:
    assert ports(periods(b_1=BEFORE, h_11=AFTER)) == [(0, 1, 443), (1, 4, 444)]
    assert ports(periods(b_1=BEFORE, h_12=AFTER)) == [(0, 2, 443), (2, 4, 444)]


def test_versions_of_later_days_do_not_count_unless_there_is_no_earlier_one() -> None:
    assert ports(periods(b_1=BEFORE, h_24=AFTER)) == [(0, 4, 443)]
    assert ports(periods(h_25=AFTER)) == [(0, 4, 444)]


def test_a_later_discovery_of_the_same_rules_is_no_change() -> None:
    later = replace(BEFORE, rules_by_target={"": replace(BEFORE.rules, taken_at=99)})
    assert ports(periods(b_1=BEFORE, h_9=later)) == [(0, 4, 443)]


def test_an_interface_with_another_group_is_a_change_and_a_new_interface_is_none() -> None:
    moved = replace(SERVER, security_groups=("sg-client",))
    elsewhere = Inventory.of((moved,), rules=BEFORE.rules)
    assert len(periods(b_1=BEFORE, h_9=elsewhere)) == 2
    grown = inventory(rule("web"), others=(replace(SERVER, interface_id="eni-9", addresses=("10.0.0.9",)),))
    assert len(periods(b_1=BEFORE, h_9=grown)) == 1
    assert periods(b_1=BEFORE, h_9=grown)[0].inventory.assignments.equals(grown.assignments)


@pytest.mark.parametrize("bad", [b"", b"no snapshot", pack(Inventory())])
def test_versions_that_cannot_be_read_are_left_out(bad: bytes) -> None:
    assert periods(b_1=bad) == []
    assert ports(periods(b_1=bad, h_9=AFTER)) == [(1, 4, 444)]
    assert periods() == []
