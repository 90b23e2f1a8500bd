"""JSON on pages: settings are accepted by the app and by the schema, suppressions by theirs, policies name actions."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowsentry.findings.thresholds import Thresholds
from stacks.settings import inventory
from stacks.settings.deployment import Deployment
from tests.documented.blocks import ROOT, Block, blocks
from tests.documented.kinds import is_policy, is_settings, is_suppressions, json_of

DOCS = ROOT / "docs"
EXISTING = {"existing_log_groups": [{"name": "mine"}]}
"""Flow logs for examples that show other settings."""


DATABASE = "databases/GeoLite2-ASN.mmdb"
"""A file that an example names, beside cdk.json."""


def blocks_that(is_of: Any) -> Any:
    return pytest.mark.parametrize("block", [each for each in blocks() if is_of(each)], ids=str)


def errors(schema: str, document: Any) -> list[str]:
    validator = Draft202012Validator(json.loads((DOCS / schema).read_text()))
    return [each.message for each in validator.iter_errors(document)]


def section_of(block: Block) -> dict[str, Any]:
    """The settings of the block: of a whole file, of the section, or some of them."""
    document = json_of(block)
    section = document.get("context", document)
    shown: dict[str, Any] = section.get("flowsentry", section)
    return shown


@blocks_that(is_settings)
def test_settings_are_accepted_by_the_app_and_by_the_schema(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / DATABASE).parent.mkdir()
    (tmp_path / DATABASE).touch()
    monkeypatch.setattr(inventory, "local_file", tmp_path.joinpath)
    shown = section_of(block)
    whole = shown if set(shown) & {"sources", "organization_id"} else {**EXISTING, **shown}
    assert Deployment.from_context({"flowsentry": whole}).name == "flowsentry"
    assert errors("settings.schema.json", {"context": {"flowsentry": whole}}) == []


@blocks_that(is_suppressions)
def test_suppressions_are_valid_by_their_schema(block: Block) -> None:
    assert errors("suppressions.schema.json", json_of(block)) == []


@blocks_that(is_policy)
def test_a_policy_has_effects_actions_and_resources_or_principals(block: Block) -> None:
    document = json_of(block)
    statements = document if isinstance(document, list) else document.get("Statement", [document])
    for each in statements:
        actions = [each["Action"]] if isinstance(each["Action"], str) else each["Action"]
        assert each["Effect"] in {"Allow", "Deny"}
        assert set(each) & {"Resource", "Principal"}
        assert [action for action in actions if action.count(":") != 1] == []


def test_a_default_that_the_page_on_tuning_states_is_that_of_the_threshold() -> None:
    stated = dict(re.findall(r"`([a-z_]+\.[a-z_]+)` \(([\d.]+)\)", (DOCS / "tuning.md").read_text()))
    sections = asdict(Thresholds())
    defaults = {f"{name}.{each}": str(value) for name, values in sections.items() for each, value in values.items()}
    assert stated
    assert {name: defaults.get(name) for name in stated} == stated
