"""A way into each cluster, and into the network: as narrow as EKS, EC2 and Lambda let it be."""

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
    """A stack with a function of the house, what it needs for these clusters, and cdk-nag, which ends a synth that it
    does not like.
    """
    from aws_cdk import App, DefaultStackSynthesizer, Stack, Validations  # noqa: PLC0415 - needs JSII_NODE
    from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415 - the same

    from stacks.constructs.function import House, PythonFunction, Size  # noqa: PLC0415 - the same
    from stacks.constructs.layers import Layers  # noqa: PLC0415 - the same
    from stacks.ownership.cluster_access import ClusterAccess, put_into_network  # noqa: PLC0415 - the same
    from stacks.settings.deployment import Deployment  # noqa: PLC0415 - the same

    deployment = Deployment.from_context({"flowsentry": {"existing_buckets": [{"name": "their-flow-logs"}]}})
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]

    def synthesise(
        *clusters: KubernetesCluster, network: InventoryNetwork | None = None, open_door: bool = False
    ) -> Template:
        outdir = str(tmp_path_factory.mktemp("cdk.out"))
        app = App(outdir=outdir, context={**flags, "aws:cdk:bundling-stacks": []})
        stack = Stack(app, "Small", synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False))
        house = House(deployment, Layers(stack, "Layers", deployment=deployment))
        size = Size(memory_mb=512, timeout_seconds=300)
        function = PythonFunction(stack, "Function", service="inventory", house=house, size=size, environment={})
        for statement in ClusterAccess(stack, "Access", clusters=clusters, function=function).statements():
            function.add_to_role_policy(statement)
        if network:
            put_into_network(function, network)
        if open_door:
            function.allow(["eks:*"], "*")
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        template: Template = app.synth().stacks[0].template
        return template

    return synthesise


def resources(template: Template, kind: str) -> list[dict[str, Any]]:
    return [each for each in template["Resources"].values() if each["Type"] == kind]


def statements(template: Template, effect: str = "Allow") -> list[dict[str, Any]]:
    policies = resources(template, "AWS::IAM::Policy")
    every = [each for policy in policies for each in policy["Properties"]["PolicyDocument"]["Statement"]]
    return [each for each in every if each["Effect"] == effect]


def granted(template: Template, action: str) -> list[str]:
    """What this may be done to, each as text."""
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


def test_the_role_gets_an_entry_that_may_view_the_whole_cluster_and_change_nothing(made: Synthesise) -> None:
    (entry,) = resources(made(KubernetesCluster(name="production")), "AWS::EKS::AccessEntry")
    (policy,) = entry["Properties"].pop("AccessPolicies")
    role = entry["Properties"].pop("PrincipalArn")["Fn::GetAtt"]
    assert entry["Properties"] == {"ClusterName": "production", "Type": "STANDARD"}
    assert policy["AccessScope"] == {"Type": "cluster"}
    assert _as_text(policy["PolicyArn"]) == "arn:<Partition>:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    assert (role[0].startswith("FunctionRole"), role[1]) == (True, "Arn")


def test_groups_of_ones_own_take_the_place_of_the_policy(made: Synthesise) -> None:
    template = made(KubernetesCluster(name="production", kubernetes_groups=("flowsentry",)))
    (entry,) = resources(template, "AWS::EKS::AccessEntry")
    assert entry["Properties"]["KubernetesGroups"] == ["flowsentry"]
    assert "AccessPolicies" not in entry["Properties"]


def test_a_cluster_may_have_its_entry_from_elsewhere(made: Synthesise) -> None:
    template = made(KubernetesCluster(name="production", access_entry=False))
    assert resources(template, "AWS::EKS::AccessEntry") == []
    assert granted(template, "eks:DescribeCluster") == ["arn:<Partition>:eks:<Region>:<AccountId>:cluster/production"]


def test_an_entry_in_another_region_is_made_only_where_that_is_this_one(made: Synthesise) -> None:
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


def test_only_the_clusters_of_the_settings_may_be_described(made: Synthesise) -> None:
    template = made(KubernetesCluster(name="production"), KubernetesCluster(name="other", region="eu-west-1"))
    assert granted(template, "eks:DescribeCluster") == [
        "arn:<Partition>:eks:<Region>:<AccountId>:cluster/production",
        "arn:<Partition>:eks:eu-west-1:<AccountId>:cluster/other",
    ]
    assert {action for each in statements(template) for action in _listed(each["Action"]) if "eks" in action} == {
        "eks:DescribeCluster"
    }


def test_without_clusters_nothing_is_made_or_granted(made: Synthesise) -> None:
    template = made()
    assert resources(template, "AWS::EKS::AccessEntry") == []
    assert "eks:" not in json.dumps(template)
    assert "VpcConfig" not in json.dumps(template)


def test_a_function_in_a_network_has_its_subnets_and_security_groups(made: Synthesise) -> None:
    (function,) = resources(made(network=NETWORK), "AWS::Lambda::Function")
    assert function["Properties"]["VpcConfig"] == {"SubnetIds": list(SUBNETS), "SecurityGroupIds": [GROUP]}


def test_lambda_may_make_interfaces_in_these_subnets_only(made: Synthesise) -> None:
    template, prefix = made(network=NETWORK), "arn:<Partition>:ec2:<Region>:<AccountId>:"
    places = [f"{prefix}subnet/{id_}" for id_ in SUBNETS]
    places += [f"{prefix}security-group/{GROUP}", f"{prefix}network-interface/*"]
    assert granted(template, "ec2:CreateNetworkInterface") == sorted(places)
    assert granted(template, "ec2:DeleteNetworkInterface") == [f"{prefix}*/*"]
    assert granted(template, "ec2:DescribeSubnets") == ["*"]


def test_the_functions_own_code_may_not_make_or_delete_interfaces(made: Synthesise) -> None:
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


def test_the_grants_are_there_before_the_function_and_the_denial_after_it(made: Synthesise) -> None:
    template = made(network=NETWORK)
    (function,) = resources(template, "AWS::Lambda::Function")
    policies = {name: each for name, each in template["Resources"].items() if each["Type"] == "AWS::IAM::Policy"}
    (denial,) = [name for name, each in policies.items() if '"Deny"' in json.dumps(each)]
    (grants,) = set(policies) - {denial}
    assert grants in function["DependsOn"]
    assert denial not in function["DependsOn"]


def test_cdk_nag_has_nothing_to_say_and_would_say_it(made: Synthesise) -> None:
    every = [
        KubernetesCluster(name="production"),
        KubernetesCluster(name="other", region="eu-west-1", kubernetes_groups=("a",)),
    ]
    assert made(*every, network=NETWORK)
    with pytest.raises(RuntimeError, match="IAM5"):
        made(*every, network=NETWORK, open_door=True)


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


def test_a_cluster_that_is_named_twice_in_a_region_is_refused() -> None:
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
