"""The stack of a member account: the role of the inventory, and flow logs to the central log bucket."""

from aws_cdk import DefaultStackSynthesizer, Stack
from constructs import Construct

from stacks.members.flow_logs import add_flow_logs
from stacks.members.inventory_role import add_inventory_role
from stacks.members.parameters import Parameters


class MemberStack(Stack):
    """A template without assets, which CloudFormation deploys without the CDK: by itself, or as a stack set.

    Everything that differs between accounts is a parameter, so that one file serves every deployment.
    """

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(
            scope,
            id_,
            description="Flowsentry: inventory role and flow logs of a member account",
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        parameters = Parameters.of(self)
        add_inventory_role(self, parameters)
        add_flow_logs(self, parameters)
