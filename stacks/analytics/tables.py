"""Tables of the Glue Data Catalog over objects in S3, and the storage formats that they have."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stacks.analytics.partitions import Partition

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"


@dataclass(frozen=True)
class Storage:
    """How the objects of a table are read: classes of Hive, parameters of the SerDe, and of the table."""

    classification: str
    input_format: str
    output_format: str
    serde: str
    serde_parameters: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


PARQUET = Storage(
    "parquet",
    f"{_PARQUET}.MapredParquetInputFormat",
    f"{_PARQUET}.MapredParquetOutputFormat",
    f"{_PARQUET}.serde.ParquetHiveSerDe",
)
"""Columns are found by their names; one that an object lacks is null.
https://docs.aws.amazon.com/athena/latest/ug/parquet-serde.html"""
FLOW_LOG_TEXT = Storage(
    "csv",
    _TEXT_INPUT,
    _TEXT_OUTPUT,
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    {"field.delim": " ", "serialization.format": " ", "serialization.null.format": "-"},
    {"skip.header.line.count": "1"},
)
"""Fields between single spaces, under a header, gzip by the end of the key; `-` is null. Columns are found by their
places.
https://docs.aws.amazon.com/athena/latest/ug/vpc-flow-logs-create-table-statement.html
https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html"""


@dataclass(frozen=True)
class Table:
    """A table: its columns with their types in Athena, in the order of the objects, and where the objects are.

    `location` is `s3://bucket/prefix/`; below it the keys of the partitions follow one another as folders.
    """

    name: str
    description: str
    columns: Mapping[str, str]
    location: str
    partitions: tuple[Partition, ...]
    storage: Storage = PARQUET

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the table, those of the projection included."""
        projected = {name: value for each in self.partitions for name, value in each.parameters.items()}
        template = self.location + "/".join(each.key for each in self.partitions)
        return {
            "EXTERNAL": "TRUE",
            "classification": self.storage.classification,
            **self.storage.parameters,
            "projection.enabled": "true",
            **projected,
            "storage.location.template": template,
        }
