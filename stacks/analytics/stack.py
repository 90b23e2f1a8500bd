"""The analytics stack: the Athena table of enriched records, and a workgroup for queries."""

from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from constructs import Construct

from flowsentry.emit.enriched_columns import ENRICHED_COLUMNS
from stacks.constructs.parameters import Value
from stacks.constructs.stack import FlowsentryStack
from stacks.settings.deployment import Deployment
from stacks.state.stack import ENRICHED_PREFIX, RESULT_DAYS, RESULTS_PREFIX

TABLE = "enriched_flows"
MAX_SCANNED_GB = 200
"""Data that one query may scan, about 1 USD. Higher: a query without a day costs more before it is canceled. Lower: a
month of a busy network can't be queried at once."""
_HIVE = "org.apache.hadoop.hive.ql.io.parquet"


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
        self._table_arn(database, f"s3://{bucket}/{ENRICHED_PREFIX}", deployment.enriched_retention_days)
        workgroup = self._workgroup(deployment.name, f"s3://{bucket}/{RESULTS_PREFIX}")
        self.publish({Value.ATHENA_TABLE: f"{database.ref}.{TABLE}", Value.ATHENA_WORKGROUP: workgroup.ref})

    def _database(self, name: str) -> glue.CfnDatabase:
        described = glue.CfnDatabase.DatabaseInputProperty(
            name=name, description="Flow log records enriched by Flowsentry"
        )
        return glue.CfnDatabase(self, "Database", catalog_id=self.account, database_input=described)

    def _table_arn(self, database: glue.CfnDatabase, location: str, days: int) -> None:
        columns = [glue.CfnTable.ColumnProperty(name=name, type=kind) for name, kind in ENRICHED_COLUMNS.items()]
        glue.CfnTable(
            self,
            "EnrichedFlows",
            catalog_id=self.account,
            database_name=database.ref,
            table_input=glue.CfnTable.TableInputProperty(
                name=TABLE,
                description="Flow log records with the owners of their endpoints and the rules that rejected them",
                table_type="EXTERNAL_TABLE",
                partition_keys=[glue.CfnTable.ColumnProperty(name="day", type="string")],
                parameters={"classification": "parquet", "EXTERNAL": "TRUE", **_projected_days(location, days)},
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=columns,
                    location=location,
                    input_format=f"{_HIVE}.MapredParquetInputFormat",
                    output_format=f"{_HIVE}.MapredParquetOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(serialization_library=f"{_HIVE}.serde.ParquetHiveSerDe"),
                ),
            ),
        )

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


def _projected_days(location: str, days: int) -> dict[str, str]:
    """Projects the days from the oldest retained one to tomorrow, which has the records of clocks that run ahead."""
    return {
        "projection.enabled": "true",
        "projection.day.type": "date",
        "projection.day.format": "yyyy-MM-dd",
        "projection.day.range": f"NOW-{days + 1}DAYS,NOW+1DAYS",
        "projection.day.interval": "1",
        "projection.day.interval.unit": "DAYS",
        "storage.location.template": f"{location}day=${{day}}",
    }
