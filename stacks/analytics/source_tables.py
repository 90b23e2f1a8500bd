"""Tables of flow logs as AWS delivers them to the log bucket, one for each way of delivery.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
"""

from collections.abc import Iterator

from flowsentry.records.fields import BY_NAME, Kind, column_of, names_in_log_format
from flowsentry.records.object_key import FLOW_LOGS
from stacks.analytics.partitions import FIRST_YEAR, LAST_YEAR, Partition, asked, days, numbers
from stacks.analytics.tables import FLOW_LOG_TEXT, PARQUET, Table
from stacks.settings.deployment import Deployment
from stacks.settings.logged.delivery import AWS_PREFIX, S3, Delivery
from stacks.settings.sources import FULL_LOG_FORMAT

MAX_TABLES = 100
"""Tables of deliveries, each up to 5 KB of a template of 1 MB. More: the template has no room for them. Fewer: less can
be queried as AWS delivered it; the enriched records of all are in one table."""
MEMBERS = "member_flow_logs"
TYPES = {"INT_32": "int", "INT_64": "bigint", "STRING": "string"}
"""Athena's types by those of Parquet."""


def source_tables(deployment: Deployment, log_bucket: str, account: str, region: str) -> dict[str, Table]:
    """{id of a delivery to S3: its table}, at most MAX_TABLES; and the table of member accounts, if there are any.

    All flow logs of a delivery are of this account and Region, and its table has no partitions for them.
    """
    in_s3 = [each for each in deployment.handlings if each.destination == S3][:MAX_TABLES]
    kept_days = {each: deployment.days_of(deployment.handlings[each]) for each in in_s3}
    place = (account, region)
    found = {each.id: _table(each, f"s3://{log_bucket}/{each.prefix}", place, kept_days[each]) for each in in_s3}
    if deployment.has_members:
        found["members"] = _members(f"s3://{log_bucket}/", deployment.log_retention_days)
    return found


def deliveries_without_table(deployment: Deployment) -> int:
    """How many deliveries to S3 have no table, because there is no room."""
    return max(0, sum(each.destination == S3 for each in deployment.handlings) - MAX_TABLES)


def columns_of(log_format: str) -> dict[str, str]:
    """{column: type in Athena} of the fields, in their order; an unknown field is text.

    The protocol has 32 bits in Parquet of VPCs and 64 in that of transit gateways, and `bigint` reads both, as in AWS's
    own statements. https://docs.aws.amazon.com/athena/latest/ug/vpc-flow-logs-parquet.html,
    https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
    """
    return {column_of(name): _type_of(name) for name in names_in_log_format(log_format)}


def _type_of(name: str) -> str:
    field = BY_NAME.get(name)
    if field is None:
        return "string"
    return "bigint" if field.kind == Kind.PROTOCOL else TYPES[field.parquet_type]


def _table(delivery: Delivery, address: str, place: tuple[str, str], kept_days: int) -> Table:
    account, region = place
    folder = f"{AWS_PREFIX}{account}/{FLOW_LOGS}/{region}/"
    if delivery.hive_partitions:
        folder = f"{AWS_PREFIX}aws-account-id={account}/aws-service={FLOW_LOGS}/aws-region={region}/"
    form = "Parquet" if delivery.file_format == "parquet" else "text"
    return Table(
        name=f"flow_logs_{delivery.id.replace('-', '_')}",
        description=f"Flow logs as AWS delivers them, in {form}: s3 prefix {delivery.prefix}",
        columns=columns_of(delivery.log_format),
        location=address + folder,
        partitions=tuple(_partitions(delivery, kept_days)),
        storage=PARQUET if delivery.file_format == "parquet" else FLOW_LOG_TEXT,
    )


def _partitions(delivery: Delivery, kept_days: int) -> Iterator[Partition]:
    """The folders below that of the Region: `2026/11/30/`, or `year=2026/month=11/day=30/`, and that of the hour."""
    if delivery.hive_partitions:
        yield numbers("year", "year=${year}", FIRST_YEAR, LAST_YEAR)
        yield numbers("month", "month=${month}", 1, 12)
        yield numbers("day", "day=${day}", 1, 31)
    else:
        yield days("${day}", "yyyy/MM/dd", kept_days=kept_days)
    if delivery.hourly_partitions:
        yield numbers("hour", "hour=${hour}" if delivery.hive_partitions else "${hour}", 0, 23)


def _members(address: str, kept_days: int) -> Table:
    """Flow logs of the template for member accounts with its default format, of every account and Region.

    Which accounts an organization has is not known at synth, so a query names one account and one Region.
    https://docs.aws.amazon.com/athena/latest/ug/partition-projection-dynamic-id-partitioning.html
    """
    account = asked("aws_account_id", f"${{aws_account_id}}/{FLOW_LOGS}")
    region = asked("aws_region", "${aws_region}")
    return Table(
        name=MEMBERS,
        description="Flow logs of member accounts as AWS delivers them, in text of the versions 2 to 5",
        columns=columns_of(FULL_LOG_FORMAT),
        location=address + AWS_PREFIX,
        partitions=(account, region, days("${day}", "yyyy/MM/dd", kept_days=kept_days)),
        storage=FLOW_LOG_TEXT,
    )
