"""The house stack: what is the same for all of them is set here, once."""

from collections.abc import Mapping

from aws_cdk import DefaultStackSynthesizer, Stack, Tags
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.constructs.parameters import parameter_name
from stacks.settings.deployment import Deployment, Purpose


class HouseStack(Stack):
    """A stack named <deployment>-<purpose>. It publishes and reads values, and exports none."""

    def __init__(
        self, scope: Construct, id_: str, *, deployment: Deployment, purpose: Purpose, description: str
    ) -> None:
        super().__init__(
            scope,
            id_,
            stack_name=deployment.stack_name(purpose),
            description=description,
            # The CLI checks the bootstrap version itself; a rule in the template would ask a second time.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self.deployment = deployment
        Tags.of(self).add("application", deployment.name)

    def publish(self, values: Mapping[str, str]) -> None:
        """Puts values where the other stacks, and people, find them."""
        for value, text in values.items():
            ssm.StringParameter(
                self,
                f"Parameter-{value}",
                parameter_name=parameter_name(self.deployment, value),
                string_value=text,
                tier=ssm.ParameterTier.INTELLIGENT_TIERING,  # 4 KB, and 8 KB where it is needed
            )

    def read(self, value: str) -> str:
        """The value as it is when this stack is deployed."""
        return ssm.StringParameter.value_for_string_parameter(self, parameter_name(self.deployment, value))

    def parameter_arn(self, value: str) -> str:
        name = parameter_name(self.deployment, value).removeprefix("/")
        return self.format_arn(service="ssm", resource="parameter", resource_name=name)
