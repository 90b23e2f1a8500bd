"""Access of the inventory function to EKS clusters and to a VPC: the least that EKS, EC2 and Lambda require."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from stacks.settings.inventory import OwnershipSettings
from stacks.settings.kubernetes import InventoryNetwork, KubernetesCluster
from stacks.settings.reading import SettingsError, read_section
from stacks.settings.values import Section

ROOT = Path(__file__).parents[2]
SUBNETS = ("subnet-0123456789abcdef0", "subnet-0fedcba9876543210")
GROUP = "sg-0123456789abcdef0"
NETWORK = InventoryNetwork(subnet_ids=SUBNETS, security_group_ids=(GROUP,))
Template = Mapping[str, Any]
Synthesise = Callable[..., Template]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Synthesise:
    """A function that synthesises a stack with a function and its access to these clusters.

    cdk-nag runs as well, and stops the synth with a finding.
    """
    from aws_cdk import App, DefaultStackSynthesizer, Stack, Validations  # noqa: PLC0415 - needs JSII_NODE
    from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415 - the same

    from stacks.constructs.function import FunctionDefaults, PythonFunction, Size  # noqa: PLC0415 - the same
    from stacks.constructs.layers import Layers  # noqa: PLC0415 - the same
    from stacks.ownership.cluster_access import ClusterAccess, attach_to_vpc  # noqa: PLC0415 - the same
    from stacks.settings.deployment import Deployment  # noqa: PLC0415 - the same

    deployment = Deployment.from_context({"flowsentry": {"existing_buckets": [{"name": "central-flow-logs"}]}})
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]

    def synthesise(
        *clusters: KubernetesCluster, network: InventoryNetwork | None = None, allow_everything: bool = False
    ) -> Template:
        outdir = str(tmp_path_factory.mktemp("cdk.out"))
        app = App(outdir=outdir, context={**flags, "aws:cdk:bundling-stacks": []})
        stack = Stack(app, "Small", synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False))
        defaults = FunctionDefaults(deployment, Layers(stack, "Layers", deployment=deployment))
        size = Size(memory_mb=512, timeout_seconds=300)
        function = PythonFunction(stack, "Function", service="inventory", defaults=defaults, size=size, environment={})
        for statement in ClusterAccess(stack, "Access", clusters=clusters, function=function).statements():
            function.add_to_role_policy(statement)
        if network:
            attach_to_vpc(function, network)
        if allow_everything:
            function.allow(["eks:*"], "*")
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        template: Template = app.synth().stacks[0].template
        return template

    return synthesise


def resources(template: Template, kind: str) -> list[dict[str, Any]]:
    return [each for each in template["Resources"].values() if each["Type"] == kind]


def statements(template: Template, effect: str = "Allow") -> list[dict[str, Any]]:
    policies = resources(template, "AWS::IAM::Policy")
    granted_or_denied = [each for policy in policies for each in policy["Properties"]["PolicyDocument"]["Statement"]]
    return [each for each in granted_or_denied if each["Effect"] == effect]


def granted(template: Template, action: str) -> list[str]:
    """The resources that the action is allowed on, each as text."""
    return [
        _as_text(resource)
        for statement in statements(template)
        if action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    ]


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _as_text(value: Any) -> str:
    """An ARN with each reference as `<name>`."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return f"<{value['Ref'].removeprefix('AWS::')}>"
    return "".join(_as_text(part) for part in value["Fn::Join"][1])


def test_the_role_has_a_read_only_access_entry_for_the_whole_cluster(made: Synthesise) -> None:
    (entry,) = resources(made(KubernetesCluster(name="production")), "AWS::EKS::AccessEntry")
    (policy,) = entry["Properties"].pop("AccessPolicies")
    role = entry["Properties"].pop("PrincipalArn")["Fn::GetAtt"]
    assert entry["Properties"] == {"ClusterName": "production", "Type": "STANDARD"}
    assert policy["AccessScope"] == {"Type": "cluster"}
    assert _as_text(policy["PolicyArn"]) == "arn:<Partition>:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    assert (role[0].startswith("FunctionRole"), role[1]) == (True, "Arn")


