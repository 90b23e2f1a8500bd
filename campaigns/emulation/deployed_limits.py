"""Reads the limits of the stacks from their source, because importing the CDK starts Node."""

import ast
from pathlib import Path

STACKS = Path(__file__).parents[2] / "stacks"


def numbers_in(stack: str) -> dict[str, int]:
    """The integer constants of a module in stacks/, by name."""
    found: dict[str, int] = {}
    for node in ast.parse((STACKS / f"{stack}.py").read_text()).body:
        if isinstance(node, ast.Assign):
            found |= _pairs(node.targets[0], node.value)
    return found


def _pairs(target: ast.expr, value: ast.expr) -> dict[str, int]:
    names = target.elts if isinstance(target, ast.Tuple) else [target]
    values = value.elts if isinstance(value, ast.Tuple) else [value]
    return {
        name.id: each.value
        for name, each in zip(names, values, strict=False)
        if isinstance(name, ast.Name) and isinstance(each, ast.Constant) and isinstance(each.value, int)
    }


OBJECT_QUEUE_LIMITS, PROCESSORS = numbers_in("sources/object_queue"), numbers_in("processing/processors")
ALERTING, STREAM = numbers_in("alerting/function"), numbers_in("sources/payload_stream")
