"""The real CDK CLI against the embedded AWS: what is deployed here is what would be deployed there."""

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
NOT_OURS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
"""What would let the CLI find another account than the embedded one."""


class DeployError(Exception):
    """The CLI failed; the message is all it said, and what went wrong inside the embedded AWS."""


def this_machine() -> dict[str, str]:
    """The settings by which the functions run here: the layers' wheels are for this Python and this processor."""
    machine = os.uname().machine
    architecture = "arm64" if machine in {"aarch64", "arm64"} else "x86_64"
    return {
        "flowsentry.python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "flowsentry.architecture": architecture,
    }


def bootstrap(aws: EmbeddedAws, say: Callable[[str], None] | None = None) -> str:
    """What the CLI said; the account is ready for assets. It runs where there is no app: the account is named, and two
    CLIs can't synthesise an app into one folder at once.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _cdk(aws, ["bootstrap", f"aws://{aws.account}/{aws.region}"], say, Path(folder))


def deploy(
    aws: EmbeddedAws,
    settings: Mapping[str, Any],
    *,
    say: Callable[[str], None] | None = None,
    output: Path = OUTPUT,
    app: str | None = None,
) -> str:
    """What the CLI said; every stack of the app is deployed with these settings, and again when called again.

    `settings` go to `-c`: what is not text goes as JSON. `say` gets each line when it is there. Two deploys at once
    need two `output` folders.
    """
    context = {**this_machine(), **settings}
    options = [option for key, value in context.items() for option in ("-c", f"{key}={_text(value)}")]
    # moto can neither update a stack by a change set nor roll one back.
    how = ["--all", "--require-approval", "never", "--method", "direct", "--no-rollback", "--output", str(output)]
    return _cdk(aws, ["deploy", *how, *(["--app", app] if app else []), *options], say)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _cdk(
    aws: EmbeddedAws, arguments: Sequence[str], say: Callable[[str], None] | None, folder: Path = REPOSITORY
) -> str:
    lines: list[str] = []
    process = subprocess.Popen(  # noqa: S603 the CLI is the pinned one
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
            if say:
                say(line.rstrip("\n"))
    if process.returncode:
        told = "".join([*lines, *aws.failures()])
        raise DeployError(f"cdk {arguments[0]} ended with {process.returncode}:\n{told}")
    return "".join(lines)


def _environment(aws: EmbeddedAws) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    return {
        **inherited,
        **aws.environment(),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)]),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
