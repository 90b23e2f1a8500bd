"""The two Lambda layers of every function: third-party packages, and the package flowsentry."""

from typing import cast

from aws_cdk import AssetHashType, BundlingOptions, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.wheels import REQUIREMENTS, ROOT, Target, Wheels
from stacks.settings.deployment import Deployment

ASSET_EXCLUDES = ["**/__pycache__", "**/*.pyc", "**/*.egg-info", "**/.*_cache"]
"""Excluded from every asset: files that change between runs would change the asset's hash."""

RUNTIMES = {
    "3.11": lambda_.Runtime.PYTHON_3_11,
    "3.12": lambda_.Runtime.PYTHON_3_12,
    "3.13": lambda_.Runtime.PYTHON_3_13,
    "3.14": lambda_.Runtime.PYTHON_3_14,
}
ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}


class Layers(Construct):
    """The layers `dependencies` and `flowsentry`; `all` has them in the order in which Lambda merges them."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        self._deployment = deployment
        target = Target(deployment.python, deployment.architecture)
        self.dependencies = self._layer("Dependencies", _dependencies(target))
        package = lambda_.Code.from_asset(str(ROOT / "layers" / "flowsentry"), exclude=ASSET_EXCLUDES)
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
    """Code of the dependencies layer, bundled by `Wheels`.

    The asset hash is computed from the inputs, so that an unchanged layer is not built again and synth needs no
    network. It includes the target, because CDK reuses a bundle of the same folder with the same options: a layer for
    x86_64 would contain the wheels for arm64.
    """
    return lambda_.Code.from_asset(
        str(REQUIREMENTS.parent),
        asset_hash=target.fingerprint,
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(
            image=RUNTIMES[target.python].bundling_image,
            command=[target.python, target.architecture],
            local=cast(
                "ILocalBundling", Wheels(target)
            ),  # the stub has keyword parameters, jsii passes them by position
        ),
    )
