"""Builds the dependencies layer without Docker, from wheels for the functions' Python version and architecture."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import jsii
from aws_cdk import BundlingOptions, ILocalBundling

from stacks.constructs import byte_code
from stacks.constructs.byte_code import ByteCodeError, compile_all, compiler_for

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build" / "dependencies"
REQUIREMENTS = ROOT / "layers" / "dependencies" / "requirements.txt"
CONSTRAINTS = ROOT / "constraints.txt"
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
OLDEST_GLIBC, GLIBC, GLIBC_OF_PYTHON_3_11 = 17, 34, 26
"""Minor versions of glibc 2: that of the oldest wheels in use, of Amazon Linux 2023, and of Amazon Linux 2, on which
Lambda runs Python 3.11 (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html)."""
EXCLUDED_FILES = ("bin", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")
"""Files that differ between builds, or that only installers need. METADATA stays: packages read their version in it."""


class WheelsError(Exception):
    """The packages could not be installed; the message contains the output of pip."""


@dataclass(frozen=True)
class Target:
    """The Python version and CPU architecture that the wheels are for. `magic` is the number of the byte code that they
    are shipped with, empty for none.
    """

    python: str
    architecture: str
    magic: str = ""

    @property
    def platforms(self) -> list[str]:
        """Platform tags of compatible wheels, newest first."""
        newest = GLIBC_OF_PYTHON_3_11 if self.python == "3.11" else GLIBC
        machine = MACHINES[self.architecture]
        tags = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, OLDEST_GLIBC - 1, -1)]
        return [*tags, f"manylinux2014_{machine}"]

    @property
    def fingerprint(self) -> str:
        """A hash of the requirements, the constraints, the modules that build the layer and the target: equal for equal
        packages.
        """
        fingerprint = hashlib.sha256(repr(self).encode())
        for path in (REQUIREMENTS, CONSTRAINTS, Path(__file__), Path(byte_code.__file__)):
            fingerprint.update(path.read_bytes())
        return fingerprint.hexdigest()


def install(target: Target, directory: Path) -> None:
    """Installs the packages into `directory`. Equal requirements give equal files. Raises WheelsError, ByteCodeError.

    It runs pip, so that the package index, certificates and proxy configured in this environment are used.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", str(directory)]
    options = ["--implementation", "cp", "--python-version", target.python]
    options += [word for platform in target.platforms for word in ("--platform", platform)]
    pinned = ["--only-binary", ":all:", "--requirement", str(REQUIREMENTS), "--constraint", str(CONSTRAINTS)]
    done = subprocess.run([*command, *options, *pinned], capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    if done.returncode:
        raise WheelsError(f"the dependencies layer for {target} could not be built:\n{done.stderr}")
    for pattern in EXCLUDED_FILES:
        for path in directory.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if target.magic and (compiler := compiler_for(target.python)):
        compile_all(directory, compiler)


def copy_installed(target: Target, into: Path) -> None:
    """Copies the packages into `into`. Raises WheelsError, ByteCodeError.

    They are installed once for each fingerprint and cached in `build/dependencies`, so that a synth into another
    folder needs no package index.
    """
    cached = BUILT / target.fingerprint
    if not cached.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=BUILT))
        try:
            install(target, fresh)
            with suppress(OSError):  # another synth has created it in the meantime
                fresh.rename(cached)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(cached, into, dirs_exist_ok=True)


@jsii.implements(ILocalBundling)
class Wheels:
    """Local bundling of the dependencies layer for CDK."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def try_bundle(self, output_dir: str, _options: BundlingOptions) -> bool:
        """Returns True: the bundle is complete and CDK needs no container. jsii passes both arguments by position.

        Exits the app when the installation fails, because jsii would add pages of its own frames to an exception.
        """
        try:
            copy_installed(self._target, Path(output_dir) / "python")
        except (WheelsError, ByteCodeError) as error:
            sys.exit(str(error))
        return True
