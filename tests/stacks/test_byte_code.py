"""Byte code in the layers: made by the functions' Python, loaded as it is, equal for equal modules."""

import importlib.util
import sys
from pathlib import Path

import pytest

from stacks.constructs.byte_code import ByteCodeError, Compiler, compile_all, compiler_for
from stacks.constructs.wheels import Target

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
HASH_THAT_IS_NOT_CHECKED = 1
"""The flags of https://peps.python.org/pep-0552/#specification."""
BROKEN = "print 'as Python 2 did'\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__init__.py").write_text("NAMES = frozenset({'a', 'b', 'c'})\n\n\ndef answer() -> int:\n    return 42\n")
    return folder


def compiler() -> Compiler:
    found = compiler_for(THIS)
    assert found is not None
    return found


def byte_code_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.pyc")}


def test_the_python_that_runs_the_app_compiles_for_its_own_version() -> None:
    assert compiler() == Compiler(sys.executable, importlib.util.MAGIC_NUMBER.hex())


def test_without_a_python_of_the_version_there_is_no_compiler() -> None:
    assert compiler_for("2.7") is None


def test_a_shim_that_does_not_run_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\necho 'command not found' >&2; exit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert compiler_for("3.99") is None


def test_a_python_on_the_path_compiles_for_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "python3.98"
    other.write_text("#!/bin/sh\necho 3.98 0a0b0c0d cpython\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'empty'}:{tmp_path}")
    assert compiler_for("3.98") == Compiler(str(other), "0a0b0c0d")


def test_byte_code_is_loaded_whatever_the_time_of_its_source(package: Path) -> None:
    compile_all(package, compiler())
    [content] = byte_code_of(package).values()
    assert content[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(content[4:8], "little") == HASH_THAT_IS_NOT_CHECKED


def test_tracebacks_name_the_file_as_lambda_has_it(package: Path) -> None:
    compile_all(package, compiler())
    [content] = byte_code_of(package).values()
    assert b"/opt/python/__init__.py" in content


def test_equal_modules_give_equal_byte_code(package: Path) -> None:
    compile_all(package, compiler())
    first = byte_code_of(package)
    compile_all(package, compiler())
    assert byte_code_of(package) == first


def test_a_module_for_another_python_stays_as_it_is(package: Path) -> None:
    (package / "of_python_2.py").write_text(BROKEN)
    compile_all(package, compiler())
    assert [name.partition(".")[0] for name in byte_code_of(package)] == ["__init__"]
    assert (package / "of_python_2.py").read_text() == BROKEN


def test_a_compiler_that_writes_nothing_is_an_error(package: Path) -> None:
    with pytest.raises(ByteCodeError, match="could not be compiled by /bin/false"):
        compile_all(package, Compiler("/bin/false", ""))


def test_layers_with_and_without_byte_code_have_different_hashes() -> None:
    without, with_it = Target("3.14", "arm64"), Target("3.14", "arm64", "2b0e0d0a")
    assert without.fingerprint != with_it.fingerprint
    assert with_it.fingerprint == Target("3.14", "arm64", "2b0e0d0a").fingerprint
