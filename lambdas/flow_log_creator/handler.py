"""Keeps a flow log for every VPC of the Region: on a schedule, and when CloudFormation creates, changes or deletes the
setting, which it waits for.
"""

from functools import lru_cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.flow_logs.custom_resource import answered, is_request
from flowsentry.aws.flow_logs.every_vpc import EveryVpc
from flowsentry.settings import FlowLogCreatorSettings, settings
from flowsentry.telemetry import Event, instrumented, logger


@lru_cache(maxsize=1)
def every_vpc(account_id: str) -> EveryVpc:
    return EveryVpc(settings(FlowLogCreatorSettings), clients.ec2(), account_id)


def reconcile(account_id: str) -> dict[str, int]:
    changes = every_vpc(account_id).reconcile()
    if changes.created or changes.deleted:
        logger().info("flow logs changed", flow_logs_created=changes.created, flow_logs_deleted=changes.deleted)
    return {"created": changes.created, "deleted": changes.deleted}


def remove(account_id: str, on_removal: str) -> None:
    if on_removal == "delete":
        changes = every_vpc(account_id).remove_all()
        logger().info("flow logs removed", flow_logs_deleted=changes.deleted)


@instrumented
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, int]:
    account_id = context.invoked_function_arn.split(":")[4]
    if not is_request(event):
        return reconcile(account_id)
    if event["RequestType"] == "Delete":
        answered(event, lambda: remove(account_id, event["ResourceProperties"]["OnRemoval"]))
    else:
        answered(event, lambda: reconcile(account_id))
    return {}
