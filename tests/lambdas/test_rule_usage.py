"""The function that writes rule usage: its schedule, and what it reports."""

import time
from pathlib import Path

import pytest

from flowsentry.aws import clients
from flowsentry.aws.rule_usage import daily_run
from flowsentry.emit.enriched_object import EnrichedFile, EnrichedSink, enriched_key
from flowsentry.frames import ExplainedFlows
from flowsentry.inventory.snapshot import pack
from tests.builders import enriched, exchange
from tests.lambdas.conftest import Invocation, LoadHandler, metrics_in
from tests.moto_world import INVENTORY_KEY, OUTPUT_BUCKET, keys_in
from tests.rule_usage.network import inventory, rule

HOME = inventory(rule("web", cidr="0.0.0.0/0"))
EARLIER = int(time.time()) - 2 * 86_400


def test_the_schedule_writes_days_that_have_ended_and_reports_how_many_are_behind(
    load_handler: LoadHandler,
    invocation: Invocation,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "enriched.parquet"
    with EnrichedSink(EnrichedFile(path)) as sink:
        sink.write(ExplainedFlows(enriched(exchange("192.0.2.7", "10.0.0.2", 443), inventory=HOME)))
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=enriched_key("source", EARLIER), Body=path.read_bytes())
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=INVENTORY_KEY, Body=pack(HOME))
    monkeypatch.setenv("OUTPUT_BUCKET", OUTPUT_BUCKET)
    handler = load_handler("rule_usage")
    assert handler.lambda_handler({"source": "aws.events"}, invocation) == {"days": []}
    monkeypatch.setattr(daily_run, "LEAST_SECONDS", 0)
    (day,) = handler.lambda_handler({"source": "aws.events"}, invocation)["days"]
    assert f"rule-usage/day={day}/rules.parquet" in keys_in(OUTPUT_BUCKET)
    assert [each["RuleUsageDaysBehind"] for each in metrics_in(capsys.readouterr().out)] == [[1.0], [0.0]]
