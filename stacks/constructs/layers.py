"""The two layers that every function runs on: third-party packages, and the package flowsentry."""

from typing import cast

from aws_cdk import AssetHashType, BundlingOptions, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.wheels import REQUIREMENTS, ROOT, Target, Wheels
from stacks.settings.deployment import Deployment

NOT_CODE = ["**/__pycache__", "**/*.pyc", "**/*.egg-info", "**/.*_cache"]
"""Left out of every asset: it changes from run to run, and with it the asset's hash."""

RUNTIMES = {
    "3.11": lambda_.Runtime.PYTHON_3_11,
    "3.12": lambda_.Runtime.PYTHON_3_12,
    "3.13": lambda_.Runtime.PYTHON_3_13,
    "3.14": lambda_.Runtime.PYTHON_3_14,
}
ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}


class Layers(Construct):
    """`all`, in the order they are laid: `dependencies`, `flowsentry`."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        self._deployment = deployment
        target = Target(deployment.python, deployment.architecture)
        self.dependencies = self._layer("Dependencies", _dependencies(target))
        package = lambda_.Code.from_asset(str(ROOT / "layers" / "flowsentry"), exclude=NOT_CODE)
        self.flowsentry = self._layer("Flowsentry", package)
        self.all = (self.dependencies, self.flowsentry)

    def _layer(self, id_: str, code: lambda_.Code) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            id_,
            code=code,
            compatible_runtimes=[RUNTIMES[self._deployment.python]],
            compatible_architectures=[ARCHITECTURES[self._deployment.architecture]],
        )


def _dependencies(target: Target) -> lambda_.Code:
    """The hash is made of what goes in, so that an unchanged layer is not built again and synth needs no network. It
    names the target: CDK gives equal bundles of one folder to both of two layers, arm64's to x86_64 as well.
    """
    return lambda_.Code.from_asset(
        str(REQUIREMENTS.parent),
        asset_hash=target.fingerprint,
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(
            image=RUNTIMES[target.python].bundling_image,
            command=[target.python, target.architecture],
            local=cast("ILocalBundling", Wheels(target)),  # its stub has keywords, jsii passes by position
        ),
    )
