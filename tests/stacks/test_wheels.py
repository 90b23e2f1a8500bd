"""The layers as they are built for Lambda: they fit, and are the same again. Fetches wheels from the package index."""

from pathlib import Path

import pytest

from stacks.constructs import wheels
from stacks.constructs.layers import NOT_CODE
from stacks.constructs.wheels import ROOT, Target, WheelsError, install, installed

LAMBDA_BYTES = 250 * 1024 * 1024
"""A function's code and layers, unpacked. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
CODE_BYTES = 5 * 1024 * 1024
"""Left for the package flowsentry and a handler."""
ELF_MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The packages for each processor."""
    directories = {architecture: tmp_path_factory.mktemp(architecture) for architecture in ELF_MACHINES}
    for architecture, directory in directories.items():
        installed(Target("3.14", architecture), directory)
    return directories


def files_of(directory: Path) -> dict[str, bytes]:
    """Small files by their content, large ones by their size."""
    paths = [path for path in directory.rglob("*") if path.is_file()]
    return {str(p.relative_to(directory)): p.read_bytes() if p.stat().st_size < 1 << 20 else b"" for p in paths}


@pytest.mark.parametrize("architecture", ELF_MACHINES)
def test_the_dependencies_fit_lambda_beside_the_code(built: dict[str, Path], architecture: str) -> None:
    size = sum(path.stat().st_size for path in built[architecture].rglob("*") if path.is_file())
    assert size < LAMBDA_BYTES - CODE_BYTES
    assert (built[architecture] / "polars").is_dir()


def test_the_code_fits_what_is_left_for_it() -> None:
    sources = [ROOT / "layers" / "flowsentry", *(ROOT / "lambdas").iterdir()]
    code = [path for source in sources for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in code) < CODE_BYTES


def test_compiled_modules_are_left_out_of_assets() -> None:
    assert "**/__pycache__" in NOT_CODE


@pytest.mark.parametrize("architecture", ELF_MACHINES)
def test_wheels_are_for_the_processor_that_was_asked_for(built: dict[str, Path], architecture: str) -> None:
    libraries = [path for path in built[architecture].rglob("*.so") if path.read_bytes()[:4] == b"\x7fELF"]
    assert {path.read_bytes()[18] for path in libraries} == {ELF_MACHINES[architecture]}


def test_what_is_built_again_is_equal(built: dict[str, Path], tmp_path: Path) -> None:
    install(Target("3.14", "arm64"), tmp_path)
    assert files_of(tmp_path) == files_of(built["arm64"])


def test_packages_that_were_installed_once_are_copied(
    built: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheels, "install", lambda *_: pytest.fail("installed again"))
    installed(Target("3.14", "arm64"), tmp_path / "python")
    assert files_of(tmp_path / "python") == files_of(built["arm64"])


def test_an_installation_that_failed_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "BUILT", tmp_path / "built")
    with pytest.raises(WheelsError):
        installed(Target("2.7", "arm64"), tmp_path / "python")
    assert list((tmp_path / "built").iterdir()) == []


def test_python_3_11_runs_on_an_older_linux_than_the_others() -> None:
    assert "manylinux_2_28_x86_64" not in Target("3.11", "x86_64").platforms
    assert "manylinux_2_28_x86_64" in Target("3.12", "x86_64").platforms


def test_what_the_installer_says_is_told(tmp_path: Path) -> None:
    with pytest.raises(WheelsError, match=r"the dependencies layer for .*python='2\.7'.* could not be built"):
        install(Target("2.7", "arm64"), tmp_path)
