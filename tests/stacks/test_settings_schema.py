"""The JSON schema of the settings accepts and refuses the same cdk.json as synth."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stacks.settings.deployment import Deployment
from stacks.settings.problems import allowed, schema_of
from stacks.settings.reading import SettingsError
from tests.stacks.conftest import ALL_SETTINGS, DATABASE, VPC

ROOT = Path(__file__).parents[2]
SOURCE = {"vpc_ids": [VPC], "destination": "s3"}


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    """docs/settings.schema.json, which needs no other file."""
    return Draft202012Validator(json.loads((ROOT / "docs" / "settings.schema.json").read_text()))


def described(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields (name, schema) of every setting."""
    for part in (schema, *schema["$defs"].values()):
        yield from part["properties"].items()


def test_every_setting_has_a_description_and_says_what_is_allowed() -> None:
    schema = schema_of(Deployment)
    for name, part in described(schema):
        assert part["description"], name
        automatic_title = name.replace("_", " ").title()
        assert not allowed(part, schema).startswith(automatic_title), f"the type of {name} needs a title"


def test_cdk_json_refers_to_the_schema_and_is_valid(schema: Draft202012Validator) -> None:
    written = json.loads((ROOT / "cdk.json").read_text())
    assert written["$schema"] == "docs/settings.schema.json"
    schema.validate(written)


def test_settings_of_every_kind_are_valid(schema: Draft202012Validator) -> None:
    DATABASE.write_bytes(b"a database")
    schema.validate({"context": {"flowsentry": ALL_SETTINGS}})
    assert Deployment.from_context({"flowsentry": ALL_SETTINGS})


@pytest.mark.parametrize(
    "settings",
    [
        {"digets_minutes": 5},
        {"digest_minutes": 0},
        {"digest_minutes": "5"},
        {"sources": [{"vpc_ids": [VPC]}]},
        {"sources": [{**SOURCE, "vpc_ids": ["vpc-xyz"]}]},
        {"sources": [{**SOURCE, "destination": "firehose"}]},
        {"thresholds": {"scan": {"min_endpoints": 2}}},
        {"suppressions": [{"reason": "ours"}]},
        {"suppressions": [{"reason": "ours", "networks": ["10.0.0.0/8"], "kinds": ["scan"]}]},
        {"sources": []},
        {"inside_networks": ["10.0.0.0/0.255.255.255"]},
        {"trusted_networks": ["fe80::%eth0/64"]},
        {"alert_emails": ["a\u202e@example.com"]},
        {"observe_only_until": "1798761600"},
        {"existing_buckets": [{"name": "my-flow-logs", "prefix": "a\u0000"}]},
        {"log_retention_days": 31},
        {"log_retention_days": True},
        {"inventory_network": {"subnet_ids": []}},
        {"geo_databases": ["cities.csv"]},
    ],
)
def test_invalid_settings_are_refused_by_the_schema_and_by_synth(
    schema: Draft202012Validator, settings: dict[str, Any]
) -> None:
    complete = {"sources": [SOURCE], **settings}
    assert not schema.is_valid({"context": {"flowsentry": complete}})
    with pytest.raises(SettingsError):
        Deployment.from_context({"flowsentry": complete})
