"""Properties of the whole app: repeatable synth, kept logical ids, least privilege, encryption, no name conflicts."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks.ownership.describe_actions import DESCRIBE_ACTIONS
from tests.stacks.functions import FUNCTIONS, functions

ROOT = Path(__file__).parents[2]
UNBOUNDED_ACTIONS = {
    *DESCRIBE_ACTIONS,
    "ec2:DescribeFlowLogs",
}


def run_app(context: Mapping[str, Any], outdir: Path) -> "subprocess.CompletedProcess[str]":
    """`python app.py` as the CLI runs it, in an environment without an account, credentials or a home."""
    node = str(Path(sys.executable).parent)
    environment = {
        "PATH": node,
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps({**context, "aws:cdk:bundling-stacks": []}),
    }
    return subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def cdk_json() -> dict[str, Any]:
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return context


def policies(templates: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yields every policy statement of every role."""
    for template in templates.values():
        for resource in template["Resources"].values():
            inline = resource.get("Properties", {}).get("Policies", [])
            documents = [policy["PolicyDocument"] for policy in inline]
            if resource["Type"] == "AWS::IAM::Policy":
                documents.append(resource["Properties"]["PolicyDocument"])
            for document in documents:
                yield from document["Statement"]


@pytest.fixture(scope="module")
def fresh_clone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    """cdk.json with an address for alerts, synthesised: the output folder, and the finished process."""
    folder = tmp_path_factory.mktemp("fresh")
    return folder, run_app({**cdk_json(), "flowsentry.alert_emails": '["you@example.com"]'}, folder)


