"""Two deployments in one account and Region: templates of both with all settings and different names."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stacks.conftest import ALL_SETTINGS, Synthesise, Template, Templates

NAMES = {
    "AWS::Athena::WorkGroup": ("Name",),
    "AWS::Chatbot::SlackChannelConfiguration": ("ConfigurationName",),
    "AWS::CloudWatch::Alarm": ("AlarmName",),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmName",),
    "AWS::CloudWatch::Dashboard": ("DashboardName",),
    "AWS::DynamoDB::Table": ("TableName",),
    "AWS::Events::Rule": ("Name",),
    "AWS::Glue::Database": ("DatabaseInput", "Name"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName",),
    "AWS::IAM::Role": ("RoleName",),
    "AWS::KMS::Alias": ("AliasName",),
    "AWS::Kinesis::Stream": ("Name",),
    "AWS::Lambda::Function": ("FunctionName",),
    "AWS::Lambda::LayerVersion": ("LayerName",),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::SNS::Topic": ("TopicName",),
    "AWS::SQS::Queue": ("QueueName",),
    "AWS::SSM::Parameter": ("Name",),
    "AWS::Scheduler::Schedule": ("Name",),
}
"""Where a resource of each type has the name that must be unique in an account and Region."""
OF_AWS = ("AWS/DynamoDB", "AWS/Lambda", "AWS/Logs", "AWS/SNS", "AWS/SQS")
"""Namespaces of AWS, whose dimensions are generated names of functions, queues, tables and log groups."""


@pytest.fixture(scope="module")
def both(synthesise: Synthesise, templates: Templates) -> tuple[Templates, Templates]:
    return templates, synthesise({**ALL_SETTINGS, "name": "second"})


def named(template: Template) -> Iterator[tuple[str, str]]:
    """(type, name) of every resource that is given a name."""
    for resource in template["Resources"].values():
        name: Any = resource["Properties"] if resource["Type"] in NAMES else None
        for key in NAMES.get(resource["Type"], ()):
            name = name.get(key, {})
        if name:
            yield resource["Type"], json.dumps(name)


def read(template: Template) -> Iterator[str]:
    """The SSM parameters that a template reads at deployment."""
    for parameter in template.get("Parameters", {}).values():
        if parameter["Type"].startswith("AWS::SSM::Parameter"):
            yield parameter["Default"]


def metrics(templates: Templates) -> set[str]:
    """The namespaces that alarms and dashboards read, and those that functions write."""
    text = json.dumps(templates)
    alarms = re.findall(r'"Namespace": "([^"]+)"', text)
    graphs = re.findall(r'\[\\"([^\\"]+/[^\\"]+)\\",\\"', text)
    searches = re.findall(r"SEARCH\('\{\\*\"([^\\]+)\\", text)
    written = re.findall(r'"POWERTOOLS_METRICS_NAMESPACE": "([^"]+)"', text)
    assert alarms
    assert graphs
    assert searches
    assert written
    return {*alarms, *graphs, *searches, *written} - set(OF_AWS)


def test_no_resource_has_the_name_of_another_deployments_resource(both: tuple[Templates, Templates]) -> None:
    first, second = ({each for template in made.values() for each in named(template)} for made in both)
    assert len(first) > 40
    assert first & second == set()


def test_no_parameter_of_another_deployment_is_read(both: tuple[Templates, Templates]) -> None:
    first, second = ({each for template in made.values() for each in read(template)} for made in both)
    assert len(first) > 20
    assert first & second == set()


def test_no_value_is_exported(both: tuple[Templates, Templates]) -> None:
    outputs = [each for made in both for template in made.values() for each in template.get("Outputs", {}).values()]
    assert [each for each in outputs if "Export" in each] == []


def test_each_deployment_writes_and_reads_metrics_of_its_own_namespace(both: tuple[Templates, Templates]) -> None:
    first, second = map(metrics, both)
    first, second = ({each.removesuffix("/metric-filters") for each in used} for used in (first, second))
    assert (first, second) == ({"Flowsentry/flowsentry"}, {"Flowsentry/second"})


def test_the_stacks_have_different_names(both: tuple[Templates, Templates]) -> None:
    first, second = (json.dumps(made) for made in both)
    assert "flowsentry-" in first
    assert '"/flowsentry/' not in second
