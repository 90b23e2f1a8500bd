"""The analytics stack: tables of enriched and of delivered records, a workgroup, and named queries."""

from aws_cdk import Annotations
from aws_cdk import aws_glue as glue
from constructs import Construct

from flowsentry.emit.enriched_columns import ENRICHED_COLUMNS
from flowsentry.settings import RULE_USAGE_PREFIX
from stacks.analytics.glue_table import add_table
from stacks.analytics.named_query import ENRICHED_FLOWS, Query
from stacks.analytics.partitions import by_day, by_hour
from stacks.analytics.queries import named_queries
from stacks.analytics.rule_usage import RULE_USAGE, RULE_USAGE_COLUMNS, RULE_USAGE_QUERIES
from stacks.analytics.source_tables import MAX_TABLES, deliveries_without_table, source_tables
from stacks.analytics.tables import Table
from stacks.analytics.workgroup import add_named_query, add_workgroup
from stacks.constructs.parameters import Value
from stacks.constructs.stack import FlowsentryStack
from stacks.settings.deployment import Deployment
from stacks.state.stack import ENRICHED_PREFIX, RESULTS_PREFIX, RULE_USAGE_SPARE_DAYS


class AnalyticsStack(FlowsentryStack):
    """Athena projects the partitions of all tables, so none need be added, and a query that names days reads only the
    objects of those days.

    https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
    """

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(
            scope,
            id_,
            deployment=deployment,
            purpose="analytics",
            description="Flowsentry: tables of flow log records, Athena workgroup and named queries",
        )
        bucket = self.read(Value.OUTPUT_BUCKET)
        database = self._database(deployment.name.replace("-", "_"))  # Athena takes no hyphens unquoted
        self._add_enriched_flows(database, bucket)
        self._add_source_tables(database)
        queries = named_queries(deployment.prices) + self._with_rule_usage(database, bucket)
        workgroup = add_workgroup(
            self, deployment=deployment, results=f"s3://{bucket}/{RESULTS_PREFIX}", key=self.encryption_key
        )
        for query in queries:
            add_named_query(self, query, database=database, workgroup=workgroup)
        self.publish({Value.ATHENA_TABLE: f"{database.ref}.{ENRICHED_FLOWS}", Value.ATHENA_WORKGROUP: workgroup.ref})

    def _database(self, name: str) -> glue.CfnDatabase:
        described = glue.CfnDatabase.DatabaseInputProperty(
            name=name, description="Flow log records enriched by Flowsentry"
        )
        return glue.CfnDatabase(self, "Database", catalog_id=self.account, database_input=described)

    def _add_enriched_flows(self, database: glue.CfnDatabase, bucket: str) -> None:
        description = "Flow log records with the owners of their endpoints and the rules that rejected them"
        partitions = by_hour(self.deployment.enriched_retention_days)
        table = Table(ENRICHED_FLOWS, description, ENRICHED_COLUMNS, f"s3://{bucket}/{ENRICHED_PREFIX}", partitions)
        add_table(self, "EnrichedFlows", database=database, table=table)

    def _with_rule_usage(self, database: glue.CfnDatabase, bucket: str) -> tuple[Query, ...]:
        """The queries of the table of rule usage, which is added unless the function that writes it is off."""
        if not self.deployment.rule_usage_days:
            return ()
        partitions = by_day(self.deployment.rule_usage_days + RULE_USAGE_SPARE_DAYS)
        description = "What each rule of security groups and network ACLs carried, by day"
        table = Table(RULE_USAGE, description, RULE_USAGE_COLUMNS, f"s3://{bucket}/{RULE_USAGE_PREFIX}", partitions)
        add_table(self, "RuleUsage", database=database, table=table)
        return RULE_USAGE_QUERIES

    def _add_source_tables(self, database: glue.CfnDatabase) -> None:
        if not self.deployment.delivers_to_log_bucket:
            return
        tables = source_tables(self.deployment, self.read(Value.LOG_BUCKET), self.account, self.region)
        for id_, table in tables.items():
            add_table(self, f"Source-{id_}", database=database, table=table)
        if number := deliveries_without_table(self.deployment):
            Annotations.of(self).add_warning_v2(
                "flowsentry:source-tables",
                f"{number} of the formats and groups in S3 have no table of delivered records, because there is room "
                f"for {MAX_TABLES}; their enriched records can be queried",
            )