def test_with_kubernetes_groups_the_entry_has_no_access_policy(made: Synthesise) -> None:
    template = made(KubernetesCluster(name="production", kubernetes_groups=("flowsentry",)))
    (entry,) = resources(template, "AWS::EKS::AccessEntry")
    assert entry["Properties"]["KubernetesGroups"] == ["flowsentry"]
    assert "AccessPolicies" not in entry["Properties"]


def test_without_access_entry_the_cluster_is_only_described(made: Synthesise) -> None:
    template = made(KubernetesCluster(name="production", access_entry=False))
    assert resources(template, "AWS::EKS::AccessEntry") == []
    assert granted(template, "eks:DescribeCluster") == ["arn:<Partition>:eks:<Region>:<AccountId>:cluster/production"]


def test_an_entry_for_a_region_is_created_only_when_deployed_into_that_region(made: Synthesise) -> None:
    template = made(
        KubernetesCluster(name="here"),
        KubernetesCluster(name="there", region="eu-west-1"),
        KubernetesCluster(name="x", region="eu-west-1"),
    )
    entries = {each["Properties"]["ClusterName"]: each for each in resources(template, "AWS::EKS::AccessEntry")}
    ((name, condition),) = template["Conditions"].items()
    assert condition == {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}
    assert {cluster: entry.get("Condition") for cluster, entry in entries.items()} == {
        "here": None,
        "there": name,
        "x": name,
    }


def test_only_clusters_of_the_settings_may_be_described(made: Synthesise) -> None:
    template = made(KubernetesCluster(name="production"), KubernetesCluster(name="other", region="eu-west-1"))
    assert granted(template, "eks:DescribeCluster") == [
        "arn:<Partition>:eks:<Region>:<AccountId>:cluster/production",
        "arn:<Partition>:eks:eu-west-1:<AccountId>:cluster/other",
    ]
    assert {action for each in statements(template) for action in _listed(each["Action"]) if "eks" in action} == {
        "eks:DescribeCluster"
    }


def test_without_clusters_no_entry_or_permission_is_created(made: Synthesise) -> None:
    template = made()
    assert resources(template, "AWS::EKS::AccessEntry") == []
    assert "eks:" not in json.dumps(template)
    assert "VpcConfig" not in json.dumps(template)


def test_a_function_in_a_vpc_has_its_subnets_and_security_groups(made: Synthesise) -> None:
    (function,) = resources(made(network=NETWORK), "AWS::Lambda::Function")
    assert function["Properties"]["VpcConfig"] == {"SubnetIds": list(SUBNETS), "SecurityGroupIds": [GROUP]}


def test_lambda_may_create_interfaces_in_these_subnets_only(made: Synthesise) -> None:
    template, prefix = made(network=NETWORK), "arn:<Partition>:ec2:<Region>:<AccountId>:"
    expected = [f"{prefix}subnet/{id_}" for id_ in SUBNETS]
    expected += [f"{prefix}security-group/{GROUP}", f"{prefix}network-interface/*"]
    assert granted(template, "ec2:CreateNetworkInterface") == sorted(expected)
    assert granted(template, "ec2:DeleteNetworkInterface") == [f"{prefix}*/*"]
    assert granted(template, "ec2:DescribeSubnets") == ["*"]


def test_the_code_of_the_function_may_not_create_or_delete_interfaces(made: Synthesise) -> None:
    template = made(network=NETWORK)
    (denied,) = statements(template, "Deny")
    (name,) = [name for name, each in template["Resources"].items() if each["Type"] == "AWS::Lambda::Function"]
    assert denied["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": {"Fn::GetAtt": [name, "Arn"]}}}
    assert set(denied["Action"]) == {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:UnassignPrivateIpAddresses",
    }


