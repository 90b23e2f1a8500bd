"""The generated parts of the settings' documentation: tables and a policy in settings.md, and settings.schema.json.

They are made from the models in stacks/settings and from the calls of the inventory function. The text of settings.md
between the tables is written by hand.
"""
# ruff: noqa: INP001 - a script beside the pages it writes; only docs/generate.py imports it

import json
import re
from collections.abc import Iterator, Mapping
from textwrap import fill
from typing import Any

from stacks.ownership.describe_actions import DESCRIBE_ACTIONS
from stacks.prices.own_prices import TrafficPrices
from stacks.settings.alarms import AlarmSettings
from stacks.settings.alerts import AlertSettings, SlackChannel
from stacks.settings.deployment import SECTION, Deployment
from stacks.settings.detection import DetectionSettings
from stacks.settings.existing_flow_logs import ExistingBucket, ExistingLogGroup
from stacks.settings.flow_logs import FlowLogSettings
from stacks.settings.inventory import InventoryTarget, OwnershipSettings
from stacks.settings.kubernetes import InventoryNetwork, KubernetesCluster
from stacks.settings.logged.log_queries import LogQuerySettings, MetricFilter
from stacks.settings.logged.payload_stream import PayloadStream
from stacks.settings.logged.storage import StorageTransition
from stacks.settings.operation import GuardRailSettings, ObjectProcessor, OperationSettings, StreamProcessor
from stacks.settings.problems import allowed, schema_of
from stacks.settings.sources import Source
from stacks.settings.values import Section

PARTS: tuple[type[Section], ...] = (
    FlowLogSettings,
    DetectionSettings,
    AlertSettings,
    AlarmSettings,
    OwnershipSettings,
    LogQuerySettings,
    OperationSettings,
    GuardRailSettings,
)
"""The parts of a deployment's settings, each with a table of its own."""
OBJECTS: tuple[type[Section], ...] = (
    *(
        Source,
        StorageTransition,
        ExistingLogGroup,
        ExistingBucket,
        InventoryTarget,
        KubernetesCluster,
        InventoryNetwork,
        SlackChannel,
    ),
    *(MetricFilter, StreamProcessor, ObjectProcessor, PayloadStream, TrafficPrices),
)
"""Objects within the settings, each with a table of its own."""
TABLES: tuple[type[Section], ...] = (Deployment, *PARTS, *OBJECTS)
TABLE = re.compile(r"(?<=<!-- settings: )(\w+) -->\n.*?(?=<!-- end -->)", re.DOTALL)
ACTIONS = re.compile(r"(?<=      \"Action\": \[\n).*?(?=\n      \],)", re.DOTALL)
"""The permissions in the policy of a role of another account."""
MAX_LETTERS_OF_DEFAULT = 40
"""A longer default is cut; its description says what it is."""


def with_tables(page: str) -> str:
    """The page with the table of a model between the comments `<!-- settings: Model -->` and `<!-- end -->`, and with
    the permissions that the inventory function needs in the policy of a role.
    """
    models = {model.__name__: model for model in TABLES}

    def table(found: re.Match[str]) -> str:
        rows = "\n".join(_rows(models[found[1]]))
        return f"{found[1]} -->\n\n{rows}\n\n"

    actions = ", ".join(f'"{action}"' for action in sorted(DESCRIBE_ACTIONS))
    indent = " " * 8
    wrapped = fill(actions, 112, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    return ACTIONS.sub(wrapped, TABLE.sub(table, page))


def _rows(model: type[Section]) -> Iterator[str]:
    schema = schema_of(model)
    parts = [*PARTS] if model is Deployment else []
    inherited = {name for part in parts for name in part.model_fields}
    yield "| setting | default | allowed | description |"
    yield "|---|---|---|---|"
    for name, part in schema["properties"].items():
        if name not in inherited:
            cells = (f"`{name}`", _default(name, part, schema), _allowed(part, schema), _one_line(part["description"]))
            yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _default(name: str, part: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if name in schema.get("required", ()):
        return "required"
    if part.get("additionalProperties"):  # an object of any names, such as tags
        return "none"
    match part.get("default", {}):
        case dict():
            return "see there"
        case None | "" | []:
            return "none"
        case bool(value):
            return "true" if value else "false"
        case value:
            return _shown_default(value, part)


def _shown_default(value: object, part: Mapping[str, Any]) -> str:
    if isinstance(value, list) and value == part["items"].get("enum"):
        return "all of them"
    text = str(value)
    return f"`{text if len(text) <= MAX_LETTERS_OF_DEFAULT else f'{text[:MAX_LETTERS_OF_DEFAULT]}…'}`"


def _allowed(part: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What is allowed, in words; the settings of an object have a table of their own."""
    words = re.sub(r"an object with .*", "an object", allowed(part, schema))
    return words.replace("a list, each item an object", "a list of objects")


def schema_text(suppressions: Mapping[str, Any]) -> str:
    """The JSON schema of cdk.json, of which it describes the settings of a deployment and nothing else. It includes the
    entries of the schema of suppressions, because a validator finds no other file without its address.
    """
    schema = _as_text(schema_of(Deployment))
    definitions = schema.pop("$defs")
    definitions["Suppression"] = suppressions["properties"]["suppressions"]["items"]
    schema["properties"]["suppressions"]["items"] = {"$ref": "#/$defs/Suppression"}
    schema["properties"]["suppressions"]["maxItems"] = suppressions["properties"]["suppressions"]["maxItems"]
    schema["anyOf"] = [
        {"required": [key], "properties": {key: {"minItems": 1}}} for key in FlowLogSettings.model_fields
    ]
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cdk.json of Flowsentry",
        "type": "object",
        "properties": {"context": {"type": "object", "properties": {SECTION: schema}}},
        "$defs": definitions,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _as_text(node: Any) -> Any:
    """The node with every description on one line and without links, which editors do not follow."""
    if isinstance(node, dict):
        return {key: _plain(value) if key == "description" else _as_text(value) for key, value in node.items()}
    return [_as_text(each) for each in node] if isinstance(node, list) else node


def _plain(description: Any) -> Any:
    if not isinstance(description, str):
        return _as_text(description)
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", _one_line(description))


def _one_line(text: str) -> str:
    return " ".join(text.split())
