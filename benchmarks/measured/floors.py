"""What the libraries alone take of one file: `python -m benchmarks.measured.floors FILE` prints it as JSON.

The floor of any pipeline on them: isal inflates, polars reads the lines with the schema given, and polars writes the
enriched rows as Parquet. Nothing is checked, attributed, added up or detected, and no line is doubtful.
"""

import json
import math
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import polars as pl
from isal import isal_zlib

from benchmarks.guard.timing import least, of_one
from benchmarks.made_traffic import Company
from benchmarks.measured.stages import Profile
from benchmarks.measured.subjects import blocks
from flowsentry.decode import object_texts
from flowsentry.emit.enriched_object import PARQUET, ROW_GROUP_ROWS, EnrichedFile
from flowsentry.frames import LogChunk, LogText
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.pipeline import Context, Stores, process
from flowsentry.records.fields import MISSING, column_of, dtype_of

Work = Callable[[], object]
TIMES = 3
"""The least of three: other processes only add to it."""


def floors(path: Path) -> Profile:
    """The least that each library takes."""
    packed, texts = path.read_bytes(), list(object_texts(blocks(path)))
    rows = _enriched_rows(path)
    work: dict[str, Work] = {
        "isal inflates": lambda: isal_zlib.decompress(packed, 31),
        "polars reads lines": lambda: [_read(text) for text in texts],
        "polars writes Parquet": lambda: _write(rows),
    }
    return {name: least([of_one(do) for _ in range(TIMES)]) for name, do in work.items()}


def _read(text: LogChunk) -> pl.DataFrame:
    if not isinstance(text, LogText):
        raise TypeError("a made file is text")
    schema = {column_of(name): dtype_of(name) for name in text.names}
    return pl.read_csv(text.text, has_header=False, separator=" ", quote_char=None, schema=schema, null_values=MISSING)


def _enriched_rows(path: Path) -> pl.DataFrame:
    context = Context(Company(random.Random(7)).inventory())
    with tempfile.TemporaryDirectory() as folder:
        file = EnrichedFile(Path(folder) / "enriched.parquet")
        process(object_texts(blocks(path)), context, Stores(EvidenceInMemory(), FindingsInMemory()), file, math.inf)
        return pl.read_parquet(file.path)


def _write(rows: pl.DataFrame) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, part in enumerate(rows.iter_slices(ROW_GROUP_ROWS)):
            part.write_parquet(Path(folder) / f"{number}.parquet", **PARQUET)


if __name__ == "__main__":
    print(json.dumps({library: asdict(took) for library, took in floors(Path(sys.argv[1])).items()}))