def test_a_fresh_clone_synthesises_without_output_and_without_an_account(
    fresh_clone: tuple[Path, "subprocess.CompletedProcess[str]"],
) -> None:
    done = fresh_clone[1]
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_two_synths_give_equal_templates(
    fresh_clone: tuple[Path, "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    run_app({**cdk_json(), "flowsentry.alert_emails": '["you@example.com"]'}, tmp_path)
    first, second = (
        {p.name: p.read_bytes() for p in folder.glob("*.template.json")} for folder in (fresh_clone[0], tmp_path)
    )
    assert len(first) == 5
    assert first == second


def test_invalid_settings_end_synth_with_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    done = run_app({**cdk_json(), "flowsentry.python": "2.7"}, tmp_path)
    assert done.returncode != 0
    assert 'flowsentry.python is "2.7"; allowed: one of 3.11, 3.12, 3.13, 3.14' in done.stderr
    assert "Traceback" not in done.stderr


def test_no_stack_exports_or_imports_a_value(templates: Mapping[str, Any]) -> None:
    assert "Fn::ImportValue" not in json.dumps(dict(templates))
    assert [
        name for name, template in templates.items() for out in template.get("Outputs", {}).values() if "Export" in out
    ] == []


def test_every_value_that_a_stack_reads_is_published_by_an_earlier_stack(templates: Mapping[str, Any]) -> None:
    published: set[str] = set()
    for name in ("FlowLogs", "State", "Analytics", "Processing", "Monitoring"):
        read = {
            parameter["Default"]
            for parameter in templates[name].get("Parameters", {}).values()
            if parameter["Type"] == "AWS::SSM::Parameter::Value<String>" and "cdk-bootstrap" not in parameter["Default"]
        }
        assert read <= published, name
        resources = templates[name]["Resources"].values()
        published |= {each["Properties"]["Name"] for each in resources if each["Type"] == "AWS::SSM::Parameter"}


def test_the_processing_stack_has_no_retained_resource(templates: Mapping[str, Any]) -> None:
    resources = templates["Processing"]["Resources"].items()
    assert [id_ for id_, each in resources if each.get("DeletionPolicy", "Delete") != "Delete"] == []


def test_only_listed_actions_are_granted_on_all_resources(templates: Mapping[str, Any]) -> None:
    unbounded = [each for each in policies(templates) if each["Resource"] == "*" or "*" in each["Resource"]]
    granted = [each for each in unbounded if each["Effect"] == "Allow"]
    assert {action for each in granted for action in _listed(each["Action"])} == UNBOUNDED_ACTIONS


def test_describe_actions_are_read_only() -> None:
    reading = re.compile(r"[a-z0-9]+:(Describe|List|Get|Search)[A-Za-z]+")
    assert [action for action in DESCRIBE_ACTIONS if not reading.fullmatch(action)] == []


def test_no_grant_has_a_wildcard_in_its_actions(templates: Mapping[str, Any]) -> None:
    actions = [action for each in policies(templates) for action in _listed(each["Action"])]
    assert [action for action in actions if "*" in action] == []


def test_every_bucket_is_private_encrypted_and_owned_by_the_account(
    properties_of: Callable[[str], dict[str, Any]],
) -> None:
    for bucket in properties_of("AWS::S3::Bucket").values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.mark.parametrize(
    ("kind", "policy", "names"),
    [
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", lambda each: [each["Bucket"]]),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", lambda each: each["Queues"]),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", lambda each: each["Topics"]),
    ],
)
def test_access_without_tls_is_denied(
    properties_of: Callable[[str], dict[str, Any]], kind: str, policy: str, names: Callable[[Any], list[Any]]
) -> None:
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    protected = {
        name["Ref"]
        for each in properties_of(policy).values()
        if any(s["Effect"] == "Deny" and s.get("Condition") == plain for s in each["PolicyDocument"]["Statement"])
        for name in names(each)
    }
    assert protected == set(properties_of(kind))


def test_no_resource_has_a_fixed_name_that_prevents_its_replacement(
    properties_of: Callable[[str], dict[str, Any]],
) -> None:
    for kind, name in (
        ("AWS::S3::Bucket", "BucketName"),
        ("AWS::DynamoDB::Table", "TableName"),
        ("AWS::Logs::LogGroup", "LogGroupName"),
        ("AWS::SQS::Queue", "QueueName"),
        ("AWS::Kinesis::Stream", "Name"),
        ("AWS::Logs::SubscriptionFilter", "FilterName"),
        ("AWS::Lambda::Function", "FunctionName"),
    ):
        assert [id_ for id_, each in properties_of(kind).items() if name in each] == []
    named_roles = [id_ for id_, each in properties_of("AWS::IAM::Role").items() if "RoleName" in each]
    assert [id_.startswith("OwnershipFunctionRole") for id_ in named_roles] == [True]


def test_no_function_of_cdk_is_deployed(properties_of: Callable[[str], dict[str, Any]]) -> None:
    assert set(functions(properties_of)) == set(FUNCTIONS)
    assert len(properties_of("AWS::Lambda::Function")) == len(FUNCTIONS)


def test_two_deployments_with_different_names_share_no_resource_name(
    synthesise: Callable[..., Any], templates: Any
) -> None:
    source = {"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "cloudwatch"}
    second = synthesise({"sources": [source], "name": "second"})
    assert _fixed_names(second).isdisjoint(_fixed_names(templates))


def _fixed_names(templates: Mapping[str, Any]) -> set[str]:
    kinds = {
        "AWS::SSM::Parameter": "Name",
        "AWS::CloudWatch::Alarm": "AlarmName",
        "AWS::CloudWatch::Dashboard": "DashboardName",
        "AWS::Athena::WorkGroup": "Name",
        "AWS::Chatbot::SlackChannelConfiguration": "ConfigurationName",
    }
    resources = [each for template in templates.values() for each in template["Resources"].values()]
    return {each["Properties"][kinds[each["Type"]]] for each in resources if each["Type"] in kinds}


def test_cfn_lint_reports_nothing(templates: Mapping[str, Any], tmp_path: Path) -> None:
    for name, template in templates.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(template))
    files = [str(path) for path in tmp_path.glob("*.json")]
    # W3005 is about dependencies of a function on its role that CDK states and a reference implies.
    cfn_lint = str(Path(sys.executable).parent / "cfn-lint")
    command = [cfn_lint, "--non-zero-exit-code", "informational", "--ignore-checks", "W3005", "--"]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False, env=dict(os.environ))  # noqa: S603
    assert (done.returncode, done.stdout) == (0, "")


def test_a_finding_of_cdk_nag_ends_synth(tmp_path: Path) -> None:
    """The checks run in synth: a plain bucket does not pass."""
    program = "import app, aws_cdk; from aws_cdk import aws_s3; a = aws_cdk.App(); app.add_stacks(a); "
    program += "aws_s3.Bucket(a.node.find_child('State'), 'Open'); a.synth()"
    context = json.dumps({**cdk_json(), "aws:cdk:bundling-stacks": []})
    environment = {"PATH": str(Path(sys.executable).parent), "CDK_CONTEXT_JSON": context, "CDK_OUTDIR": str(tmp_path)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode != 0
    assert re.search(r"State/Open", done.stdout + done.stderr)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
