"""The house Lambda function: what is the same for all of them is set here, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from flowsentry.metric_names import NAMESPACE
from stacks.constructs.layers import ARCHITECTURES, NOT_CODE, RUNTIMES, Layers
from stacks.constructs.log_group import TimedLogGroup
from stacks.constructs.nag_suppressions import acknowledge, acknowledge_wildcard
from stacks.constructs.wheels import ROOT
from stacks.settings.deployment import Deployment


@dataclass(frozen=True)
class House:
    """What all functions have in common."""

    deployment: Deployment
    layers: Layers


@dataclass(frozen=True)
class Size:
    """What a function may use. Lambda gives processor time by memory: 1769 MB is one whole processor."""

    memory_mb: int
    timeout_seconds: int
    reserved_concurrency: int | None = None


class PythonFunction(lambda_.Function):
    """The function of the folder lambdas/<name>. Its role may write its own log and traces; the stack grants the rest.

    `service` is its name in logs, metrics and traces.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        service: str,
        house: House,
        size: Size,
        environment: Mapping[str, str],
    ) -> None:
        deployment = house.deployment
        days = deployment.function_log_retention_days
        log_group = TimedLogGroup(scope, f"{id_}Log", days=days, removal_policy=RemovalPolicy.DESTROY)
        role = iam.Role(scope, f"{id_}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        super().__init__(
            scope,
            id_,
            runtime=RUNTIMES[deployment.python],
            architecture=ARCHITECTURES[deployment.architecture],
            code=lambda_.Code.from_asset(str(ROOT / "lambdas" / service), exclude=NOT_CODE),
            handler="handler.lambda_handler",
            layers=list(house.layers.all),
            role=role,
            memory_size=size.memory_mb,
            timeout=Duration.seconds(size.timeout_seconds),
            reserved_concurrent_executions=size.reserved_concurrency,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            environment={
                "POWERTOOLS_SERVICE_NAME": service,
                "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                **environment,
            },
        )
        acknowledge(
            self, "L1", "The Python version is a setting: the newest by default, another where it is deployed for."
        )
        self._role = role
        acknowledge_wildcard(role, "*", "X-Ray's put actions know no resources.")

    def allow(self, actions: Sequence[str], *resources: str) -> None:
        """A grant, in the words of IAM."""
        self.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=list(resources)))

    def allow_all_of(self, actions: Sequence[str], resources: str, because: str) -> None:
        """A grant on all that begins with the same words, with the reason why it can't be told more exactly."""
        self.allow(actions, resources)
        acknowledge_wildcard(self._role, resources, because)
