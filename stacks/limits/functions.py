"""Limits of Lambda: environment, resource policy, layers and code. Not one of them can be raised.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stacks.limits.templates import Excess, Resource, Templates

FUNCTION, LAYER, PERMISSION = "AWS::Lambda::Function", "AWS::Lambda::LayerVersion", "AWS::Lambda::Permission"
ENVIRONMENT_BYTES = 4_096
"""Measured by Lambda as one JSON object of names and values ("String measured: {…}" in its error)."""
POLICY_BYTES = 20_480
UNZIPPED_BYTES = 250 * 1024 * 1024
LAYERS = 5
STATEMENT_ID = 100
"""Most characters of the Sid that CloudFormation generates for a permission."""


def environments(templates: Templates) -> Iterator[Excess]:
    """Functions whose environment variables exceed 4 KB."""
    for function in templates.of_type(FUNCTION):
        variables = function.properties.get("Environment", {}).get("Variables", {})
        if (size := templates.bytes_of(function, variables)) > ENVIRONMENT_BYTES:
            largest = sorted(variables, key=lambda name: -templates.bytes_of(function, variables[name]))[:3]
            yield Excess(
                function,
                f"the environment variables need up to {size:,} bytes, most of them {', '.join(largest)}; "
                f"allowed: {ENVIRONMENT_BYTES:,}",
            )


def policies(templates: Templates) -> Iterator[Excess]:
    """Functions whose permissions exceed the size of a function's policy."""
    permissions: dict[str, list[Resource]] = defaultdict(list)
    for permission in templates.of_type(PERMISSION):
        permissions[templates.text(permission, str(permission.properties["FunctionName"]))].append(permission)
    for of_function in permissions.values():
        size = sum(_statement_bytes(templates, each) for each in of_function)
        if size > POLICY_BYTES:
            yield Excess(
                of_function[0],
                f"the {len(of_function)} permissions to invoke this function need up to {size:,} bytes in its policy; "
                f"allowed: {POLICY_BYTES:,}. One permission for log groups whose names begin alike needs fewer",
            )


def _statement_bytes(templates: Templates, permission: Resource) -> int:
    """The most bytes of the statement that Lambda makes of a permission."""
    given = permission.properties
    statement: dict[str, Any] = {
        "Sid": "x" * STATEMENT_ID,
        "Effect": "Allow",
        "Principal": {"Service": given["Principal"]},
        "Action": given["Action"],
        "Resource": given["FunctionName"],
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": given.get("SourceAccount", "")},
            "ArnLike": {"AWS:SourceArn": given.get("SourceArn", "")},
        },
    }
    return templates.bytes_of(permission, statement) + 1


def packages(templates: Templates) -> Iterator[Excess]:
    """Functions whose code and layers, unzipped, exceed 250 MB; measured in the folders that are uploaded."""
    layers = {(each.stack, each.id): each for each in templates.of_type(LAYER)}
    for function in templates.of_type(FUNCTION):
        used = [layers[function.stack, each["Ref"]] for each in function.properties.get("Layers", ()) if "Ref" in each]
        if len(used) > LAYERS:
            yield Excess(function, f"it has {len(used)} layers; allowed: {LAYERS}")
        contents = (function.properties.get("Code", {}), *(each.properties.get("Content", {}) for each in used))
        if (size := sum(_unzipped(templates.folder, each.get("S3Key", "")) for each in contents)) > UNZIPPED_BYTES:
            yield Excess(
                function,
                f"its code and layers have {size / 2**20:.1f} MB unzipped; allowed: {UNZIPPED_BYTES // 2**20}. "
                "Remove a package from layers/dependencies/requirements.txt",
            )


def _unzipped(folder: Path, key: str) -> int:
    """Bytes of the folder that is uploaded to this key; 0 where it is not in the folder of the templates."""
    asset = folder / f"asset.{key.removesuffix('.zip')}"
    return sum(path.stat().st_size for path in asset.rglob("*") if path.is_file()) if asset.is_dir() else 0
