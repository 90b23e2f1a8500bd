"""The deployed function writes the rule usage of an earlier day, with no more permissions than it has."""

import io
import time
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from flowsentry.emit.enriched_object import EnrichedFile, EnrichedSink, enriched_key
from flowsentry.frames import ExplainedFlows
from flowsentry.inventory.snapshot import unpack
from flowsentry.settings import INVENTORY_KEY, RULE_USAGE_PREFIX
from tests.builders import enriched, exchange
from tests.end_to_end.deployed_app import DeployedApp

EARLIER = int(time.time()) - 2 * 86_400


def test_an_earlier_day_is_written_with_the_rules_that_were_discovered(app: DeployedApp, tmp_path: Path) -> None:
    known = unpack(app.output(INVENTORY_KEY)[INVENTORY_KEY])
    host = next(each for each in app.in_logs.hosts if each.security_groups)
    path, at_host = tmp_path / "enriched.parquet", {"interface_id": host.interface_id, "vpc_id": host.vpc_id}
    lines = exchange("192.0.2.7", host.address, 443, **at_host)
    with EnrichedSink(EnrichedFile(path)) as sink:
        sink.write(ExplainedFlows(enriched(lines, inventory=known)))
    key = enriched_key("an earlier source", EARLIER)
    app.aws.client("s3").put_object(Bucket=app.output_bucket, Key=key, Body=path.read_bytes())
    app.fire_schedules("RuleUsage")
    app.aws.client("s3").delete_object(Bucket=app.output_bucket, Key=key)
    day = f"{RULE_USAGE_PREFIX}day={datetime.fromtimestamp(EARLIER, UTC):%Y-%m-%d}/"
    (body,) = app.output(day).values()
    written = pl.read_parquet(io.BytesIO(body))
    inbound = {
        f"inbound {each.group_id}"
        for each in known.rules.groups
        if each.group_id in host.security_groups and each.rules_for(is_egress=False)
    }
    assert inbound
    assert inbound <= set(
        written.filter(pl.col("layer") == "security_group")
        .select(pl.concat_str("direction", "resource_id", separator=" "))
        .to_series()
    )
    assert written["records"].sum() > 0
