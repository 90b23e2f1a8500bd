"""The layers as they are built for Lambda: they fit, and are the same again. Fetches wheels from the package index."""

from pathlib import Path

import pytest

from stacks.layers import NOT_CODE
from stacks.wheels import ROOT, Target, WheelsError, install

LAMBDA_BYTES = 250 * 1024 * 1024
"""A function's code and layers, unpacked. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
CODE_BYTES = 5 * 1024 * 1024
"""Left for the package flowsentry and a handler."""


def size_of(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_dependencies_fit_lambda_beside_the_code(tmp_path: Path, architecture: str) -> None:
    install(Target("3.14", architecture), tmp_path)
    assert size_of(tmp_path) < LAMBDA_BYTES - CODE_BYTES
    assert (tmp_path / "polars").is_dir()


def test_the_code_fits_what_is_left_for_it() -> None:
    sources = [ROOT / "layers" / "flowsentry", *(ROOT / "lambdas").iterdir()]
    code = [path for source in sources for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in code) < CODE_BYTES


def test_compiled_modules_are_left_out_of_assets() -> None:
    assert "**/__pycache__" in NOT_CODE


def test_wheels_are_for_the_processor_that_was_asked_for(tmp_path: Path) -> None:
    machines = {"arm64": 0xB7, "x86_64": 0x3E}  # e_machine of an ELF file
    for architecture, machine in machines.items():
        install(Target("3.14", architecture), tmp_path / architecture)
        library = next((tmp_path / architecture).rglob("isal/*.so"))
        assert library.read_bytes()[18] == machine


def test_what_is_built_again_is_equal(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for directory in (first, second):
        install(Target("3.14", "arm64"), directory)
    names = [sorted(str(path.relative_to(directory)) for path in directory.rglob("*")) for directory in (first, second)]
    assert names[0] == names[1]
    metadata = [name for name in names[0] if ".dist-info/" in name]
    assert [
        name
        for name in metadata
        if (first / name).is_file() and (first / name).read_bytes() != (second / name).read_bytes()
    ] == []


def test_what_the_installer_says_is_told(tmp_path: Path) -> None:
    with pytest.raises(WheelsError, match=r"the dependencies layer for .*python='2\.7'.* could not be built"):
        install(Target("2.7", "arm64"), tmp_path)
