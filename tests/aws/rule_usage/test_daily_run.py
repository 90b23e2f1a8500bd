"""The rule usage of ended days: one object a day, the same however often and in how many runs it is made."""

import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flowsentry.aws import clients
from flowsentry.aws.rule_usage import enriched_day
from flowsentry.aws.rule_usage.daily_run import LEAST_SECONDS, SETTLING_SECONDS, DailyRun
from flowsentry.aws.time_budget import TimeBudget
from flowsentry.emit.enriched_object import EnrichedFile, EnrichedSink, enriched_key
from flowsentry.errors import RetryableError
from flowsentry.frames import ExplainedFlows
from flowsentry.inventory.snapshot import pack
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from flowsentry.settings import RuleUsageSettings
from flowsentry.telemetry import metrics
from tests.builders import DAY, NOON, V2, V5, enriched, exchange, gateway_line, probe
from tests.moto_world import INVENTORY_KEY, OUTPUT_BUCKET, keys_in, make_bucket, object_in
from tests.rule_usage.network import entry, inventory, rule, sums, usage

HOME = inventory(
    rule("web", cidr="0.0.0.0/0"), rule("ssh", ports=(22, 22)), entries=(entry(100), entry(100, is_egress=True))
)
SERVER = "10.0.0.2"
REPORT = "rule-usage/day=2026-01-01/rules.parquet"
UNFINISHED = "rule-usage-unfinished/day=2026-01-01.zip"
SETTLED = (DAY + 1) * 86_400 + SETTLING_SECONDS
LINES = [exchange(f"192.0.2.{host}", SERVER, port) for host in range(1, 7) for port in (443, 22)]


@pytest.fixture(autouse=True)
def output(aws: None) -> None:  # noqa: ARG001 - moto, before its bucket
    make_bucket(OUTPUT_BUCKET)
    clients.s3().put_bucket_versioning(Bucket=OUTPUT_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=INVENTORY_KEY, Body=pack(HOME))
    metrics().clear_metrics()


def store(folder: Path, lines: list[str], source: str, names: tuple[str, ...] = V5, at: int = NOON) -> None:
    """Writes an enriched object as the processors do."""
    body = written(folder / "enriched.parquet", lines, names)
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=enriched_key(source, at), Body=body)


