"""Deploys a synthesised cloud assembly to the embedded AWS without Node: uploads the assets and creates the stacks.

For tests, where the CDK CLI would take most of the time; `deploy` runs the CLI.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.aws.embedded import EmbeddedAws

BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def deploy_assembly(aws: EmbeddedAws, folder: Path) -> list[str]:
    """Creates or updates the stacks of the cloud assembly in `folder`; returns their names."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    aws.client("ssm").put_parameter(Name=BOOTSTRAP_VERSION, Value="30", Type="String", Overwrite=True)
    return [_deploy(aws, folder, name, artifacts[name]) for name in _in_order(artifacts)]


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
    formation = aws.client("cloudformation")
    exists = any(stack["StackName"] == name for stack in formation.describe_stacks()["Stacks"])
    put = formation.update_stack if exists else formation.create_stack
    put(StackName=name, TemplateBody=template, Capabilities=CAPABILITIES)
    return name


def _publish(aws: EmbeddedAws, folder: Path, files: Mapping[str, Any]) -> None:
    s3 = aws.client("s3")
    for asset in files.values():
        for destination in asset["destinations"].values():
            bucket = _resolved(aws, destination["bucketName"])
            if not _has_bucket(s3, bucket):
                s3.create_bucket(Bucket=bucket)
            s3.put_object(Bucket=bucket, Key=destination["objectKey"], Body=_content(folder, asset["source"]))


def _resolved(aws: EmbeddedAws, text: str) -> str:
    return text.replace("${AWS::AccountId}", aws.account).replace("${AWS::Region}", aws.region)


def _has_bucket(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        return False
    return True


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
