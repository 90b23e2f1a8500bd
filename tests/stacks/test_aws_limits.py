"""Each limit of AWS on small made templates: just below it passes, just above it is one excess with a sentence."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks.limits import functions, names_and_values, observability, policies
from stacks.limits.plugin import exceeded
from stacks.limits.templates import ARN, LOG_GROUP, NAME, Resource, Templates

ALLOW = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}


def excesses(resources: Mapping[str, Any], folder: Path | None = None, **template: Any) -> list[str]:
    """The sentences about a template with these resources, each as (type, properties)."""
    made = {id_: {"Type": kind, "Properties": given} for id_, (kind, given) in resources.items()}
    templates = Templates({"Stack": {"Resources": made, **template}}, folder or Path())
    return [each.sentence for each in exceeded(templates)]


def document(size: int) -> dict[str, Any]:
    """A policy of exactly this many bytes as JSON."""
    empty = {"Version": "2012-10-17", "Statement": [{**ALLOW, "Sid": ""}]}
    return {"Version": "2012-10-17", "Statement": [{**ALLOW, "Sid": "x" * (size - len(_compact(empty)))}]}


def statements(number: int, **changes: Any) -> dict[str, Any]:
    return {"PolicyDocument": {"Statement": [{**ALLOW, **changes} for _ in range(number)]}}


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def function(size: int) -> tuple[str, Any]:
    """A function whose variables have exactly this many bytes as JSON."""
    return functions.FUNCTION, {"Environment": {"Variables": {"A": "x" * (size - len('{"A":""}'))}}}


def role(**properties: Any) -> tuple[str, Any]:
    return policies.ROLE, {"AssumeRolePolicyDocument": {}, **properties}


def dashboard(*metrics: int) -> tuple[str, Any]:
    """A dashboard with a widget for each number of metrics."""
    widgets = [{"properties": {"metrics": [["N", "M"]] * number}} for number in metrics]
    return observability.DASHBOARD, {"DashboardBody": _compact({"widgets": widgets})}


def widget(**properties: Any) -> tuple[str, Any]:
    """A dashboard with one widget."""
    return observability.DASHBOARD, {"DashboardBody": _compact({"widgets": [{"properties": properties}]})}


def alarm(**properties: Any) -> tuple[str, Any]:
    return observability.ALARM, properties


def composite(children: int, padding: int = 0) -> tuple[str, Any]:
    rule = " OR ".join(f'ALARM("a{number}")' for number in range(children))
    return observability.COMPOSITE, {"AlarmRule": rule + " " * padding}


def named(kind: str, length: int) -> tuple[str, Any]:
    key, _ = names_and_values.NAMES[kind]
    required = {
        "PolicyDocument": {},
        "AssumeRolePolicyDocument": {},
        "DashboardBody": '{"widgets": []}',
        "AlarmRule": "",
    }
    return kind, {**required, key: "x" * length}


def tags(number: int) -> list[dict[str, str]]:
    return [{"Key": f"k{each}", "Value": "v"} for each in range(number)]


def parameter(size: int, tier: str) -> tuple[str, Any]:
    return "AWS::SSM::Parameter", {"Name": "/p", "Tier": tier, "Value": "x" * size}


CASES: dict[str, tuple[Any, Any, str]] = {
    "environment": (function(4_096), function(4_097), "need up to 4,097 bytes, most of them A; allowed: 4,096"),
    "inline policies": (
        role(Policies=[{"PolicyDocument": document(5_120)}] * 2),
        role(Policies=[{"PolicyDocument": document(5_120)}, {"PolicyDocument": document(5_121)}]),
        "its inline policies have up to 10,241 characters; allowed: 10,240",
    ),
    "trust policy": (
        role(AssumeRolePolicyDocument=document(2_048)),
        role(AssumeRolePolicyDocument=document(2_049)),
        "its trust policy has up to 2,049 characters; allowed: 2,048",
    ),
    "tags": (
        ("AWS::SQS::Queue", {"Tags": tags(50)}),
        ("AWS::SQS::Queue", {"Tags": tags(51)}),
        "it has 51 tags; allowed: 50. Shorten the setting tags, or that of a source",
    ),
    "case of tag keys in IAM": (
        role(Tags=[*tags(1), {"Key": "team", "Value": "v"}]),
        role(Tags=[*tags(1), {"Key": "K0", "Value": "v"}]),
        "keys of its tags differ in case only; allowed: one of them, in the setting tags",
    ),
    "managed policies of a role": (
        role(ManagedPolicyArns=["a"] * 10),
        role(ManagedPolicyArns=["a"] * 11),
        "it has 11 managed policies; allowed: 10",
    ),
    "managed policy": (
        (policies.MANAGED_POLICY, {"PolicyDocument": document(6_144)}),
        (policies.MANAGED_POLICY, {"PolicyDocument": document(6_145)}),
        "it has up to 6,145 characters; allowed: 6,144",
    ),
    **{
        policy.name: (
            (kind, {policy.property: document(policy.max_bytes)}),
            (kind, {policy.property: document(policy.max_bytes + 1)}),
            f"the policy of this {policy.name} has up to {policy.max_bytes + 1:,} bytes; allowed: {policy.max_bytes:,}",
        )
        for kind, policy in policies.RESOURCE_POLICIES.items()
    },
    "statements of a queue": (
        ("AWS::SQS::QueuePolicy", statements(20)),
        ("AWS::SQS::QueuePolicy", statements(21)),
        "the policy of this queue has 21 statements; allowed: 20",
    ),
    "principals of a queue": (
        ("AWS::SQS::QueuePolicy", statements(1, Principal={"AWS": ["1"] * 50})),
        ("AWS::SQS::QueuePolicy", statements(1, Principal={"AWS": ["1"] * 51})),
        "the policy of this queue has 51 principals; allowed: 50",
    ),
    "conditions of a queue": (
        ("AWS::SQS::QueuePolicy", statements(5, Condition={"StringEquals": {"a": 1}, "ArnLike": {"b": 2}})),
        ("AWS::SQS::QueuePolicy", statements(11, Condition={"StringEquals": {"a": 1}})),
        "the policy of this queue has 11 conditions; allowed: 10",
    ),
    "actions of a queue": (
        ("AWS::SQS::QueuePolicy", statements(1, Action=["a"] * 7)),
        ("AWS::SQS::QueuePolicy", statements(1, Action=["a"] * 8)),
        "a statement of its policy has 8 actions; allowed: 7",
    ),
    "widgets": (dashboard(*[0] * 500), dashboard(*[0] * 501), "it has 501 widgets; allowed: 500"),
    "alarms of a widget": (widget(alarms=["a"] * 100), widget(alarms=["a"] * 101), "has 101 alarms; allowed: 100"),
    "query of a widget": (
        widget(query="x" * 10_000),
        widget(query="x" * 10_001),
        "the query of a widget has 10,001 characters; allowed: 10,000",
    ),
    "log groups of a widget": (
        widget(query="SOURCE 'a' | " * 50),
        widget(query="SOURCE 'a' | " * 51),
        "the query of a widget reads 51 log groups; allowed: 50",
    ),
    "metrics of a widget": (dashboard(500), dashboard(501), "a widget has 501 metrics; allowed: 500"),
    "metrics": (dashboard(*[500] * 5), dashboard(*[500] * 5, 1), "its widgets have 2,501 metrics; allowed: 2,500"),
    "actions": (
        alarm(AlarmActions=["a"] * 5),
        alarm(AlarmActions=["a"] * 6),
        "AlarmActions has 6 actions; allowed: 5",
    ),
    "description": (
        alarm(AlarmDescription="x" * 1_024),
        alarm(AlarmDescription="x" * 1_025),
        "its description has 1,025 characters; allowed: 1,024",
    ),
    "children": (composite(100), composite(101), "its rule names 101 alarms; allowed: 100"),
    "rule of a composite alarm": (
        composite(1, 10_240 - len('ALARM("a0")')),
        composite(1, 10_241 - len('ALARM("a0")')),
        "its rule has up to 10,241 characters; allowed: 10,240",
    ),
    "standard parameter": (
        parameter(4_096, "Standard"),
        parameter(4_097, "Standard"),
        "the value of /p has up to 4,097 bytes; allowed: 4,096",
    ),
    "advanced parameter": (
        parameter(8_192, "Intelligent-Tiering"),
        parameter(8_193, "Intelligent-Tiering"),
        "the value of /p has up to 8,193 bytes; allowed: 8,192",
    ),
    "pattern": (
        ("AWS::Events::Rule", {"EventPattern": {"source": ["x" * (2_048 - len('{"source":[""]}'))]}}),
        ("AWS::Events::Rule", {"EventPattern": {"source": ["x" * (2_049 - len('{"source":[""]}'))]}}),
        "its event pattern has up to 2,049 characters; allowed: 2,048",
    ),
    "targets": (
        ("AWS::Events::Rule", {"Targets": [{}] * 5}),
        ("AWS::Events::Rule", {"Targets": [{}] * 6}),
        "it has 6 targets; allowed: 5",
    ),
    **{
        f"name of {kind}": (
            named(kind, most),
            named(kind, most + 1),
            f"{key} has up to {most + 1} characters; allowed: {most}. Shorten the setting name",
        )
        for kind, (key, most) in names_and_values.NAMES.items()
    },
}


@pytest.mark.parametrize("case", CASES)
def test_just_below_a_limit_passes_and_just_above_is_one_excess(case: str) -> None:
    below, above, sentence = CASES[case]
    assert excesses({"It": below}) == []
    (said,) = excesses({"It": above})
    assert said.endswith(sentence)


def test_policies_that_are_attached_to_a_role_count_with_its_own() -> None:
    own = role(Policies=[{"PolicyDocument": document(5_120)}])
    attached = (policies.POLICY, {"PolicyDocument": document(5_120), "Roles": [{"Ref": "Role"}]})
    assert excesses({"Role": own, "Policy": attached}) == []
    more = (policies.POLICY, {"PolicyDocument": document(5_121), "Roles": [{"Ref": "Role"}]})
    (said,) = excesses({"Role": own, "Policy": more})
    assert said == "its inline policies have up to 10,241 characters; allowed: 10,240"


def test_permissions_to_invoke_a_function_fit_into_its_policy_until_one_is_too_many() -> None:
    permission = {
        "FunctionName": {"Fn::GetAtt": ["Function", "Arn"]},
        "Action": "lambda:InvokeFunction",
        "Principal": "logs.amazonaws.com",
        "SourceAccount": {"Ref": "AWS::AccountId"},
        "SourceArn": "arn:aws:logs:us-east-1:123456789012:log-group:/vpc/flow-logs:*",
    }
    made = {f"Permission{number}": (functions.PERMISSION, permission) for number in range(60)}
    templates = Templates({"Stack": {"Resources": {}}})
    size = functions._statement_bytes(templates, Resource("Stack", "Permission0", functions.PERMISSION, permission))
    fitting = functions.POLICY_BYTES // size
    assert excesses(dict(list(made.items())[:fitting])) == []
    (said,) = excesses(dict(list(made.items())[: fitting + 1]))
    assert f"the {fitting + 1} permissions to invoke this function need up to {size * (fitting + 1):,} bytes" in said


def test_a_log_group_has_two_subscription_filters_and_no_third() -> None:
    one, other = ("AWS::Logs::SubscriptionFilter", {"LogGroupName": "a"}), {"LogGroupName": {"Ref": "Name"}}
    assert excesses({"1": one, "2": one, "3": (one[0], other)}) == []
    assert excesses({"1": one, "2": one, "3": one}) == ["its log group has 3 subscription filters; allowed: 2"]


def test_code_and_layers_are_measured_in_the_folders_that_are_uploaded(tmp_path: Path) -> None:
    for name, size in {"code": 1, "layer": functions.UNZIPPED_BYTES - 1}.items():
        (tmp_path / f"asset.{name}" / "python").mkdir(parents=True)
        with (tmp_path / f"asset.{name}" / "python" / "file").open("wb") as file:
            file.truncate(size)
    layer = (functions.LAYER, {"Content": {"S3Key": "layer.zip"}})
    made = (functions.FUNCTION, {"Code": {"S3Key": "code.zip"}, "Layers": [{"Ref": "Layer"}]})
    assert excesses({"Layer": layer, "Function": made}, tmp_path) == []
    (tmp_path / "asset.code" / "one-more").write_bytes(b"x")
    (said,) = excesses({"Layer": layer, "Function": made}, tmp_path)
    assert said.startswith("its code and layers have 250.0 MB unzipped; allowed: 250.")


def test_a_function_has_five_layers_and_no_sixth() -> None:
    layer = (functions.LAYER, {"Content": {"S3Key": "layer.zip"}})
    five, six = ((functions.FUNCTION, {"Layers": [{"Ref": "Layer"}] * number}) for number in (5, 6))
    assert excesses({"Layer": layer, "Function": five}) == []
    assert excesses({"Layer": layer, "Function": six}) == ["it has 6 layers; allowed: 5"]


@pytest.mark.parametrize(("section", "most"), [("Parameters", 200), ("Resources", 500)])
def test_a_template_with_one_item_too_many_is_refused(section: str, most: int) -> None:
    def template(number: int) -> Templates:
        return Templates({"Stack": {section: {f"It{each}": {"Type": "String"} for each in range(number)}}})

    assert list(exceeded(template(most))) == []
    (excess,) = exceeded(template(most + 1))
    assert f"its template has {most + 1} {section.lower()}; allowed: {most}" in excess.sentence


def test_a_template_of_more_than_a_megabyte_is_refused() -> None:
    (said,) = excesses({}, Metadata={"long": "x" * 1_000_000})
    assert said.startswith("its template has 1,000,")


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ({"Ref": "AWS::Region"}, len("ap-southeast-1")),
        ({"Ref": "Bucket"}, NAME),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, ARN),
        ({"Ref": "LogGroup"}, LOG_GROUP),
        ({"Ref": "TopicArn"}, ARN),
        ({"Fn::Join": ["/", ["s3:", {"Ref": "AWS::AccountId"}]]}, len("s3:/123456789012")),
        ({"Fn::Sub": "assets-${AWS::AccountId}"}, len("assets-123456789012")),
    ],
)
def test_a_reference_counts_as_long_as_its_value_can_be(value: Any, length: int) -> None:
    parameters = {"LogGroup": {"Default": "/f/log-group-names/a"}, "TopicArn": {"Default": "/f/alert-topic-arn"}}
    templates = Templates({"Stack": {"Parameters": parameters}})
    assert len(templates.text(Resource("Stack", "It", "", {}), value)) == length
