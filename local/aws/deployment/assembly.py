"""Deploys a synthesised cloud assembly to the embedded AWS without Node, and destroys it.

For tests, where the CDK CLI would take most of the time; `deploy` runs the CLI.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.aws.deployment.deploy import DeployError
from local.aws.embedded import EmbeddedAws

BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
FAILED_CREATION = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def deploy_assembly(aws: EmbeddedAws, folder: Path) -> list[str]:
    """Creates or updates the stacks of the cloud assembly in `folder`; returns their names."""
    return list(deployed_stacks(aws, folder))


def deployed_stacks(aws: EmbeddedAws, folder: Path) -> Iterator[str]:
    """Creates or updates the stacks of the cloud assembly in `folder`; yields the name of each when it is done."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    aws.client("ssm").put_parameter(Name=BOOTSTRAP_VERSION, Value="30", Type="String", Overwrite=True)
    for name in _in_order(artifacts):
        yield _deploy(aws, folder, name, artifacts[name])


def destroy_assembly(aws: EmbeddedAws, folder: Path) -> None:
    """Deletes the stacks of the cloud assembly in `folder`, as `cdk destroy --all` does: each before its dependencies.

    Raises DeployError with the reasons if a stack could not be deleted.
    """
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    for name in reversed([*_in_order(artifacts)]):
        delete_stack(aws, str(artifacts[name]["properties"].get("stackName", name)))


def delete_stack(aws: EmbeddedAws, name: str) -> None:
    """Deletes the stack; raises DeployError with the reason if that failed."""
    try:
        aws.client("cloudformation").delete_stack(StackName=name)
    except ClientError as error:
        raise DeployError(f"{name}: {error}") from error


def _in_order(artifacts: Mapping[str, Any]) -> Iterator[str]:
    """The stacks in deployment order: each after its dependencies."""
    done: set[str] = set()

    def with_dependencies(name: str) -> Iterator[str]:
        for other in artifacts[name].get("dependencies", []):
            yield from with_dependencies(other)
        if artifacts[name]["type"] == "aws:cloudformation:stack" and name not in done:
            done.add(name)
            yield name

    for name in artifacts:
        yield from with_dependencies(name)


def _deploy(aws: EmbeddedAws, folder: Path, artifact_name: str, artifact: Mapping[str, Any]) -> str:
    name = str(artifact["properties"].get("stackName", artifact_name))
    _publish(aws, folder, json.loads((folder / f"{artifact_name}.assets.json").read_text())["files"])
    template = (folder / artifact["properties"]["templateFile"]).read_text()
    put_stack(aws, name, template)
    return name


def put_stack(aws: EmbeddedAws, name: str, template: str) -> None:
    """Creates or updates the stack; raises DeployError with the reasons if it was rolled back.

    A stack whose first deployment failed is deleted first, and an update without changes is ignored, as by the CDK.
    """
    formation = aws.client("cloudformation")
    status = next(
        (each["StackStatus"] for each in formation.describe_stacks()["Stacks"] if each["StackName"] == name), ""
    )
    if status in FAILED_CREATION:
        formation.delete_stack(StackName=name)
    put = formation.update_stack if status and status not in FAILED_CREATION else formation.create_stack
    try:
        put(StackName=name, TemplateURL=_uploaded(aws, name, template), Capabilities=CAPABILITIES)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
    if reasons := failed_resources(aws, name):
        raise DeployError("\n".join(reasons))


def failed_resources(aws: EmbeddedAws, stack_name: str) -> list[str]:
    """The refusals of the stack's last operation, empty if it succeeded: logical id, type and reason of each."""
    formation = aws.client("cloudformation")
    [stack] = formation.describe_stacks(StackName=stack_name)["Stacks"]
    if stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        return []
    events = formation.describe_stack_events(StackName=stack_name)["StackEvents"]
    refused = [each for each in events if each["ResourceStatus"] in {"CREATE_FAILED", "UPDATE_FAILED"}]
    return [
        f"{stack_name} {each['LogicalResourceId']} ({each['ResourceType']}): {each.get('ResourceStatusReason', '')}"
        for each in refused[:1]
    ]


def _uploaded(aws: EmbeddedAws, name: str, template: str) -> str:
    """The URL of the template in a bucket: a request may hold 51,200 bytes only."""
    s3, bucket, key = aws.client("s3"), f"cdk-templates-{aws.account}-{aws.region}", f"{name}.json"
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=template.encode())
    except s3.exceptions.NoSuchBucket:
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key=key, Body=template.encode())
    return f"{aws.endpoint_url}/{bucket}/{key}"


def _publish(aws: EmbeddedAws, folder: Path, files: Mapping[str, Any]) -> None:
    """Uploads the assets that their buckets lack, as the CLI does: a key contains the hash of the content."""
    known: dict[str, set[str]] = {}
    for asset in files.values():
        for destination in asset["destinations"].values():
            bucket, key = _resolved(aws, destination["bucketName"]), destination["objectKey"]
            if bucket not in known:
                known[bucket] = _keys(aws, bucket)
            if key not in known[bucket]:
                aws.client("s3").put_object(Bucket=bucket, Key=key, Body=_content(folder, asset["source"]))


def _keys(aws: EmbeddedAws, bucket: str) -> set[str]:
    """The keys in the bucket, which is created if it does not exist."""
    s3 = aws.client("s3")
    try:
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket))
    except s3.exceptions.NoSuchBucket:
        s3.create_bucket(Bucket=bucket)
        return set()
    return {str(each["Key"]) for page in pages for each in page.get("Contents", ())}


def _resolved(aws: EmbeddedAws, text: str) -> str:
    return text.replace("${AWS::AccountId}", aws.account).replace("${AWS::Region}", aws.region)


def _content(folder: Path, source: Mapping[str, Any]) -> bytes:
    path = folder / str(source["path"])
    if source.get("packaging") != "zip":
        return path.read_bytes()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in sorted(path.rglob("*")):
            if file.is_file():
                # the CDK's timestamp, so that equal content gives an equal package
                archive.writestr(zipfile.ZipInfo(str(file.relative_to(path)), (1980, 1, 1, 0, 0, 0)), file.read_bytes())
    return content.getvalue()
