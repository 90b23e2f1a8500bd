"""The analytics stack: the Athena table of enriched records, and a workgroup for queries."""

from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from constructs import Construct

from flowsentry.emit.enriched_columns import ENRICHED_COLUMNS
from stacks.analytics.partitions import by_day
from stacks.analytics.tables import Table, add_table
from stacks.constructs.parameters import Value
from stacks.constructs.stack import FlowsentryStack
from stacks.settings.deployment import Deployment
from stacks.state.stack import ENRICHED_PREFIX, RESULT_DAYS, RESULTS_PREFIX

TABLE = "enriched_flows"
MAX_SCANNED_GB = 200
"""Data that one query may scan, about 1 USD. Higher: a query without a day costs more before it is canceled. Lower: a
month of a busy network can't be queried at once."""


class AnalyticsStack(FlowsentryStack):
    """A table with one partition a day.

    Athena projects the partitions, so none need be added, and a query with a `day` reads only the objects of that day.

    https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
    """

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(
            scope,
            id_,
            deployment=deployment,
            purpose="analytics",
            description="Flowsentry: table of enriched records and Athena workgroup",
        )
        bucket = self.read(Value.OUTPUT_BUCKET)
        database = self._database(deployment.name.replace("-", "_"))  # Athena takes no hyphens unquoted
        self._add_enriched_flows(database, bucket)
        workgroup = self._workgroup(deployment.name, f"s3://{bucket}/{RESULTS_PREFIX}")
        self.publish({Value.ATHENA_TABLE: f"{database.ref}.{TABLE}", Value.ATHENA_WORKGROUP: workgroup.ref})

    def _database(self, name: str) -> glue.CfnDatabase:
        described = glue.CfnDatabase.DatabaseInputProperty(
            name=name, description="Flow log records enriched by Flowsentry"
        )
        return glue.CfnDatabase(self, "Database", catalog_id=self.account, database_input=described)

    def _add_enriched_flows(self, database: glue.CfnDatabase, bucket: str) -> None:
        description = "Flow log records with the owners of their endpoints and the rules that rejected them"
        partitions = by_day(self.deployment.enriched_retention_days)
        table = Table(TABLE, description, ENRICHED_COLUMNS, f"s3://{bucket}/{ENRICHED_PREFIX}", partitions)
        add_table(self, "EnrichedFlows", database=database, table=table)

    def _workgroup(self, name: str, results: str) -> athena.CfnWorkGroup:
        key = self.encryption_key
        encrypted = athena.CfnWorkGroup.EncryptionConfigurationProperty(
            encryption_option="SSE_KMS" if key else "SSE_S3", kms_key=key.key_arn if key else None
        )
        return athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=name,
            description=f"Queries of flow logs; results are kept for {RESULT_DAYS} days",
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=MAX_SCANNED_GB * 10**9,
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=results, encryption_configuration=encrypted
                ),
            ),
        )
