"""The Athena workgroup of a deployment, and its named queries."""

from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.analytics.named_query import Query
from stacks.settings.deployment import Deployment
from stacks.state.stack import RESULT_DAYS

ENGINE = "Athena engine version 3"
"""The engine whose functions the named queries use.
https://docs.aws.amazon.com/athena/latest/ug/engine-versions-reference-0003.html"""
BYTES_A_GB = 10**9


def add_workgroup(
    scope: Construct, *, deployment: Deployment, results: str, key: kms.IKey | None
) -> athena.CfnWorkGroup:
    """Adds the workgroup. Its settings win over those of a client, so that all results are encrypted and expire, and no
    query scans more than the limit.

    https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
    """
    encrypted = athena.CfnWorkGroup.EncryptionConfigurationProperty(
        encryption_option="SSE_KMS" if key else "SSE_S3", kms_key=key.key_arn if key else None
    )
    return athena.CfnWorkGroup(
        scope,
        "Workgroup",
        name=deployment.name,
        description=f"Queries of flow logs; results are kept for {RESULT_DAYS} days",
        recursive_delete_option=True,
        work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
            enforce_work_group_configuration=True,
            engine_version=athena.CfnWorkGroup.EngineVersionProperty(selected_engine_version=ENGINE),
            publish_cloud_watch_metrics_enabled=True,
            bytes_scanned_cutoff_per_query=deployment.query_scan_limit_gb * BYTES_A_GB,
            result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                output_location=results, encryption_configuration=encrypted
            ),
        ),
    )


def add_named_query(
    scope: Construct, query: Query, *, database: glue.CfnDatabase, workgroup: athena.CfnWorkGroup
) -> athena.CfnNamedQuery:
    """Adds a query to the saved queries of the workgroup."""
    return athena.CfnNamedQuery(
        scope,
        f"Query-{query.name}",
        name=query.name,
        description=query.question,
        database=database.ref,
        work_group=workgroup.ref,
        query_string=query.for_athena,
    )
