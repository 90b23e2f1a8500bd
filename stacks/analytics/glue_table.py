"""Adds a table to a database of the Glue Data Catalog."""

from aws_cdk import Stack
from aws_cdk import aws_glue as glue
from constructs import Construct

from stacks.analytics.tables import Table


def add_table(scope: Construct, id_: str, *, database: glue.CfnDatabase, table: Table) -> glue.CfnTable:
    """Adds the table to the database. `id_` is its construct id: of one that changes, CloudFormation makes another."""
    columns = [glue.CfnTable.ColumnProperty(name=name, type=kind) for name, kind in table.columns.items()]
    partition_keys = [glue.CfnTable.ColumnProperty(name=each.column, type="string") for each in table.partitions]
    return glue.CfnTable(
        scope,
        id_,
        catalog_id=Stack.of(scope).account,
        database_name=database.ref,
        table_input=glue.CfnTable.TableInputProperty(
            name=table.name,
            description=table.description,
            table_type="EXTERNAL_TABLE",
            partition_keys=partition_keys,
            parameters=table.parameters,
            storage_descriptor=_described(table, columns),
        ),
    )


def _described(table: Table, columns: list[glue.CfnTable.ColumnProperty]) -> glue.CfnTable.StorageDescriptorProperty:
    storage = table.storage
    return glue.CfnTable.StorageDescriptorProperty(
        columns=columns,
        location=table.location,
        input_format=storage.input_format,
        output_format=storage.output_format,
        serde_info=glue.CfnTable.SerdeInfoProperty(
            serialization_library=storage.serde, parameters=dict(storage.serde_parameters) or None
        ),
    )