def test_the_permissions_are_created_before_the_function_and_the_denial_after_it(made: Synthesise) -> None:
    template = made(network=NETWORK)
    (function,) = resources(template, "AWS::Lambda::Function")
    policies = {name: each for name, each in template["Resources"].items() if each["Type"] == "AWS::IAM::Policy"}
    (denial,) = [name for name, each in policies.items() if '"Deny"' in json.dumps(each)]
    (grants,) = set(policies) - {denial}
    assert grants in function["DependsOn"]
    assert denial not in function["DependsOn"]


def test_cdk_nag_accepts_the_stack_and_refuses_a_broad_grant(made: Synthesise) -> None:
    clusters = [
        KubernetesCluster(name="production"),
        KubernetesCluster(name="other", region="eu-west-1", kubernetes_groups=("a",)),
    ]
    assert made(*clusters, network=NETWORK)
    with pytest.raises(RuntimeError, match="IAM5"):
        made(*clusters, network=NETWORK, allow_everything=True)


def refusal(kind: type[Section], value: object) -> str:
    """The only problem with these settings."""
    with pytest.raises(SettingsError) as refused:
        read_section(kind, "setting", value)
    (problem,) = refused.value.problems
    return problem


def test_a_cluster_needs_only_a_name() -> None:
    cluster = read_section(KubernetesCluster, "setting", {"name": "production"})
    assert cluster == KubernetesCluster(name="production", access_entry=True, kubernetes_groups=())


@pytest.mark.parametrize(
    "region", ["eu-central-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", "ap-southeast-2", "cn-northwest-1"]
)
def test_a_region_of_any_partition_is_accepted(region: str) -> None:
    assert read_section(KubernetesCluster, "setting", {"name": "production", "region": region}).region == region


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "setting.name is missing; allowed: the name of an EKS cluster such as production"),
        ({"name": "arn:aws:eks:eu-central-1:123456789012:cluster/x"}, "allowed: the name of an EKS cluster"),
        ({"name": "x" * 101}, "allowed: the name of an EKS cluster"),
        ({"name": "x", "region": "Frankfurt"}, "allowed: a Region such as eu-west-1"),
        ({"name": "x", "access_entry": "no"}, "allowed: true or false"),
        ({"name": "x", "kubernetes_groups": ["system:masters"]}, "allowed: a group that a ClusterRoleBinding names"),
        (
            {"name": "x", "access_entry": False, "kubernetes_groups": ["a"]},
            "kubernetes_groups are given and need access_entry true",
        ),
    ],
)
def test_an_invalid_cluster_is_refused_with_what_is_allowed(settings: dict[str, Any], words: str) -> None:
    assert words in refusal(KubernetesCluster, settings)


def test_a_cluster_named_twice_in_a_region_is_refused() -> None:
    clusters = [{"name": "x"}, {"name": "x", "region": "eu-west-1"}, {"name": "x"}]
    problem = refusal(OwnershipSettings, {"kubernetes_clusters": clusters})
    assert problem == "setting.kubernetes_clusters: x is named 2 times; allowed: once"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subnet_ids": []}, "allowed: a list of 1 to 16 items, each item a subnet ID"),
        ({"subnet_ids": ["vpc-0123456789abcdef0"]}, "allowed: a subnet ID such as"),
        ({"security_group_ids": []}, "allowed: a list of 1 to 5 items, each item a security group ID"),
        ({"subnet_ids": [SUBNETS[0]] * 17}, "allowed: a list of 1 to 16 items"),
        ({"security_group_ids": [GROUP] * 6}, "allowed: a list of 1 to 5 items"),
    ],
)
def test_an_invalid_network_is_refused_with_what_is_allowed(changes: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {"subnet_ids": list(SUBNETS), "security_group_ids": [GROUP]}
    assert read_section(InventoryNetwork, "setting", good) == NETWORK
    assert words in refusal(InventoryNetwork, {**good, **changes})
