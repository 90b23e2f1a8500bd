"""The files that benchmarks read, made once and kept in build/benchmarks."""

import random
import zlib
from pathlib import Path

from benchmarks import made_traffic
from benchmarks.made_traffic import INTERFACES, Company, write_object
from flowsentry.inventory.snapshot import pack

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "build" / "benchmarks" / f"{zlib.crc32(Path(made_traffic.__file__).read_bytes()):08x}"
"""Another one when the traffic changes, so that no file of earlier traffic is read."""


def made(
    name: str,
    names: tuple[str, ...],
    records: int | None = None,
    gz_bytes: int | None = None,
    damaged_every: int | None = None,
    interfaces: int = INTERFACES,
) -> Path:
    """The file of that name, created if missing."""
    path = FOLDER / f"{name}.log.gz"
    if not path.exists():
        print(f"creating {path.name} …", flush=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        write_object(
            partial, names, records=records, gz_bytes=gz_bytes, damaged_every=damaged_every, interfaces=interfaces
        )
        partial.rename(path)
    return path


def made_snapshot(interfaces: int) -> Path:
    """The file of the inventory of a company with so many interfaces, created if missing."""
    path = FOLDER / f"snapshot-{interfaces}.zip"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pack(Company(random.Random(7), interfaces).inventory()))
    return path
