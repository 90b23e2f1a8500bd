"""The base class of this app's stacks: name, tags, synthesizer, key, and values shared between stacks."""

from collections.abc import Mapping
from functools import cached_property

from aws_cdk import ArnFormat, DefaultStackSynthesizer, Stack, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.constructs.parameters import Value, parameter_name
from stacks.settings.deployment import Deployment, Purpose


class FlowsentryStack(Stack):
    """A stack named <deployment>-<purpose>. It shares values as SSM parameters and has no exports."""

    def __init__(
        self, scope: Construct, id_: str, *, deployment: Deployment, purpose: Purpose, description: str
    ) -> None:
        super().__init__(
            scope,
            id_,
            stack_name=deployment.stack_name(purpose),
            description=description,
            suppress_template_indentation=True,  # a template may have 1 MB, spaces included
            # The CLI checks the bootstrap version itself; a rule in the template would repeat the check.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self.deployment = deployment
        Tags.of(self).add("application", deployment.name)
        for key, value in deployment.tags.items():
            Tags.of(self).add(key, value)
        if boundary := deployment.permissions_boundary:
            policy = iam.ManagedPolicy.from_managed_policy_arn(self, "PermissionsBoundary", boundary)
            iam.PermissionsBoundary.of(self).apply(policy)

    @cached_property
    def encryption_key(self) -> kms.IKey | None:
        """The customer managed key that encrypts the resources; None where AWS's own keys do."""
        if not self.deployment.has_customer_key:
            return None
        arn = self.deployment.kms_key_arn or self.read(Value.ENCRYPTION_KEY_ARN)
        return kms.Key.from_key_arn(self, "EncryptionKey", arn)

    @property
    def encryption_key_arn(self) -> str:
        """The ARN of the key; empty where there is none."""
        return self.encryption_key.key_arn if self.encryption_key else ""

    def publish(self, values: Mapping[str, str]) -> None:
        """Stores values in SSM parameters, where other stacks and people read them."""
        for value, text in values.items():
            ssm.StringParameter(
                self,
                f"Parameter-{value}",
                parameter_name=parameter_name(self.deployment, value),
                string_value=text,
                tier=ssm.ParameterTier.INTELLIGENT_TIERING,  # Standard up to 4 KB, Advanced up to 8 KB
            )

    def read(self, value: str) -> str:
        """The value at the time when this stack is deployed."""
        return ssm.StringParameter.value_for_string_parameter(self, parameter_name(self.deployment, value))

    def bucket_arn(self, name: str) -> str:
        """The ARN of the bucket with this name."""
        return self.format_arn(
            service="s3", resource=name, region="", account="", arn_format=ArnFormat.NO_RESOURCE_NAME
        )

    def parameter_arn(self, value: str) -> str:
        """The ARN of the SSM parameter that holds a shared value."""
        name = parameter_name(self.deployment, value).removeprefix("/")
        return self.format_arn(service="ssm", resource="parameter", resource_name=name)
