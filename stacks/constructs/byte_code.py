"""Compiles Python packages at synth, so that a function does not compile them again at each cold start.

/opt and /var/task can't be written on Lambda, so what is not compiled there already is compiled at every start: 1.0 s
of processor time for the stream processor instead of 0.3 s.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

INVALIDATION = "unchecked-hash"
"""The CDK sets the times of the files in a zip file to 1980, and Python compares the time of a source with the one in
its byte code, unless the byte code says that it need not be checked: https://peps.python.org/pep-0552/"""
LAYER_FOLDER = "/opt/python"
"""Where Lambda puts the folder `python` of a layer; tracebacks name it.
https://docs.aws.amazon.com/lambda/latest/dg/python-layers.html"""
PRINT_VERSION = (
    "import importlib.util, sys; print('%d.%d' % sys.version_info[:2], importlib.util.MAGIC_NUMBER.hex(),"
    " sys.implementation.name)"
)
SECONDS = 30


class ByteCodeError(Exception):
    """A package could not be compiled; the message contains the output of the compiler."""


@dataclass(frozen=True)
class Compiler:
    """A Python of this machine. `magic` is the number of its byte code, equal for all releases of a version: Python
    3.14.1 loads what 3.14.0 compiled, and no other version does.
    """

    executable: str
    magic: str


@lru_cache
def compiler_for(version: str) -> Compiler | None:
    """The first CPython of this version: the one that runs the app, else a `python<version>` on the PATH; None without
    one. Byte code does not depend on the processor.
    """
    on_path = (os.path.join(folder, f"python{version}") for folder in os.get_exec_path())  # noqa: PTH118 - a folder may be ""
    for executable in (sys.executable, *filter(os.path.exists, on_path)):
        found, magic = _version_of(executable)
        if found == version:
            return Compiler(executable, magic)
    return None


@lru_cache
def _version_of(executable: str) -> tuple[str, str]:
    """The version and the magic number of a Python; empty texts for what does not run, such as a shim of pyenv."""
    try:
        done = subprocess.run(  # noqa: S603 - a Python of this machine
            [executable, "-I", "-S", "-c", PRINT_VERSION], capture_output=True, text=True, check=True, timeout=SECONDS
        )
        version, magic, implementation = done.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError):
        return "", ""
    return (version, magic) if implementation == "cpython" else ("", "")


def compile_all(folder: Path, compiler: Compiler, deployed_at: str = LAYER_FOLDER) -> None:
    """Writes the byte code of all modules in the folder beside them, equal for equal modules. Raises ByteCodeError.

    A module that this Python can't compile, as some packages have for other versions, stays as it is.
    """
    command = [compiler.executable, "-I", "-S", "-m", "compileall", "-qq", "--invalidation-mode", INVALIDATION]
    paths = ["-s", str(folder), "-p", deployed_at, str(folder)]
    done = subprocess.run(  # noqa: S603 - a Python of this machine
        [*command, *paths],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    if not any(folder.rglob("*.pyc")):
        raise ByteCodeError(f"{folder} could not be compiled by {compiler.executable}:\n{done.stdout}{done.stderr}")
