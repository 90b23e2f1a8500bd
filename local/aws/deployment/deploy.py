"""Runs the CDK CLI against the embedded AWS, so that the same app is deployed as to AWS."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.aws.embedded import REPOSITORY, EmbeddedAws

CLI = REPOSITORY / "node_modules" / ".bin" / "cdk"
OUTPUT = REPOSITORY / "build" / "embedded.cdk.out"
ACCOUNT_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
"""Environment variables with which the CLI might use another account than the embedded one."""


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


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _cdk(
    aws: EmbeddedAws, arguments: Sequence[str], on_line: Callable[[str], None] | None, folder: Path = REPOSITORY
) -> str:
    lines: list[str] = []
    process = subprocess.Popen(  # noqa: S603 the pinned CLI
        [str(CLI), *arguments, "--ci", "--no-color"],
        cwd=folder,
        env=_environment(aws),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        for line in process.stdout or ():
            lines.append(line)
            if on_line:
                on_line(line.rstrip("\n"))
    if process.returncode:
        output = "".join([*lines, *aws.failures()])
        raise DeployError(f"cdk {arguments[0]} failed with exit status {process.returncode}:\n{output}")
    return "".join(lines)


def _environment(aws: EmbeddedAws) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ACCOUNT_VARIABLES}
    return {
        **inherited,
        **aws.environment(),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)]),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
