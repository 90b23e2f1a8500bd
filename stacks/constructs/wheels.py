"""The third-party packages of the functions, built without Docker: wheels for the functions' Python and processor."""

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

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build" / "dependencies"
REQUIREMENTS = ROOT / "layers" / "dependencies" / "requirements.txt"
CONSTRAINTS = ROOT / "constraints.txt"
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
OLDEST_GLIBC, GLIBC, GLIBC_OF_PYTHON_3_11 = 17, 34, 26
"""Minor versions of glibc 2: of the oldest wheels in use, of Amazon Linux 2023, and of Amazon Linux 2, on which Lambda
runs Python 3.11 (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html)."""
NOT_SHIPPED = ("bin", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")
"""What differs from one build to the next, or serves only an installer. METADATA stays: packages read their version."""


class WheelsError(Exception):
    """The packages could not be fetched; the message is what the installer said."""


@dataclass(frozen=True)
class Target:
    """What the wheels are for."""

    python: str
    architecture: str

    @property
    def platforms(self) -> list[str]:
        """The platform tags of wheels that run there, newest first."""
        newest = GLIBC_OF_PYTHON_3_11 if self.python == "3.11" else GLIBC
        machine = MACHINES[self.architecture]
        tags = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, OLDEST_GLIBC - 1, -1)]
        return [*tags, f"manylinux2014_{machine}"]

    @property
    def fingerprint(self) -> str:
        """The same for equal packages: a hash of the requirements, the constraints, this module and the target."""
        fingerprint = hashlib.sha256(repr(self).encode())
        for path in (REQUIREMENTS, CONSTRAINTS, Path(__file__)):
            fingerprint.update(path.read_bytes())
        return fingerprint.hexdigest()


def install(target: Target, directory: Path) -> None:
    """Puts the packages into `directory`, which is equal for equal requirements. Raises WheelsError.

    By pip, so that the index, certificates and proxy are those that this environment was set up with.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", str(directory)]
    wanted = ["--implementation", "cp", "--python-version", target.python]
    wanted += [word for platform in target.platforms for word in ("--platform", platform)]
    pinned = ["--only-binary", ":all:", "--requirement", str(REQUIREMENTS), "--constraint", str(CONSTRAINTS)]
    done = subprocess.run([*command, *wanted, *pinned], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise WheelsError(f"the dependencies layer for {target} could not be built:\n{done.stderr}")
    for pattern in NOT_SHIPPED:
        for path in directory.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def installed(target: Target, into: Path) -> None:
    """Copies the packages into `into`. They are installed once for a fingerprint and kept in `build/dependencies`, so
    that a synth into another folder needs no package index. Raises WheelsError.
    """
    kept = BUILT / target.fingerprint
    if not kept.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=BUILT))
        try:
            install(target, fresh)
            with suppress(OSError):  # another synth was faster
                fresh.rename(kept)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(kept, into, dirs_exist_ok=True)


@jsii.implements(ILocalBundling)
class Wheels:
    """Fills the dependencies layer with the packages when CDK bundles it."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def try_bundle(self, output_dir: str, _options: BundlingOptions) -> bool:
        """True: it was done here, no container is needed. jsii passes both by position, whatever the stub says.

        Ends the app when the wheels can't be had: jsii would wrap an exception into pages of its own frames.
        """
        try:
            installed(self._target, Path(output_dir) / "python")
        except WheelsError as error:
            sys.exit(str(error))
        return True
