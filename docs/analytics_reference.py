"""Generates docs/analytics.md from the tables and named queries in stacks/analytics."""
# ruff: noqa: INP001 - a script beside the pages it writes; only docs/generate.py imports it

from collections.abc import Iterator, Mapping
from dataclasses import replace

from docs.markdown import table
from flowsentry.emit.enriched_columns import ENRICHED_COLUMNS
from flowsentry.records.fields import BY_NAME
from stacks.analytics.ddl import create_statement
from stacks.analytics.named_query import ENRICHED_FLOWS, PARAMETERS, Query
from stacks.analytics.queries import QUERIES
from stacks.analytics.rule_usage import RULE_USAGE, RULE_USAGE_QUERIES
from stacks.analytics.source_tables import MAX_TABLES, MEMBERS, source_tables
from stacks.analytics.tables import Table
from stacks.settings.deployment import Deployment

ACCOUNT, REGION, BUCKET = "123456789012", "eu-west-1", "<log bucket>"
ABOUT = """\
Athena reads flow logs from S3, for about $5 for a TB that a query scans. The tables are in the database `flowsentry`,
or in that of the deployment's name, with `_` for `-`; the workgroup has the name itself. Partitions are projected from
the clock, so none need be added or repaired. A query that names days reads the objects of those days only, and one that
names none reads everything.

The workgroup encrypts results, keeps them for seven days, and cancels a query that scans more than
`query_scan_limit_gb` ([settings](settings.md)). Clients can't override that. Athena charges at least 10 MB a query."""
ABOUT_QUERIES = """\
They are saved in the workgroup (*Athena, Query editor, Saved queries*). The console asks for each `?` in the order of
the first lines of the query, text in single quotes. `flowsentry query` answers the same questions from enriched files
on your machine; with it, parameters are options."""
ABOUT_DAYS = """\
`day` is the day of the newest record of an object, in UTC: a record of the last minutes before midnight may be in the
next day. `flowsentry query` looks there too, and counts the records that started in the asked time.

A flow inside a VPC is logged by both interfaces. Sums count it once: by the sender's record or for
pairs of addresses at the end that logged more, so that traffic with a network that is not logged is counted too. A
flow through a NAT gateway is two flows, one on each side of it: as the host's, and as the gateway's. Where interfaces
of a transit gateway or an appliance log what they pass on, a pair behind them counts there too: up to twice its bytes.
Queries of traffic leave out records of transit gateways, which see the same flows again."""
ABOUT_COMMAND = """\
```
aws s3 sync s3://<output bucket>/enriched/day=2026-11-03/ enriched/day=2026-11-03/
flowsentry query --list
flowsentry query who-connected --path enriched/ --address 10.0.0.7 --port 5432 --from 2026-11-03T14:00
flowsentry query top-talkers-by-bytes --path 'enriched/day=2026-11-0*/*/*.parquet' --csv
```

It runs them with [DuckDB](https://duckdb.org), in 1 GB of memory, and reads files, folders and globs. `--json` prints
a JSON object for each row; `--csv` prints CSV, in which text that a spreadsheet would run as a formula begins with `'`.
The name of the bucket is in the parameter `/flowsentry/output-bucket-name`."""
ABOUT_ENRICHED = f"""\
`{ENRICHED_FLOWS}` has the records of all flow logs, whichever way they came. Its partitions are
`day`, `'2026-11-03'`, and `hour`, `'07'`, in UTC, of the newest record in the object. Its columns are every
[field](fields.md), with `_` for `-`, and those below; one that a log format lacks is null. What is of each end has two
columns, with the prefixes `source_` and `destination_`."""
ABOUT_RULE_USAGE = f"""\
`{RULE_USAGE}` has a row for each rule of a security group and entry of a network ACL and day, with what it carried:
[rule usage](rule-usage.md). Its partition is `day`, `'2026-11-03'`."""
ABOUT_SOURCES = f"""\
For each delivery to S3 (sources of the same format, file format, interval and group share one) there is a table with
the fields of its format, in their order, as AWS delivers them: text, of which `-` is null, or Parquet. Its name is
`flow_logs_` and the id in the key prefix, as in the examples below; its description has the prefix. There are at most
{MAX_TABLES} of them, and synth warns if there are more deliveries. Existing buckets and log groups have none: their
records are in `{ENRICHED_FLOWS}`.

In the order of the keys the partitions are folders: with `hive_partitions` the columns `year`, `month` and `day`,
otherwise `day`, `'2026/11/03'`; with `hourly_partitions` also `hour`, `'00'` to `'23'`. Name all of them in a query."""
ABOUT_OTHERS = """\
Flow logs in a bucket that the app does not deliver to need a table of your own. The first statement is for the format
`v5` in text, the second for Parquet with Hive-compatible prefixes by hour: set bucket, prefix, account and Region in
both places, and the fields of the flow log in their order. Run them in the query editor."""
ABOUT_MEMBERS = f"""\
`{MEMBERS}` is there if [member accounts](several-accounts.md) deliver to the log bucket. It reads the
default format of their template in text, and its queries name one account and one Region:
`aws_account_id = '222222222222'` and `aws_region = 'eu-west-1'`."""
ABOUT_PERMISSIONS = """\
Nobody gets permissions from the app. Who queries needs those to run queries in the workgroup, to read the database and
its tables, to read the buckets, and to write results. With `customer_key` add `kms:Decrypt` and `kms:GenerateDataKey`
of the key.

```json
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["athena:StartQueryExecution", "athena:StopQueryExecution", "athena:GetQueryExecution",
        "athena:GetQueryResults", "athena:GetWorkGroup", "athena:ListNamedQueries", "athena:BatchGetNamedQuery"],
      "Resource": "arn:aws:athena:<region>:<account>:workgroup/flowsentry"
    },
    {
      "Effect": "Allow",
      "Action": ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartitions"],
      "Resource": ["arn:aws:glue:<region>:<account>:catalog", "arn:aws:glue:<region>:<account>:database/flowsentry",
        "arn:aws:glue:<region>:<account>:table/flowsentry/*"]
    },
    {
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"],
      "Resource": ["arn:aws:s3:::<output bucket>", "arn:aws:s3:::<output bucket>/enriched/*",
        "arn:aws:s3:::<output bucket>/rule-usage/*", "arn:aws:s3:::<log bucket>", "arn:aws:s3:::<log bucket>/*"]
    },
    {
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
      "Resource": "arn:aws:s3:::<output bucket>/athena-results/*"
    }
  ]
}
```"""
MEANINGS = {
    "direction": "`ingress` or `egress`, of the interface; inferred where the format does not have it",
    "scope": "VPC or transit gateway of the record",
    "owner_kind": "what owns the interface or address: `instance`, `nat gateway`, …",
    "owner_id": "ID of the owner",
    "owner_name": "name of the owner: its tag `Name`, or its own",
    "owner_account_id": "account of the owner",
    "owner_vpc_id": "VPC of the owner",
    "owner_subnet_id": "subnet of the owner",
    "owner_az_id": "Availability Zone ID of the owner",
    "is_inside": "whether the address is inside: in a VPC, or in `inside_networks`",
    "country": "country of an outside address, as ISO 3166-1 code",
    "asn": "number of its autonomous system",
    "network": "name of its autonomous system",
    "service": "service of the destination port, or of the source port of a reply",
    "refused_layer": "what denied a rejected record: `security_group` or `network_acl`",
    "refused_by": "security groups, or the network ACL, that denied it",
    "refused_rule": "number of the entry of the network ACL",
    "flow_log_id": "flow log, for records from S3",
    "charged_path": "meter that AWS charges the bytes on, on one record of each byte",
    "crosses_zones": "whether the bytes are charged as traffic between zones, on one record of each byte",
}
"""Of the columns that enrichment adds. Those of an end have the prefix `source_` or `destination_`."""
NAMED = (*QUERIES, *RULE_USAGE_QUERIES)
EXAMPLES: Mapping[str, Mapping[str, object]] = {
    "plain text by day": {},
    "Hive-compatible prefixes by hour": {"hive_partitions": True, "hourly_partitions": True},
    "Parquet by hour": {"file_format": "parquet", "hourly_partitions": True},
    "Parquet with Hive-compatible prefixes by hour": {
        "file_format": "parquet",
        "hive_partitions": True,
        "hourly_partitions": True,
    },
}


