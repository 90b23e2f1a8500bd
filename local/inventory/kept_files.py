"""Files that commands keep for the next time: where they are, and how they are replaced."""

import os
import tempfile
from pathlib import Path


def state_folder() -> Path:
    """The user's folder for what commands keep.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "flowsentry"


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file, whole or not at all, so that only its owner can read it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
