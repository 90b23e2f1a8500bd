"""The activity of flow logs: what processors count and store, and what the check reads."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.flow_logs.activity_table import KEPT_SECONDS, ActivityTable
from flowsentry.aws.flow_logs.recorder import RECENT_SECONDS, WRITE_SECONDS, ActivityRecorder, resources_of
from flowsentry.inventory.inventory import Interface, Inventory, TargetState
from flowsentry.records.flow_logs import Activity, FlowLog, LogStream
from tests.moto_world import EVIDENCE_TABLE, items_of, make_evidence_table

NOW = 1_793_676_000
HOUR = 3_600


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Writes:
    """Notes what is written; `fails` refuses all."""

    fails: bool = False
    rows: list[tuple[str, int, int]] = field(default_factory=list)

    def add(self, flow_log_id: str, records: int, skipped: int) -> None:
        if self.fails:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "UpdateItem")
        self.rows.append((flow_log_id, records, skipped))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_records_are_written_at_once_and_later_ones_every_five_minutes(clock: Clock) -> None:
    writes = Writes()
    recorder = ActivityRecorder(writes, clock)
    for _ in range(WRITE_SECONDS + 1):
        recorder.record(["fl-1"], clock.now, 10, 1)
        clock.now += 1
    assert writes.rows == [("fl-1", 10, 1), ("fl-1", 3_000, 300)]


def test_flow_logs_are_written_each_for_itself(clock: Clock) -> None:
    writes = Writes()
    recorder = ActivityRecorder(writes, clock)
    recorder.record(["fl-1", "fl-2"], NOW, 5, 0)
    recorder.record(["fl-3"], NOW, 7, 0)
    assert writes.rows == [("fl-1", 5, 0), ("fl-2", 5, 0), ("fl-3", 7, 0)]


@pytest.mark.parametrize(("age", "is_written"), [(RECENT_SECONDS, True), (RECENT_SECONDS + 1, False)])
def test_old_records_of_a_replay_or_redrive_are_no_sign_of_life(clock: Clock, age: int, is_written: bool) -> None:  # noqa: FBT001
    writes = Writes()
    ActivityRecorder(writes, clock).record(["fl-1"], NOW - age, 5, 0)
    assert bool(writes.rows) is is_written


def test_a_failed_write_is_harmless_and_tried_again_after_five_minutes(clock: Clock) -> None:
    writes = Writes(fails=True)
    recorder = ActivityRecorder(writes, clock)
    recorder.record(["fl-1"], NOW, 5, 0)
    writes.fails = False
    recorder.record(["fl-1"], NOW, 5, 0)
    assert writes.rows == []
    clock.now += WRITE_SECONDS
    recorder.record(["fl-1"], clock.now, 5, 0)
    assert writes.rows == [("fl-1", 10, 0)]


WEB = Interface("eni-1", "vpc-1", "subnet-1", "euc1-az1", ("10.0.0.1",), (), "instance", "i-1", "web")


def inventory(*flow_logs: FlowLog) -> Inventory:
    known = Inventory.of([WEB])
    return Inventory(known.assignments, {"a": TargetState(NOW, 1, flow_logs=flow_logs)})


def flow_log(id_: str, resource_id: str, destination: str = "/flow-logs") -> FlowLog:
    return FlowLog(id_, resource_id, destination, NOW - HOUR)


@pytest.mark.parametrize("resource_id", ["vpc-1", "subnet-1", "eni-1"])
def test_the_flow_log_of_a_log_stream_is_found_by_its_interface(clock: Clock, resource_id: str) -> None:
    recorder, stream = ActivityRecorder(Writes(), clock), LogStream("/flow-logs", "eni-1-all")
    known = inventory(flow_log("fl-1", resource_id), flow_log("fl-2", "vpc-2"), flow_log("fl-3", "vpc-1", "/other"))
    assert recorder.of_stream(stream, known, lambda: resources_of(stream, [], known)) == ("fl-1",)


def test_the_vpc_of_an_unknown_interface_is_that_of_its_records() -> None:
    stream = LogStream("/flow-logs", "eni-9-all")
    assert resources_of(stream, ["vpc-1", None], Inventory()) == {"eni-9", "vpc-1"}


def test_the_flow_logs_of_a_log_stream_are_looked_up_once_in_five_minutes(clock: Clock) -> None:
    recorder, stream, lookups = ActivityRecorder(Writes(), clock), LogStream("/flow-logs", "eni-1-all"), list[float]()

    def resource_ids() -> Iterable[str]:
        lookups.append(clock.now)
        return {"vpc-1"}

    known = inventory(flow_log("fl-1", "vpc-1"))
    for _ in range(2 * WRITE_SECONDS):
        recorder.of_stream(stream, known, resource_ids)  # type: ignore[arg-type]
        clock.now += 1
    assert lookups == [NOW, NOW + WRITE_SECONDS]


def test_of_a_log_group_without_known_flow_logs_nothing_is_looked_up(clock: Clock) -> None:
    stream = LogStream("/flow-logs", "eni-1-all")
    assert ActivityRecorder(Writes(), clock).of_stream(stream, Inventory(), pytest.fail) == ()


@pytest.fixture
def table(clock: Clock) -> ActivityTable:
    make_evidence_table()
    return ActivityTable(EVIDENCE_TABLE, clients.dynamodb(), clock)


def test_the_activity_of_several_processors_adds_up(table: ActivityTable, clock: Clock) -> None:
    table.add("fl-1", 10, 1)
    clock.now += 60
    table.add("fl-1", 20, 0)
    table.add("fl-2", 5, 0)
    assert table.newest(["fl-1", "fl-2", "fl-3"]) == {
        "fl-1": Activity(NOW + 60, 30, 1),
        "fl-2": Activity(NOW + 60, 5, 0),
    }


def test_the_newest_two_hours_with_records_count(table: ActivityTable, clock: Clock) -> None:
    for hours, records in ((0, 1), (1, 10), (5, 100)):
        clock.now = NOW + hours * HOUR
        table.add("fl-1", records, 0)
    assert table.newest(["fl-1"]) == {"fl-1": Activity(NOW + 5 * HOUR, 110, 0)}


def test_an_item_is_kept_for_a_month(table: ActivityTable) -> None:
    table.add("fl-1", 1, 0)
    [item] = items_of(EVIDENCE_TABLE)
    assert item["expires_at"] == {"N": str(NOW + KEPT_SECONDS)}


def test_a_damaged_item_counts_as_no_records(table: ActivityTable) -> None:
    item = {"source": {"S": "flow-log fl-1"}, "day": {"N": "0"}, "seen_at": {"N": "-3.5"}, "records": {"S": "many"}}
    clients.dynamodb().put_item(TableName=EVIDENCE_TABLE, Item=item)  # type: ignore[arg-type]
    assert table.newest(["fl-1"]) == {"fl-1": Activity(0, 0, 0)}