def analytics_page() -> Iterator[str]:
    """The lines of the page, below its title."""
    yield ABOUT
    yield from ("", "## Named queries", "", ABOUT_QUERIES, "")
    yield from table(("query", "question", "parameters"), map(_query_row, NAMED))
    yield from ("", ABOUT_DAYS)
    yield from ("", "## On your machine", "", ABOUT_COMMAND)
    yield from ("", "## Enriched records", "", ABOUT_ENRICHED, "")
    yield from table(("column", "of", "type", "meaning"), _columns())
    yield from ("", "## Rule usage", "", ABOUT_RULE_USAGE)
    yield from ("", "## Delivered records", "", ABOUT_SOURCES, "")
    yield from table(("delivery", "location of a partition"), map(_example, EXAMPLES))
    yield from ("", ABOUT_MEMBERS)
    yield from ("", "## Flow logs in other buckets", "", ABOUT_OTHERS)
    for name in ("plain text by day", "Parquet with Hive-compatible prefixes by hour"):
        yield from ("", "```sql", create_statement(_elsewhere(_example_table(name))), "```")
    yield from ("", "## Permissions", "", ABOUT_PERMISSIONS)
    yield from ("", "## Texts of the queries")
    for query in NAMED:
        yield from ("", f"### {query.name}", "", "```sql", query.for_athena, "```")


def _query_row(query: Query) -> tuple[str, ...]:
    asked = [PARAMETERS[name] for name in query.parameters if not name.endswith("_day")]
    return f"[{query.name}](#{query.name})", query.question, ", ".join(["days", *asked])


def _columns() -> Iterator[tuple[str, ...]]:
    """The columns that are no fields, those of both ends together."""
    added = [name for name in ENRICHED_COLUMNS if name.replace("_", "-") not in BY_NAME]
    of_ends = {name: name.removeprefix("source_").removeprefix("destination_") for name in added}
    shown = {own: (own != name, ENRICHED_COLUMNS[name]) for name, own in of_ends.items()}
    for own, (is_of_end, kind) in shown.items():
        yield f"`{own}`", "each end" if is_of_end else "the record", kind, MEANINGS[own]


def _example(name: str) -> tuple[str, str]:
    return name, f"`{_example_table(name).parameters['storage.location.template']}`"


def _example_table(name: str) -> Table:
    source: dict[str, object] = {"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "s3", **EXAMPLES[name]}
    deployment = Deployment.from_context({"flowsentry": {"sources": [source]}})
    (table,) = source_tables(deployment, BUCKET, ACCOUNT, REGION).values()
    return table


def _elsewhere(table: Table) -> Table:
    """The same table in a bucket of others."""
    folder = table.location.partition("AWSLogs/")[2]
    return replace(table, name="vpc_flow_logs", location=f"s3://amzn-s3-demo-bucket/prefix/AWSLogs/{folder}")
