"""The columns of enriched objects with their types in Athena, from which the table is created.

Athena finds a column of a Parquet file by its name; a column that an object lacks is null.
"""

import polars as pl

from flowsentry.inventory.assignment_index import OWNER
from flowsentry.inventory.geoip import GEOGRAPHY
from flowsentry.records.fields import DTYPES, FIELDS

ATHENA_TYPES: dict[type[pl.DataType], str] = {
    pl.Boolean: "boolean",
    pl.UInt8: "int",
    pl.UInt16: "int",
    pl.Int64: "bigint",
    pl.Categorical: "string",
    pl.Enum: "string",
}
"""Parquet stores unsigned numbers as signed 32-bit ones."""
_TEXT = pl.Categorical()


def _of_end(end: str) -> dict[str, pl.DataType]:
    columns = {**OWNER, "is_inside": pl.Boolean(), **GEOGRAPHY}
    return {f"{end}_{name}": type_ for name, type_ in columns.items()}


_OURS: dict[str, pl.DataType] = {
    **dict.fromkeys(("direction", "scope"), _TEXT),
    **_of_end("source"),
    **_of_end("destination"),
    **dict.fromkeys(("service", "refused_layer", "refused_by", "refused_rule", "flow_log_id"), _TEXT),
    "charged_path": _TEXT,
    "crosses_zones": pl.Boolean(),
}

ENRICHED_COLUMNS: dict[str, str] = {
    name: ATHENA_TYPES[type(type_)]
    for name, type_ in ({field.column: DTYPES[field.kind] for field in FIELDS} | _OURS).items()
}
"""Fields of AWS that this version does not know have no column here, so that queries cannot name them."""
