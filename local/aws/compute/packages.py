"""Unpacks deployed zip files into folders, once per machine and content."""

import functools
import hashlib
import importlib.metadata
import io
import os
import re
import shutil
import sys
import tempfile
import time
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "build" / "packages"
KEPT_SECONDS = 3 * 24 * 3600
"""Unused packages are deleted after this time. Longer: more disk space, 200 MB for each dependencies layer. Shorter:
packages are unpacked again more often, which takes a second or two."""


def unpacked(digest: str, content: bytes) -> Path:
    """The folder with the contents of the zip file. Several processes may unpack the same file at once."""
    folder = FOLDER / digest
    if not folder.is_dir():
        _delete_old()
        partial = _partial()
        zipfile.ZipFile(io.BytesIO(content)).extractall(partial)
        _move(partial, folder)
    os.utime(folder)
    return folder


def _partial() -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="unpacking-", dir=FOLDER))


def _move(partial: Path, folder: Path) -> None:
    try:
        partial.rename(folder)
    except OSError:
        shutil.rmtree(partial)
        if not folder.is_dir():
            raise


def _delete_old() -> None:
    for folder in FOLDER.glob("*"):
        if folder.stat().st_mtime < time.time() - KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def runtime_client_folder() -> Path:
    """A folder with the runtime interface client and its dependencies, and nothing else of this virtual environment.

    Every other import of a function must come from its own zip file or its layers, as on Lambda.
    """
    version = importlib.metadata.version("awslambdaric")
    prefix = hashlib.sha256(sys.prefix.encode()).hexdigest()[:12]
    folder = FOLDER / f"awslambdaric-{version}-{prefix}"
    if not folder.is_dir():
        partial = _partial()
        for distribution in _with_requirements("awslambdaric"):
            for name in _top_level_names(distribution):
                (partial / name).symlink_to(Path(str(distribution.locate_file(name))))
        _move(partial, folder)
    os.utime(folder)
    return folder


def _with_requirements(name: str) -> list[importlib.metadata.Distribution]:
    distribution = importlib.metadata.distribution(name)
    required = [
        re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in distribution.requires or [] if "extra ==" not in line
    ]
    return [distribution, *(found for each in required for found in _with_requirements(each))]


def _top_level_names(distribution: importlib.metadata.Distribution) -> set[str]:
    names = {file.parts[0] for file in distribution.files or []}
    return {name for name in names if name not in {"..", "__pycache__"} and not name.endswith(".dist-info")}
