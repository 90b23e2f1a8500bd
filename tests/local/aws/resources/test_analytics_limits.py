"""Tables, named queries and workgroups that are refused, each limit just below and just above."""

from typing import Any
from uuid import uuid4

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.aws.embedded import EmbeddedAws

UNCHECKED = Config(parameter_validation=False)
"""Lets values through that boto3 refuses itself."""


def athena(aws: EmbeddedAws) -> Any:
    return aws.session().client("athena", endpoint_url=aws.endpoint_url, config=UNCHECKED)


def table(aws: EmbeddedAws, *columns: str, name: str = "", description: str = "") -> None:
    glue, database = aws.client("glue"), uuid4().hex
    glue.create_database(DatabaseInput={"Name": database})
    described = {"Columns": [{"Name": column, "Type": "int"} for column in columns]}
    glue.create_table(
        DatabaseName=database,
        TableInput={
            "Name": name or "flows",
            "Description": description,
            "StorageDescriptor": described,
            "PartitionKeys": [{"Name": "day", "Type": "string"}],
        },
    )


def query(aws: EmbeddedAws, **given: Any) -> None:
    text = {"Name": "q", "Description": "d", "QueryString": "SELECT 1", "Database": "d", **given}
    athena(aws).create_named_query(**text)


def test_names_of_tables_and_columns_have_255_characters(aws: EmbeddedAws) -> None:
    table(aws, "x" * 255, name="x" * 255)
    with pytest.raises(ClientError, match="less than or equal to 255"):
        table(aws, "a", name="x" * 256)
    with pytest.raises(ClientError, match="less than or equal to 255"):
        table(aws, "x" * 256)


def test_the_description_of_a_table_has_2048_characters(aws: EmbeddedAws) -> None:
    table(aws, "a", description="x" * 2048)
    with pytest.raises(ClientError, match="less than or equal to 2048"):
        table(aws, "a", description="x" * 2049)


def test_a_column_is_named_once_partitions_included(aws: EmbeddedAws) -> None:
    table(aws, "a", "b")
    with pytest.raises(ClientError, match="Column day repeated in table flows"):
        table(aws, "a", "day")


@pytest.mark.parametrize(("key", "most"), [("Name", 128), ("Description", 1024), ("QueryString", 262_144)])
def test_texts_of_a_query_have_a_longest_length_and_are_not_empty(aws: EmbeddedAws, key: str, most: int) -> None:
    query(aws, **{key: "x" * most})
    for text in ("x" * (most + 1), ""):
        with pytest.raises(ClientError, match="equal to"):
            query(aws, **{key: text})


def test_a_query_may_scan_ten_megabytes_at_least(aws: EmbeddedAws) -> None:
    create = athena(aws).create_work_group
    create(Name=uuid4().hex, Configuration={"BytesScannedCutoffPerQuery": 10_000_000})
    with pytest.raises(ClientError, match="greater than or equal to 10000000"):
        create(Name=uuid4().hex, Configuration={"BytesScannedCutoffPerQuery": 9_999_999})