def written(path: Path, lines: list[str], names: tuple[str, ...]) -> bytes:
    with EnrichedSink(EnrichedFile(path)) as sink:
        sink.write(ExplainedFlows(enriched(lines, names, HOME)))
    return path.read_bytes()


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Enriched objects with LINES, one each."""
    path = tmp_path_factory.mktemp("enriched") / "enriched.parquet"
    return [written(path, lines, V5) for lines in LINES]


@pytest.fixture
def stored(bodies: list[bytes]) -> None:
    for number, body in enumerate(bodies):
        clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=enriched_key(f"source {number}", NOON), Body=body)


class Seconds:
    """A time budget whose seconds are used up by asking for them: each question costs `each`."""

    def __init__(self, total: float, each: float = 0) -> None:
        self.left, self.each = total, each

    def __call__(self) -> float:
        self.left -= self.each
        return self.left


def run(now: float = SETTLED, seconds: Seconds | None = None) -> list[str]:
    left = seconds or Seconds(900)
    return DailyRun(RuleUsageSettings(output_bucket=OUTPUT_BUCKET), clients.s3(), now, TimeBudget(900, left)).run()


def report() -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(object_in(OUTPUT_BUCKET, REPORT)))


def behind() -> list[Any]:
    values = list(metrics().metric_set.get("RuleUsageDaysBehind", {}).get("Value", []))
    metrics().clear_metrics()
    return values


def expected() -> pl.DataFrame:
    """What the same records give without S3."""
    reported = usage([line for lines in LINES for line in lines], HOME).reported()
    return reported.drop("in_force_from", "in_force_until")


@pytest.mark.usefixtures("stored")
def test_a_day_that_has_ended_and_settled_is_written_once() -> None:
    assert run(SETTLED - 1) == []
    assert run(SETTLED) == ["2026-01-01"]
    assert report().drop("in_force_from", "in_force_until").equals(expected())
    assert behind() == [0, 0]
    before = object_in(OUTPUT_BUCKET, REPORT)
    assert run(SETTLED + 3_600) == []
    assert object_in(OUTPUT_BUCKET, REPORT) == before


@pytest.mark.usefixtures("stored")
def test_a_run_that_runs_out_of_time_is_continued_and_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enriched_day, "MAX_OBJECTS", 1)
    runs = 0
    while REPORT not in keys_in(OUTPUT_BUCKET):
        run(seconds=Seconds(LEAST_SECONDS + 3.5, each=1))
        runs += 1
        assert (REPORT in keys_in(OUTPUT_BUCKET)) or UNFINISHED in keys_in(OUTPUT_BUCKET)
    assert 3 < runs < len(LINES)
    assert behind() == [1] * (runs - 1) + [0]
    assert report().drop("in_force_from", "in_force_until").equals(expected())


@pytest.mark.usefixtures("stored")
def test_without_time_nothing_is_begun_and_the_day_is_behind() -> None:
    assert run(seconds=Seconds(LEAST_SECONDS)) == []
    assert behind() == [1]


@pytest.mark.usefixtures("stored")
def test_a_day_without_records_is_not_written() -> None:
    assert run(SETTLED + 3 * 86_400) == []
    assert [key for key in keys_in(OUTPUT_BUCKET) if key.startswith("rule-usage")] == []
    assert behind() == [0]


@pytest.mark.usefixtures("stored")
def test_without_an_inventory_a_day_is_behind() -> None:
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=INVENTORY_KEY, Body=b"no snapshot")
    for each in clients.s3().list_object_versions(Bucket=OUTPUT_BUCKET, Prefix=INVENTORY_KEY)["Versions"]:
        if each["VersionId"] and not each["IsLatest"]:
            clients.s3().delete_object(Bucket=OUTPUT_BUCKET, Key=INVENTORY_KEY, VersionId=each["VersionId"])
    assert run() == []
    assert behind() == [1]


def test_formats_and_large_objects_are_mixed_in_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enriched_day, "ROWS_AT_ONCE", 3)
    store(tmp_path, [line for lines in LINES for line in lines], "large")
    store(tmp_path, exchange("192.0.2.99", SERVER, 443, V2), "default format", V2)
    assert run() == ["2026-01-01"]
    web = report().filter(pl.col("rule_id") == "web").row(0, named=True)
    assert (web["records"], web["peers"]) == (14, 7)


def test_records_of_transit_gateways_are_left_out(tmp_path: Path) -> None:
    store(tmp_path, [gateway_line()], "gateway", TRANSIT_GATEWAY_NAMES)
    assert run() == ["2026-01-01"]
    assert report()["records"].sum() == 0


@pytest.mark.usefixtures("stored")
def test_an_unreadable_unfinished_state_is_begun_anew() -> None:
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=UNFINISHED, Body=b"half a file")
    assert run() == ["2026-01-01"]
    assert report()["records"].sum() == expected()["records"].sum()


@pytest.mark.usefixtures("stored")
def test_an_error_of_s3_is_raised_and_the_day_stays_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_values: object) -> None:
        raise RetryableError("could not read")

    monkeypatch.setattr(enriched_day.EnrichedDay, "_body", refuse)
    with pytest.raises(RetryableError):
        run()
    assert behind() == [1]
    monkeypatch.undo()


def test_probes_that_were_rejected_are_in_no_rule_of_a_group(tmp_path: Path) -> None:
    store(tmp_path, [probe("192.0.2.9", SERVER, 22, action="REJECT")], "probe")
    run()
    assert report().filter(pl.col("layer") == "security_group")["records"].sum() == 0
    assert sums(usage([], HOME), "records") == {}
