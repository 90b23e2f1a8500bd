"""The base class of this app's stacks: name, tag, synthesizer, and values shared between stacks."""

from collections.abc import Mapping

from aws_cdk import DefaultStackSynthesizer, Stack, Tags
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.constructs.parameters import parameter_name
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
            # The CLI checks the bootstrap version itself; a rule in the template would repeat the check.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self.deployment = deployment
        Tags.of(self).add("application", deployment.name)

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

    def parameter_arn(self, value: str) -> str:
        """The ARN of the SSM parameter that holds a shared value."""
        name = parameter_name(self.deployment, value).removeprefix("/")
        return self.format_arn(service="ssm", resource="parameter", resource_name=name)
