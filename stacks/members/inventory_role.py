"""The role of a member account that the inventory function assumes."""

from typing import Any

from aws_cdk import CfnCondition, CfnOutput, Fn, Stack
from aws_cdk import aws_iam as iam

from stacks.constructs.nag_suppressions import acknowledge
from stacks.members.parameters import Parameters
from stacks.ownership.describe_actions import DESCRIBE_ACTIONS, VPC_LINKS

INVENTORY = "inventory"
"""The service of the inventory function, and the end of the role's name."""

ALL_RESOURCES = "The inventory covers all resources; most describe actions support no resource-level permissions."


def add_inventory_role(stack: Stack, parameters: Parameters) -> None:
    """Adds the role, in one Region: roles are global, so a second stack of the account would find the name taken.

    Its name is fixed, so that the settings of the central account can name it before it exists.
    """
    here = CfnCondition(stack, "IsRoleRegion", expression=Fn.condition_equals(stack.region, parameters.role_region))
    role = iam.CfnRole(
        stack,
        "InventoryRole",
        role_name=Fn.sub(f"${{DeploymentName}}-{INVENTORY}"),
        description="Lets the inventory function of the central account describe network interfaces and their owners",
        max_session_duration=3600,
        assume_role_policy_document=_trust(stack, parameters),
        policies=[iam.CfnRole.PolicyProperty(policy_name="Describe", policy_document=_permissions())],
    )
    role.cfn_options.condition = here
    acknowledge(role, "IAM5[Resource::*]", ALL_RESOURCES)
    acknowledge(
        role, "IAM5[Resource::arn:<AWS::Partition>:apigateway:*::/vpclinks]", "It reads the links of all Regions."
    )
    CfnOutput(stack, "InventoryRoleArn", value=role.attr_arn, condition=here)


def _trust(stack: Stack, parameters: Parameters) -> dict[str, Any]:
    """Trusts the role of the inventory function in the central account, and nothing else there.

    The principal is that account and the condition names the role: as the principal itself, IAM would refuse a role
    that does not exist yet, and would go on to trust the ID of one that was deleted.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
    """
    central = Fn.select(4, Fn.split(":", parameters.function_role))
    has_id = CfnCondition(
        stack, "HasExternalId", expression=Fn.condition_not(Fn.condition_equals(parameters.external_id, ""))
    )
    external_id = Fn.condition_if(
        has_id.logical_id, {"sts:ExternalId": parameters.external_id}, {"Ref": "AWS::NoValue"}
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{stack.partition}:iam::{central}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": parameters.function_role}, "StringEquals": external_id},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _permissions() -> dict[str, Any]:
    """What the inventory function may do in its own account, in every Region."""
    links = Fn.sub("arn:${AWS::Partition}:apigateway:*::/vpclinks")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": sorted(DESCRIBE_ACTIONS), "Resource": "*"},
            {"Effect": "Allow", "Action": VPC_LINKS, "Resource": links},
        ],
    }
