"""The layers as built for Lambda: size limit and repeatable builds. Downloads wheels from the package index."""

from pathlib import Path

import pytest

from stacks.constructs import wheels
from stacks.constructs.layers import ASSET_EXCLUDES
from stacks.constructs.wheels import ROOT, Target, WheelsError, copy_installed, install

LAMBDA_BYTES = 250 * 1024 * 1024
"""Limit of a function's code and layers, unzipped. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
CODE_BYTES = 5 * 1024 * 1024
"""Reserved for the package flowsentry and a handler."""
ELF_MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The packages for each architecture."""
    directories = {architecture: tmp_path_factory.mktemp(architecture) for architecture in ELF_MACHINES}
    for architecture, directory in directories.items():
        copy_installed(Target("3.14", architecture), directory)
    return directories


def files_of(directory: Path) -> dict[str, bytes]:
    """The content of each file; of files of 1 MiB and more only the name."""
    paths = [path for path in directory.rglob("*") if path.is_file()]
    return {str(p.relative_to(directory)): p.read_bytes() if p.stat().st_size < 1 << 20 else b"" for p in paths}


@pytest.mark.parametrize("architecture", ELF_MACHINES)
def test_the_dependencies_and_the_code_fit_the_size_limit_of_lambda(built: dict[str, Path], architecture: str) -> None:
    size = sum(path.stat().st_size for path in built[architecture].rglob("*") if path.is_file())
    assert size < LAMBDA_BYTES - CODE_BYTES
    assert (built[architecture] / "polars").is_dir()


def test_the_code_fits_the_size_reserved_for_it() -> None:
    sources = [ROOT / "layers" / "flowsentry", *(ROOT / "lambdas").iterdir()]
    code = [path for source in sources for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in code) < CODE_BYTES


def test_compiled_modules_are_excluded_from_assets() -> None:
    assert "**/__pycache__" in ASSET_EXCLUDES


@pytest.mark.parametrize("architecture", ELF_MACHINES)
def test_wheels_are_for_the_requested_architecture(built: dict[str, Path], architecture: str) -> None:
    libraries = [path for path in built[architecture].rglob("*.so") if path.read_bytes()[:4] == b"\x7fELF"]
    assert {path.read_bytes()[18] for path in libraries} == {ELF_MACHINES[architecture]}


def test_a_second_build_is_identical(built: dict[str, Path], tmp_path: Path) -> None:
    install(Target("3.14", "arm64"), tmp_path)
    assert files_of(tmp_path) == files_of(built["arm64"])


def test_packages_that_are_cached_are_copied_and_not_installed(
    built: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheels, "install", lambda *_: pytest.fail("installed again"))
    copy_installed(Target("3.14", "arm64"), tmp_path / "python")
    assert files_of(tmp_path / "python") == files_of(built["arm64"])


def test_a_failed_installation_leaves_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "BUILT", tmp_path / "built")
    with pytest.raises(WheelsError):
        copy_installed(Target("2.7", "arm64"), tmp_path / "python")
    assert list((tmp_path / "built").iterdir()) == []


def test_python_3_11_needs_wheels_for_an_older_glibc() -> None:
    assert "manylinux_2_28_x86_64" not in Target("3.11", "x86_64").platforms
    assert "manylinux_2_28_x86_64" in Target("3.12", "x86_64").platforms


def test_a_failed_installation_raises_the_error_of_pip(tmp_path: Path) -> None:
    with pytest.raises(WheelsError, match=r"the dependencies layer for .*python='2\.7'.* could not be built"):
        install(Target("2.7", "arm64"), tmp_path)
