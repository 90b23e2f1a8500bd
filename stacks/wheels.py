"""The third-party packages of the functions, built without Docker: wheels for the functions' Python and processor."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import jsii
from aws_cdk import BundlingOptions, ILocalBundling

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "layers" / "dependencies" / "requirements.txt"
CONSTRAINTS = ROOT / "constraints.txt"
PLATFORMS = {"arm64": "aarch64-manylinux2014", "x86_64": "x86_64-manylinux2014"}
NOT_SHIPPED = ("bin", ".lock", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")
"""What differs from one build to the next, or serves only an installer. METADATA stays: packages read their version."""


class WheelsError(Exception):
    """The packages could not be fetched; the message is what the installer said."""


@dataclass(frozen=True)
class Target:
    """What the wheels are for."""

    python: str
    architecture: str


def install(target: Target, directory: Path) -> None:
    """Puts the packages into `directory`, which is equal for equal requirements."""
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(directory)]
    wanted = ["--python-version", target.python, "--python-platform", PLATFORMS[target.architecture]]
    pinned = ["--only-binary", ":all:", "--requirements", str(REQUIREMENTS), "--constraints", str(CONSTRAINTS)]
    done = subprocess.run([*command, *wanted, *pinned], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise WheelsError(f"the dependencies layer for {target} could not be built:\n{done.stderr}")
    for pattern in NOT_SHIPPED:
        for path in directory.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@jsii.implements(ILocalBundling)
class Wheels:
    """Tells CDK how to fill a layer with the packages."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def try_bundle(self, output_dir: str, _options: BundlingOptions) -> bool:
        """True: it was done here, no container is needed. jsii passes both by position, whatever the stub says."""
        install(self._target, Path(output_dir) / "python")
        return True
