"""Glue and Athena: the resource types that moto does not support. They are stored and described; queries do not run."""

import contextlib

from botocore.exceptions import ClientError

from local.aws.deployment.cloudformation import ResourceType


class Database(ResourceType):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::Glue::Database"

    def create(self) -> str:
        wanted = {"Name": self.name.lower(), **self.properties["DatabaseInput"]}
        with contextlib.suppress(self.client("glue").exceptions.AlreadyExistsException):
            self.client("glue").create_database(DatabaseInput=wanted)
        return str(wanted["Name"])

    def delete(self) -> None:
        self.client("glue").delete_database(Name=self.properties["DatabaseInput"].get("Name", self.name).lower())


class Table(ResourceType):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::Glue::Table"

    def create(self) -> str:
        database, wanted = self.properties["DatabaseName"], {"Name": self.name.lower(), **self.properties["TableInput"]}
        glue = self.client("glue")
        try:
            glue.create_table(DatabaseName=database, TableInput=wanted)
        except glue.exceptions.AlreadyExistsException:
            glue.update_table(DatabaseName=database, TableInput=wanted)
        return str(wanted["Name"])

    def delete(self) -> None:
        self.client("glue").delete_table(
            DatabaseName=self.properties["DatabaseName"], Name=self.properties["TableInput"]["Name"]
        )


class WorkGroup(ResourceType):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::Athena::WorkGroup"
    name_property = "Name"

    def create(self) -> str:
        with contextlib.suppress(ClientError):  # exists already; moto cannot update it
            self.client("athena").create_work_group(
                Name=self.name,
                Configuration=self.properties.get("WorkGroupConfiguration", {}),
                Description=self.properties.get("Description", ""),
            )
        return self.name

    def delete(self) -> None:
        recursively = bool(self.properties.get("RecursiveDeleteOption"))
        self.client("athena").delete_work_group(WorkGroup=self.name, RecursiveDeleteOption=recursively)


class NamedQuery(ResourceType):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::Athena::NamedQuery"

    def create(self) -> str:
        created = self.client("athena").create_named_query(
            Name=self.properties.get("Name", self.name),
            Database=self.properties["Database"],
            QueryString=self.properties["QueryString"],
            Description=self.properties.get("Description", ""),
            WorkGroup=self.properties.get("WorkGroup", "primary"),
        )
        return str(created["NamedQueryId"])
