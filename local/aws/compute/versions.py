"""Lambda: published versions and aliases in templates, and what SnapStart refuses."""

from collections.abc import Iterator, Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException

from local.aws.deployment.cloudformation import ResourceType

OLDEST_PYTHON_WITH_SNAP_START = (3, 12)
MOST_STORAGE_MB = 512


def snap_start_defects(function: Any) -> Iterator[str]:
    """Why a function of a template can't have SnapStart.

    https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html#snapstart-runtimes
    """
    properties: Mapping[str, Any] = getattr(function, "snap_start_properties", {})
    if (properties.get("SnapStart") or {}).get("ApplyOn") != "PublishedVersions":
        return
    runtime = str(function.run_time)
    version = runtime.removeprefix("python").split(".")
    if runtime.startswith("python") and tuple(map(int, version)) < OLDEST_PYTHON_WITH_SNAP_START:
        yield f"{runtime} is not supported for SnapStart enabled functions."
    if int((properties.get("EphemeralStorage") or {}).get("Size", MOST_STORAGE_MB)) > MOST_STORAGE_MB:
        yield f"SnapStart does not support ephemeral storage greater than {MOST_STORAGE_MB} MB."
    if properties.get("FileSystemConfigs"):
        yield "SnapStart does not support Amazon EFS."


class PublishedVersion(ResourceType):
    """A version; moto's has neither an ARN nor an attribute."""

    type_name = "AWS::Lambda::Version"
    arn = ""

    def create(self) -> str:
        name, lambda_ = self.properties["FunctionName"], self.client("lambda")
        known = {each["Version"] for each in lambda_.list_versions_by_function(FunctionName=name)["Versions"]}
        made = lambda_.publish_version(FunctionName=name, Description=self.properties.get("Description", ""))
        version, arn = str(made["Version"]), str(made["FunctionArn"])
        if version in known:
            text = f"A version for this Lambda function exists ( {version} )."
            raise InvalidParameterValueException(f"{text} Modify the function to create a new version.")
        self.arn = arn if arn.endswith(f":{version}") else f"{arn}:{version}"
        return self.arn

    def delete(self) -> None:
        function, _, version = self.arn.rpartition(":")
        self.client("lambda").delete_function(FunctionName=function, Qualifier=version)

    def attributes(self) -> Mapping[str, str]:
        return {"Version": self.arn.rpartition(":")[2], "FunctionArn": self.arn}


class Alias(ResourceType):
    """An alias; moto's CloudFormation does not support the type."""

    type_name = "AWS::Lambda::Alias"
    arn = ""

    def create(self) -> str:
        lambda_, wanted = self.client("lambda"), self.properties
        known = {each["Name"] for each in lambda_.list_aliases(FunctionName=wanted["FunctionName"])["Aliases"]}
        put = lambda_.update_alias if wanted["Name"] in known else lambda_.create_alias
        made = {"FunctionName": wanted["FunctionName"], "Name": wanted["Name"]}
        self.arn = str(put(**made, FunctionVersion=str(wanted["FunctionVersion"]))["AliasArn"])
        return self.arn

    def delete(self) -> None:
        function, _, name = self.arn.rpartition(":")
        self.client("lambda").delete_alias(FunctionName=function, Name=name)

    def attributes(self) -> Mapping[str, str]:
        return {"AliasArn": self.arn}
