"""Limits of policies: how large they are, and how many statements, principals and conditions a queue's policy has."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from stacks.limits.templates import Excess, Resource, Templates

ROLE, POLICY, MANAGED_POLICY = "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"
INLINE_CHARACTERS, TRUST_CHARACTERS, MANAGED_CHARACTERS = 10_240, 2_048, 6_144
"""Of all inline policies of a role, of its trust policy, and of a managed policy; IAM does not count white space. The
second can be raised to 4,096. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
MANAGED_POLICIES = 10
"""Managed policies of a role, until a higher quota is asked for."""


class ResourcePolicy(NamedTuple):
    """Where a type of resource has its policy, what it is called, and the most bytes of it."""

    property: str
    name: str
    max_bytes: int


RESOURCE_POLICIES = {
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
    "AWS::S3::BucketPolicy": ResourcePolicy("PolicyDocument", "bucket", 20_480),
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
    "AWS::SQS::QueuePolicy": ResourcePolicy("PolicyDocument", "queue", 8_192),
    # https://docs.aws.amazon.com/general/latest/gr/sns.html
    "AWS::SNS::TopicPolicy": ResourcePolicy("PolicyDocument", "topic", 30_720),
    # https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
    "AWS::KMS::Key": ResourcePolicy("KeyPolicy", "key", 32_768),
}
QUEUE_POLICY = {"statements": 20, "principals": 50, "conditions": 10}
QUEUE_ACTIONS = 7
"""Of one statement. The page of SQS's quotas above names them."""


def roles(templates: Templates) -> Iterator[Excess]:
    """Roles whose policies are too large or too many."""
    attached = _attached(templates)
    for role in templates.of_type(ROLE):
        documents = [each["PolicyDocument"] for each in role.properties.get("Policies", ())]
        documents += [each.properties["PolicyDocument"] for each in attached[role.stack, role.id]]
        size = sum(_characters(templates, role, each) for each in documents)
        if size > INLINE_CHARACTERS:
            yield Excess(role, f"its inline policies have up to {size:,} characters; allowed: {INLINE_CHARACTERS:,}")
        trust = _characters(templates, role, role.properties["AssumeRolePolicyDocument"])
        if trust > TRUST_CHARACTERS:
            yield Excess(role, f"its trust policy has up to {trust:,} characters; allowed: {TRUST_CHARACTERS:,}")
        if (number := len(role.properties.get("ManagedPolicyArns", ()))) > MANAGED_POLICIES:
            yield Excess(role, f"it has {number} managed policies; allowed: {MANAGED_POLICIES}")
    for policy in templates.of_type(MANAGED_POLICY):
        if (size := _characters(templates, policy, policy.properties["PolicyDocument"])) > MANAGED_CHARACTERS:
            yield Excess(policy, f"it has up to {size:,} characters; allowed: {MANAGED_CHARACTERS:,}")


def _attached(templates: Templates) -> dict[tuple[str, str], list[Resource]]:
    """The inline policies of each role, by its stack and id."""
    found: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for policy in templates.of_type(POLICY):
        for role in policy.properties.get("Roles", ()):
            if isinstance(role, dict) and "Ref" in role:
                found[policy.stack, role["Ref"]].append(policy)
    return found


def _characters(templates: Templates, resource: Resource, document: Any) -> int:
    return len(re.sub(r"\s", "", templates.text(resource, document)))


def resource_policies(templates: Templates) -> Iterator[Excess]:
    """Policies of buckets, queues, topics and keys that are too large."""
    for kind, policy in RESOURCE_POLICIES.items():
        for resource in templates.of_type(kind):
            size = templates.bytes_of(resource, resource.properties.get(policy.property, {}))
            if size > policy.max_bytes:
                yield Excess(
                    resource,
                    f"the policy of this {policy.name} has up to {size:,} bytes; allowed: {policy.max_bytes:,}",
                )


def queue_policies(templates: Templates) -> Iterator[Excess]:
    """Policies of queues with too many statements, principals or conditions."""
    for resource in templates.of_type("AWS::SQS::QueuePolicy"):
        statements = resource.properties["PolicyDocument"]["Statement"]
        counts = Counter(statements=len(statements))
        for each in statements:
            counts["principals"] += _principals(each.get("Principal", {}))
            counts["conditions"] += sum(len(by_key) for by_key in each.get("Condition", {}).values())
            if (actions := len(_listed(each["Action"]))) > QUEUE_ACTIONS:
                yield Excess(resource, f"a statement of its policy has {actions} actions; allowed: {QUEUE_ACTIONS}")
        for name, most in QUEUE_POLICY.items():
            if counts[name] > most:
                yield Excess(resource, f"the policy of this queue has {counts[name]} {name}; allowed: {most}")


def _principals(principal: Any) -> int:
    return sum(len(_listed(each)) for each in principal.values()) if isinstance(principal, dict) else 1


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
