"""The Lambda function construct of this app: properties that all its functions share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Annotations, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from flowsentry.emit.log_lines.report import REPORT
from flowsentry.metric_names import namespace_of
from stacks.constructs.customer_key import KEY_ACTIONS
from stacks.constructs.layers import ARCHITECTURES, ASSET_EXCLUDES, RUNTIMES, Layers
from stacks.constructs.log_group import ExpiringLogGroup
from stacks.constructs.nag_suppressions import acknowledge, acknowledge_wildcard
from stacks.constructs.wheels import ROOT
from stacks.settings.deployment import Deployment


@dataclass(frozen=True)
class FunctionDefaults:
    """What all functions share: the settings of the deployment, the layers, and the customer managed key, if any."""

    deployment: Deployment
    layers: Layers
    key: kms.IKey | None = None


ALLOCATION = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(4 << 20)}
"""With these variables, memory of large texts goes back to the system when they are freed: a function that reads an
object of 75 MB holds 30 to 50 MB less, for at most 3 % more processor time. Without them, malloc raises its threshold
to the size of what was freed, and holds the holes: https://man7.org/linux/man-pages/man3/mallopt.3.html."""
MEGABYTES_A_VCPU = 1_769
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
LIVE = "live"
"""The alias of a function with SnapStart."""
NEEDS_VERSION = "@aws-cdk/aws-lambda:snapStartRequirePublish"
"""The CDK's warning about a function with SnapStart whose versions it does not see."""
READ_VALUES = ("EVIDENCE_TABLE", "FINDINGS_TABLE", "OUTPUT_BUCKET")
"""Variables with names that other stacks make: see `_read_values`."""


@dataclass(frozen=True)
class Size:
    """Memory, timeout and concurrency of a function. Lambda allots CPU in proportion to memory."""

    memory_mb: int
    timeout_seconds: int
    reserved_concurrency: int | None = None


OLDER_RUNTIME = (
    "The runtime is a setting: the newest Python by default, an older one only where the settings ask for it."
)


class PythonFunction(lambda_.Function):
    """A function whose code is in lambdas/<service>. Its role may write logs and traces, and use the customer managed
    key; the stack grants the rest. Lambda ends it when it invokes itself about 16 times in a row (decision 41).

    `service` is also its name in logs, metrics and traces. Events go to `invoked`: the function, or with SnapStart an
    alias of its published version.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        service: str,
        defaults: FunctionDefaults,
        size: Size,
        environment: Mapping[str, str],
    ) -> None:
        deployment = defaults.deployment
        log_group = _log_group(scope, f"{id_}Log", defaults)
        role = _role(scope, f"{id_}Role", defaults, log_group)
        super().__init__(
            scope,
            id_,
            runtime=RUNTIMES[deployment.python],
            architecture=ARCHITECTURES[deployment.architecture],
            code=lambda_.Code.from_asset(str(ROOT / "lambdas" / service), exclude=ASSET_EXCLUDES),
            handler="handler.lambda_handler",
            layers=list(defaults.layers.all),
            role=role,
            memory_size=size.memory_mb,
            timeout=Duration.seconds(size.timeout_seconds),
            reserved_concurrent_executions=size.reserved_concurrency,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE if deployment.tracing else lambda_.Tracing.DISABLED,
            recursive_loop=lambda_.RecursiveLoop.TERMINATE,
            environment_encryption=defaults.key,
            environment={**_powertools(service, deployment), **_threads(size), **ALLOCATION, **environment},
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if service in deployment.snap_start else None,
            current_version_options=lambda_.VersionOptions(description=_read_values(environment)),
        )
        acknowledge(self, "L1", OLDER_RUNTIME)
        self._role = role
        self.invoked: lambda_.IFunction = self._live() if service in deployment.snap_start else self
        if deployment.tracing:
            acknowledge_wildcard(role, "*", "X-Ray's put actions do not support resource-level permissions.")
        self._allow_keys(defaults)

    def _live(self) -> lambda_.Alias:
        """The alias of the published version, which alone starts from a snapshot. Metrics by FunctionName are those of
        all versions: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html.
        """
        Annotations.of(self).acknowledge_warning(NEEDS_VERSION, "a version is published")
        return lambda_.Alias(self, "Live", alias_name=LIVE, version=self.current_version)

    def _allow_keys(self, defaults: FunctionDefaults) -> None:
        """Allows the use of the customer managed key, and decryption with those that it replaced."""
        if defaults.key is not None:
            self.allow(KEY_ACTIONS, defaults.key.key_arn)
        if former := defaults.deployment.former_kms_key_arns:
            self.allow(["kms:Decrypt"], *former)

    def allow(self, actions: Sequence[str], *resources: str) -> None:
        """Allows these IAM actions on these ARNs."""
        self.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=list(resources)))

    def allow_wildcard(self, actions: Sequence[str], resources: str, reason: str) -> None:
        """Allows these IAM actions on an ARN that contains `*`; the reason is recorded for cdk-nag."""
        self.allow(actions, resources)
        acknowledge_wildcard(self._role, resources, reason)


def _role(scope: Construct, id_: str, defaults: FunctionDefaults, log_group: ExpiringLogGroup) -> iam.Role:
    """The role of a function, which may write to its log group."""
    lambda_service = iam.ServicePrincipal("lambda.amazonaws.com")
    role = iam.Role(scope, id_, assumed_by=lambda_service, path=defaults.deployment.path_of_roles)
    log_group.grant_write(role)
    return role


def _powertools(service: str, deployment: Deployment) -> dict[str, str]:
    """The variables that Powertools reads."""
    return {
        "POWERTOOLS_SERVICE_NAME": service,
        "POWERTOOLS_METRICS_NAMESPACE": namespace_of(deployment.name),
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def _read_values(environment: Mapping[str, str]) -> str | None:
    """Names of tables and the bucket that other stacks make, at most 215 of the 256 characters of a description.
    Another description makes another version, so that a version never names a table that was replaced: CDK makes
    another one only when the template differs.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html
    """
    return " ".join(environment[name] for name in READ_VALUES if name in environment) or None


def _threads(size: Size) -> dict[str, str]:
    """The variable with the threads of polars: one for each whole vCPU, since Lambda shows two processors to functions
    that get less than one. With two threads, a payload of 40 records takes half as much processor time again.
    """
    return {"POLARS_MAX_THREADS": str(max(1, size.memory_mb // MEGABYTES_A_VCPU))}


def _log_group(scope: Construct, id_: str, defaults: FunctionDefaults) -> ExpiringLogGroup:
    """The log group of a function, with the index that queries of the dashboards use."""
    days, key_arn = defaults.deployment.function_log_retention_days, defaults.key.key_arn if defaults.key else ""
    log_group = ExpiringLogGroup(scope, id_, days=days, removal_policy=RemovalPolicy.DESTROY, kms_key_arn=key_arn)
    log_group.index(REPORT)
    return log_group
