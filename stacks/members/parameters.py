"""The parameters of the template for member accounts, checked by CloudFormation before anything is created."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from aws_cdk import CfnParameter, Stack

from stacks.settings.sources import FULL_LOG_FORMAT

MAX_VPCS = 20
"""VPCs of an account and Region that the template can log. Higher: the template nears the 51,200 bytes that StackSets
takes in a call. Lower: accounts with more VPCs need a second stack set."""
ROLE_ARN = "^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}$"
VPC_ID = "vpc-[0-9a-f]{8,17}"
VPC_IDS = f"^({VPC_ID})?(,({VPC_ID})?){{0,{MAX_VPCS - 1}}}$"


@dataclass(frozen=True)
class Parameters:
    """References to parameters, as text. Fn::Sub refers to `LogBucket` and `DeploymentName` by name."""

    function_role: str
    role_region: str
    external_id: str
    vpc_ids: str
    log_format: str
    file_format: str
    seconds: str

    @classmethod
    def of(cls, stack: Stack) -> Self:
        """Adds the parameters to the stack."""
        _text(stack, "LogBucket", "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", LOG_BUCKET)
        _text(stack, "DeploymentName", "^[a-z][a-z0-9-]{0,29}$", NAME, default="flowsentry")
        return cls(
            function_role=_text(stack, "InventoryFunctionRoleArn", ROLE_ARN, FUNCTION_ROLE),
            role_region=_text(stack, "RoleRegion", "^[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}$", ROLE_REGION),
            external_id=_text(stack, "ExternalId", "^[A-Za-z0-9_+=,.@:/-]{0,1224}$", EXTERNAL_ID, default=""),
            vpc_ids=_text(stack, "VpcIds", VPC_IDS, VPC_IDS_MEANING, default=""),
            log_format=_text(stack, "LogFormat", r"^\$\{[a-z0-9-]+\}( \$\{[a-z0-9-]+\})*$", FORMAT, FULL_LOG_FORMAT),
            file_format=_choice(stack, "FileFormat", ["plain-text", "parquet"], FILE_FORMAT),
            seconds=_choice(stack, "MaxAggregationSeconds", ["60", "600"], SECONDS),
        )


FUNCTION_ROLE = "The role of the inventory function in the central account, which the role of this account trusts."
NAME = "The setting name of the central deployment, with which the name of the role begins."
LOG_BUCKET = "The log bucket of the central deployment: the value of the parameter /<name>/log-bucket-name there."
ROLE_REGION = "The Region in which the inventory role is created, one of those that the template is deployed to."
EXTERNAL_ID = "The external_id of this role in inventory_targets; none by default."
VPC_IDS_MEANING = (
    f"The VPCs of this account and Region to log, at most {MAX_VPCS}, separated by commas. Add new ones at the end. To "
    "stop one, leave its place empty (vpc-1,,vpc-3): the flow logs of the others then stay as they are."
)
FORMAT = "The fields of the records: by default those of the versions 2 to 5."
FILE_FORMAT = "The format of the files. Findings are the same; parquet costs a little more and is queried faster."
SECONDS = "The interval in seconds that a record covers. 600 makes fewer records and later alerts."


def _text(stack: Stack, id_: str, pattern: str, description: str, default: str | None = None) -> str:
    return CfnParameter(
        stack, id_, type="String", allowed_pattern=pattern, description=description, default=default
    ).value_as_string


def _choice(stack: Stack, id_: str, values: Sequence[str], description: str) -> str:
    """A reference to a parameter with these values, the first of which is the default."""
    return CfnParameter(
        stack, id_, type="String", allowed_values=list(values), description=description, default=values[0]
    ).value_as_string
