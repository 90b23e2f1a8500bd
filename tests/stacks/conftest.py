"""Fixtures: templates of the app, synthesised without an account and without building the dependencies layer."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
os.environ.setdefault("JSII_NODE", str(Path(sys.executable).parent / "node"))

Template = Mapping[str, Any]
Templates = Mapping[str, Template]
Synthesise = Callable[[Mapping[str, Any]], Templates]

VPC = "vpc-0123456789abcdef0"
OTHER_VPC = "vpc-0fedcba9876543210"
BUSY_VPC = "vpc-0a1b2c3d4e5f60718"
SUBNET, INTERFACE = "subnet-0123456789abcdef0", "eni-0123456789abcdef0"
ATTACHMENT = "tgw-attach-0123456789abcdef0"
KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
ROLE_ARN = "arn:aws:iam::222222222222:role/flowsentry-inventory"
LOGS_OF_ALL = {"sources": [{"all_vpcs": True, "destination": "s3"}]}
DATABASE = Path(tempfile.gettempdir()) / "flowsentry-tests-networks.mmdb"
ALL_SETTINGS = {
    "sources": [
        {"vpc_ids": [VPC], "destination": "cloudwatch", "kinesis": False},
        {"vpc_ids": [VPC], "destination": "cloudwatch", "log_format": "default", "draining": True, "kinesis": False},
        {"vpc_ids": [OTHER_VPC], "destination": "s3", "hive_partitions": True, "kms_key_arn": KEY_ARN},
        {"vpc_ids": [BUSY_VPC], "destination": "cloudwatch", "kinesis": True, "group": "busy"},
        {
            "subnet_ids": [SUBNET],
            "network_interface_ids": [INTERFACE],
            "transit_gateway_attachment_ids": [ATTACHMENT],
            "inside": ["vpc-0fffffffffffffff0", "tgw-0fffffffffffffff0"],
            "destination": "s3",
            "retention_days": 400,
            "kms_key_arn": KEY_ARN,
            "storage_transitions": [{"storage_class": "STANDARD_IA", "after_days": 30}],
            "tags": {"team": "network"},
        },
    ],
    "existing_log_groups": [
        {"name": "/network/flow-logs", "kinesis": False},
        {"name": "/network/busy", "kinesis": True, "log_formats": ["default"]},
    ],
    "existing_buckets": [
        {"name": "central-flow-logs", "prefix": "logs/", "kms_key_arn": KEY_ARN},
        {"name": "central-firehose", "log_formats": ["default", "${version} ${srcaddr} ${dstaddr}"]},
    ],
    "alert_emails": ["people@example.com"],
    "digest_emails": ["readers@example.com"],
    "digest_topic": True,
    "chat_topic": True,
    "operator_emails": ["operators@example.com"],
    "on_call_topic_arn": "arn:aws:sns:us-east-1:123456789012:on-call",
    "monthly_budget_dollars": 200,
    "slack_channels": [{"workspace_id": "T0123456789", "channel_id": "C0123456789", "name": "security"}],
    "event_bus": "security",
    "security_hub": True,
    "observe_only_until": "2026-12-01",
    "inside_networks": ["10.0.0.0/8"],
    "own_public_networks": ["198.51.100.0/24"],
    "trusted_networks": ["203.0.113.0/28"],
    "public_login_services": ["10.0.0.5:22", "git-1"],
    "important_services": ["orders:5432", "10.0.3.0/24"],
    "thresholds": {"scan": {"min_endpoints": 20}},
    "suppressions": [{"reason": "our scanner", "owners": ["office-scanner"]}],
    "query_excluded_networks": ["10.0.0.0/8", "203.0.113.0/24"],
    "metric_filters": [
        {"name": "ssh", "port": 22},
        {"name": "rejects", "action": "REJECT", "above": 1000},
    ],
    "stream_processor": {"reserved_concurrency": 5},
    "inventory_regions": ["eu-west-1"],
    "inventory_targets": [
        {"role_arn": ROLE_ARN, "external_id": "flowsentry", "regions": ["eu-west-1", "us-east-1"]},
        {"role_arn": "arn:aws:iam::333333333333:role/read/inventory"},
    ],
    "inventory_network": {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]},
    "kubernetes_clusters": [{"name": "shop"}],
    "geo_databases": ["s3://shared-databases/cities.mmdb", str(DATABASE)],
}


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Synthesise:
    """A function from settings to templates by stack, with the feature flags of cdk.json."""

    def templates_of(settings: Mapping[str, Any]) -> Templates:
        from aws_cdk import App  # noqa: PLC0415 - needs JSII_NODE

        from app import add_stacks  # noqa: PLC0415 - the same

        flags = json.loads((ROOT / "cdk.json").read_text())["context"]
        app = App(
            outdir=str(tmp_path_factory.mktemp("cdk.out")),
            context={**flags, "flowsentry": settings, "aws:cdk:bundling-stacks": []},
        )
        add_stacks(app)
        return {stack.id: stack.template for stack in app.synth().stacks}

    return templates_of


@pytest.fixture(scope="session")
def templates(synthesise: Synthesise) -> Templates:
    """Templates of the app with all settings: sources, existing flow logs and channels of each kind."""
    DATABASE.write_bytes(b"a database that is only deployed")
    return synthesise(ALL_SETTINGS)


@pytest.fixture(scope="session")
def properties_of(templates: Templates) -> Callable[[str], dict[str, Any]]:
    """A function from a resource type to the properties of its resources in all stacks, by logical id."""

    def properties(kind: str) -> dict[str, Any]:
        resources = [each for template in templates.values() for each in template["Resources"].items()]
        return {id_: resource["Properties"] for id_, resource in resources if resource["Type"] == kind}

    return properties
