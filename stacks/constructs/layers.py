"""The two Lambda layers of every function: third-party packages, and the package flowsentry; both with byte code."""

import shutil
import sys
from pathlib import Path
from typing import cast

import jsii
from aws_cdk import Annotations, AssetHashType, BundlingOptions, FileSystem, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.byte_code import ByteCodeError, Compiler, compile_all, compiler_for
from stacks.constructs.wheels import REQUIREMENTS, ROOT, Target, Wheels
from stacks.settings.deployment import Deployment

ASSET_EXCLUDES = ["**/__pycache__", "**/*.pyc", "**/*.egg-info", "**/.*_cache"]
"""Excluded from every asset: files that change between runs would change the asset's hash."""
PACKAGE = ROOT / "layers" / "flowsentry"

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
        compiler = compiler_for(deployment.python)
        if compiler is None:
            Annotations.of(self).add_info(_without_byte_code(deployment.python))
        magic = compiler.magic if compiler else ""
        target = Target(deployment.python, deployment.architecture, magic)
        self.dependencies = self._layer("Dependencies", _dependencies(target))
        self.flowsentry = self._layer("Flowsentry", _flowsentry(target, compiler))
        self.all = (self.dependencies, self.flowsentry)

    def _layer(self, id_: str, code: lambda_.Code) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            id_,
            code=code,
            compatible_runtimes=[RUNTIMES[self._deployment.python]],
            compatible_architectures=[ARCHITECTURES[self._deployment.architecture]],
        )


def _without_byte_code(python: str) -> str:
    return (
        f"This machine has no python{python} on its PATH to compile the layers with, so that each cold start compiles "
        f"them and takes three times as long. Install it (`uv python install {python}`), or set `python` to the "
        f"version of this machine, {sys.version_info.major}.{sys.version_info.minor}."
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
            command=[target.python, target.architecture, target.magic],
            local=cast(
                "ILocalBundling", Wheels(target)
            ),  # the stub has keyword parameters, jsii passes them by position
        ),
    )


def _flowsentry(target: Target, compiler: Compiler | None) -> lambda_.Code:
    """Code of the layer of the package flowsentry, compiled if possible. Its hash is that of its sources and of the
    version of the byte code.
    """
    if compiler is None:
        return lambda_.Code.from_asset(str(PACKAGE), exclude=ASSET_EXCLUDES)
    return lambda_.Code.from_asset(
        str(PACKAGE),
        asset_hash=FileSystem.fingerprint(str(PACKAGE), exclude=ASSET_EXCLUDES, extra_hash=compiler.magic),
        asset_hash_type=AssetHashType.CUSTOM,
        exclude=ASSET_EXCLUDES,
        bundling=BundlingOptions(
            image=RUNTIMES[target.python].bundling_image,
            command=[target.python, target.magic],
            local=cast("ILocalBundling", CompiledPackage(compiler)),
        ),
    )


@jsii.implements(ILocalBundling)
class CompiledPackage:
    """Local bundling of the package flowsentry for CDK: its modules and their byte code."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler

    def try_bundle(self, output_dir: str, _options: BundlingOptions) -> bool:
        """Returns True: the bundle is complete. Exits the app when compiling fails, as `Wheels` does."""
        excluded = shutil.ignore_patterns(*(Path(pattern).name for pattern in ASSET_EXCLUDES))
        packages = Path(output_dir) / "python"
        shutil.copytree(PACKAGE / "python", packages, ignore=excluded, dirs_exist_ok=True)
        try:
            compile_all(packages, self._compiler)
        except ByteCodeError as error:
            sys.exit(str(error))
        return True
