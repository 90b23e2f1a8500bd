"""The first thing that runs on a new machine: what is missing is said in one sentence, before anything is installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from local.aws.embedded import REPOSITORY

START = REPOSITORY / "local" / "set_up" / "start.sh"
PYTHON_3_13 = """case "$*" in
  *version_info*) echo ok ;;
  *ensurepip*) exit {modules} ;;
  *_base_executable*) echo "$0" ;;
  *) echo "$@" ;;
esac"""

PREREQUISITES = (
    *("requirements.txt", "requirements-run.txt", "requirements-dev.txt", "constraints.txt"),
    *("layers/dependencies/requirements.txt", "package.json", "package-lock.json", "pyproject.toml"),
)
NEWER_THAN_MAKE_3_81 = (".ONESHELL", ".RECIPEPREFIX", "$(file ", "$(guile ", "$(let ", "undefine ", "::=", "!=", "&:")


def run(folder: Path, script: str | None) -> "subprocess.CompletedProcess[str]":
    """start.sh with this script as the only python3 on the PATH."""
    if script is not None:
        python = folder / "python3"
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o700)
    return subprocess.run(  # noqa: S603 our own script
        ["/bin/sh", str(START), "run", "constraints.txt"],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (None, "there is no python3 on the PATH: install it, or name one: make PYTHON="),
        ("echo 3.9", "python3 is 3.9: install a newer one, or name it: make PYTHON="),
        ("echo 2.7", "python3 is 2.7: install a newer one"),
        (
            "echo 'pyenv: no such version' >&2; exit 1",
            "python3 does not run (pyenv: no such version): install Python 3.11",
        ),
        (PYTHON_3_13.format(modules=1), "its modules venv and ensurepip: install them (Debian and Ubuntu: apt install"),
    ],
)
def test_a_missing_python_is_one_sentence_with_the_next_step(tmp_path: Path, script: str | None, sentence: str) -> None:
    done = run(tmp_path, script)
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert sentence in line


def test_a_python_that_can_set_up_gets_the_plan_and_its_prerequisites(tmp_path: Path) -> None:
    done = run(tmp_path, PYTHON_3_13.format(modules=0))
    assert (done.returncode, done.stdout, done.stderr) == (0, "-m local.set_up run constraints.txt\n", "")


def test_in_a_virtual_environment_the_python_that_it_was_made_with_is_used(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path], check=True, timeout=60)  # noqa: S603 Python
    with_base = "import sys; sys.exit(sys.prefix != sys.base_prefix)"
    module = tmp_path / "local" / "set_up"
    module.mkdir(parents=True)
    (module / "__main__.py").write_text(with_base)
    done = subprocess.run(  # noqa: S603 our own script
        ["/bin/sh", str(START), "run"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_makefile_installs_for_each_target_only_what_it_runs(tmp_path: Path) -> None:
    makefile = tmp_path / "Makefile"
    makefile.write_text((REPOSITORY / "Makefile").read_text())
    for name in (
        "requirements",
        "requirements-run",
        "requirements-dev",
        "constraints",
        "layers/dependencies/requirements",
    ):
        (tmp_path / f"{name}.txt").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.txt").touch()
    for name in ("package.json", "package-lock.json", "pyproject.toml"):
        (tmp_path / name).touch()
    for target in ("setup", "demo", "replay", "deploy"):
        assert plans_of(tmp_path, target) == ["run"]
    for target in ("lint", "test"):
        assert plans_of(tmp_path, target) == ["run", "checks"]


def plans_of(folder: Path, target: str) -> list[str]:
    """The plans that make would set up for a target, in order."""
    done = subprocess.run(  # noqa: S603 our own Makefile
        ["/usr/bin/env", "make", "--dry-run", target],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    words = [line.split() for line in done.stdout.splitlines() if "set_up/start.sh" in line]
    return [line[line.index("local/set_up/start.sh") + 1] for line in words]


def test_the_makefile_needs_no_newer_make_than_that_of_macos() -> None:
    text = (REPOSITORY / "Makefile").read_text()
    assert [feature for feature in NEWER_THAN_MAKE_3_81 if feature in text] == []
