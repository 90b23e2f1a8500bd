"""The function that creates flow logs of every VPC, its schedule, and the custom resource that runs it at once."""

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from flowsentry.aws.flow_logs.every_vpc import OWNER_TAG
from stacks.constructs.function import FunctionDefaults, PythonFunction, Size
from stacks.constructs.nag_suppressions import acknowledge_wildcard
from stacks.constructs.parameters import Value
from stacks.settings.logged.delivery import CLOUDWATCH
from stacks.settings.sources import Source

SIZE = Size(memory_mb=256, timeout_seconds=120)
LOOK_MINUTES = 5
"""How often the function looks for new VPCs. Higher: the first traffic of a new VPC is not recorded. Lower: more
describe calls, which AWS limits for each account and second."""
ANY_VPC = "A VPC that is created tomorrow has no known id."
ANY_FLOW_LOG = "A flow log has no known id; the tag in the condition limits it to those of this deployment."
NO_RESOURCES = "Describe actions of EC2, and those of log delivery, support no resource-level permissions."


class EveryVpc(Construct):
    """Keeps a flow log for every VPC.

    The custom resource runs the function when the settings change, so that a deployment shows what EC2 refuses, and on
    deletion it deletes the flow logs or keeps them. The function may delete and tag only flow logs with the tag of this
    deployment, and those that it creates.
    """

    def __init__(
        self, scope: Construct, id_: str, *, source: Source, defaults: FunctionDefaults, environment: dict[str, str]
    ) -> None:
        super().__init__(scope, id_)
        self._name = defaults.deployment.name
        self.function = PythonFunction(
            self, "Function", service="flow_log_creator", defaults=defaults, size=SIZE, environment=environment
        )
        self._allow_flow_logs()
        self._source, self._environment = source, environment

    def allow_delivery(self, *, role_arn: str, bucket_arn: str) -> None:
        """Allows what EC2 checks of the caller: passing the delivery role, or writing to the log bucket.

        https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
        """
        if self._source.destination == CLOUDWATCH:
            conditions = {"StringEquals": {"iam:PassedToService": "vpc-flow-logs.amazonaws.com"}}
            self._allow(["iam:PassRole"], role_arn, conditions)
        else:
            self.function.allow_wildcard(["logs:CreateLogDelivery", "logs:DeleteLogDelivery"], "*", NO_RESOURCES)
            self.function.allow(["s3:GetBucketPolicy"], bucket_arn)

    def run_on_deployment(self) -> None:
        """Creates the custom resource, after all permissions of the function, and the schedule."""
        resource = CustomResource(
            self,
            "FlowLogs",
            service_token=self.function.function_arn,
            resource_type="Custom::FlowLogsOfEveryVpc",
            service_timeout=Duration.seconds(SIZE.timeout_seconds + 60),
            properties={"OnRemoval": self._source.on_removal, **self._environment},
        )
        resource.node.add_dependency(self.function)
        self._run_regularly(resource)

    @property
    def shared_values(self) -> dict[str, str]:
        """The names of the function and of its log group."""
        names = self.function.function_name, self.function.log_group.log_group_name
        return dict(zip((Value.FLOW_LOG_CREATOR, Value.FLOW_LOG_CREATOR_LOG), names, strict=True))

    def _run_regularly(self, resource: CustomResource) -> None:
        """Creates the schedule. It depends on the custom resource, so that CloudFormation deletes it first: a later run
        would create again what the custom resource deleted.
        """
        rule = events.Rule(
            self,
            "Schedule",
            schedule=events.Schedule.rate(Duration.minutes(LOOK_MINUTES)),
            targets=[targets.LambdaFunction(self.function)],
        )
        rule.node.add_dependency(resource)

    def _allow_flow_logs(self) -> None:
        stack = Stack.of(self)
        flow_logs = stack.format_arn(service="ec2", resource="vpc-flow-log", resource_name="*")
        vpcs = stack.format_arn(service="ec2", resource="vpc", resource_name="*")
        self.function.allow_wildcard(["ec2:DescribeFlowLogs", "ec2:DescribeVpcs"], "*", NO_RESOURCES)
        self.function.allow_wildcard(["ec2:CreateFlowLogs"], vpcs, ANY_VPC)
        ours = {"StringEquals": {f"aws:RequestTag/{OWNER_TAG}": self._name}}
        self._allow(["ec2:CreateFlowLogs"], flow_logs, ours)
        self._allow(["ec2:CreateTags"], flow_logs, {"StringEquals": {"ec2:CreateAction": "CreateFlowLogs"}})
        existing = {"StringEquals": {f"aws:ResourceTag/{OWNER_TAG}": self._name}}
        self._allow(["ec2:CreateTags", "ec2:DeleteFlowLogs"], flow_logs, existing)
        assert self.function.role is not None  # noqa: S101 - for the type checker
        acknowledge_wildcard(self.function.role, flow_logs, ANY_FLOW_LOG)

    def _allow(self, actions: list[str], resource: str, conditions: dict[str, dict[str, str]]) -> None:
        self.function.add_to_role_policy(
            iam.PolicyStatement(actions=actions, resources=[resource], conditions=conditions)
        )
