"""Tables and named queries of a deployed app: they are there, and they read what was delivered and enriched."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from local.query.trino_functions import STATEMENTS
from tests.builders import flow_log
from tests.end_to_end.deployed_app import DeployedApp, gz
from tests.stacks.analytics.glue_tables import GlueTable

SOURCE = "198.51.100.88"
DATABASE = WORKGROUP = "flowsentry"


def deliver(app: DeployedApp, folder: Path) -> str:
    """Writes an object as the flow log of the deployment does, and a copy of all objects into the folder; returns what
    its key begins with.
    """
    described = app.aws.client("ec2").describe_flow_logs()["FlowLogs"]
    [flow_log_in_s3] = [each for each in described if app.log_bucket in each.get("LogDestination", "")]
    prefix = str(flow_log_in_s3["LogDestination"]).partition("/")[2]
    names = tuple(token[2:-1] for token in flow_log_in_s3["LogFormat"].split())
    day = datetime.fromtimestamp(app.at, UTC)
    place = f"{prefix}AWSLogs/{app.aws.account}/vpcflowlogs/{app.aws.region}/{day:%Y/%m/%d}"
    rejected = app.scan(app.in_bucket, SOURCE, range(2001, 2004), names)
    app.put("analytics.log.gz", gz(flow_log(rejected, names)), folder=place)
    for bucket, beginning in ((app.log_bucket, place), (app.output_bucket, "enriched/")):
        for key, content in app.objects(bucket, beginning).items():
            path = folder / bucket / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return prefix


def named_query(app: DeployedApp, name: str) -> str:
    athena = app.aws.client("athena")
    ids = athena.list_named_queries(WorkGroup=WORKGROUP)["NamedQueryIds"]
    saved = [athena.get_named_query(NamedQueryId=each)["NamedQuery"] for each in ids]
    [text] = {each["QueryString"] for each in saved if each["Name"] == name}
    return str(text)


def test_delivered_and_enriched_records_are_in_their_tables_and_a_named_query_finds_them(
    app: DeployedApp, tmp_path: Path
) -> None:
    prefix = deliver(app, tmp_path)
    described = app.aws.client("glue").get_tables(DatabaseName=DATABASE)["TableList"]
    tables = {each["Name"]: GlueTable({"TableInput": each}, tmp_path, datetime.now(UTC)) for each in described}
    [delivered] = [each for each in tables.values() if f"/{prefix}AWSLogs/" in each.storage["Location"]]
    with duckdb.connect() as connection:
        for statement in STATEMENTS:
            connection.execute(statement)
        delivered.create(connection, "delivered")
        tables["enriched_flows"].create(connection, "enriched_flows")
        asked = "SELECT count(*), sum(packets), max(action) FROM delivered WHERE srcaddr = ?"
        assert connection.execute(asked, [SOURCE]).fetchall() == [(3, 9, "REJECT")]
        answer = connection.execute(named_query(app, "rejects-by-source"), ["2020-01-01", "2100-01-01"])
        columns = [name for name, *_ in answer.description or ()]
        rows: list[dict[str, Any]] = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
    [found] = [row for row in rows if row["source"] == SOURCE]
    assert (found["rejects"], found["packets"], found["destinations"], found["ports"]) == (3, 9, 1, 3)
