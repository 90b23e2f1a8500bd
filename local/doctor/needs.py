"""What the settings of a deployment name in the account."""

import re
from collections.abc import Iterator
from typing import Any, get_args

from stacks.settings.deployment import Deployment, Purpose
from stacks.settings.inventory import bucket_and_key, is_address
from stacks.settings.values import Section

KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")


def stack_names(deployment: Deployment) -> frozenset[str]:
    """The names of the deployment's stacks."""
    return frozenset(deployment.stack_name(purpose) for purpose in get_args(Purpose))


def logged_resources(deployment: Deployment) -> tuple[str, ...]:
    """The IDs of all resources that get a flow log."""
    return tuple(dict.fromkeys(each.resource_id for each in deployment.flow_logs))


def bucket_names(deployment: Deployment) -> tuple[str, ...]:
    """The buckets that exist already: of flow logs, and of geographic databases."""
    databases = [bucket for bucket, _ in _databases(deployment)]
    return tuple(dict.fromkeys([*(each.name for each in deployment.existing_buckets), *databases]))


def database_keys(name: str, deployment: Deployment) -> tuple[str, ...]:
    """The keys of the geographic databases in this bucket."""
    return tuple(key for bucket, key in _databases(deployment) if bucket == name)


def _databases(deployment: Deployment) -> list[tuple[str, str]]:
    return [bucket_and_key(each) for each in deployment.geo_databases if is_address(each)]


def key_arns(deployment: Deployment) -> tuple[str, ...]:
    """The KMS keys that any setting names."""
    return tuple(sorted({text for text in _texts(deployment) if KEY_ARN.fullmatch(text)}))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Section):
        for name in type(value).model_fields:
            yield from _texts(getattr(value, name))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def of_function(deployment: Deployment) -> tuple[str, ...]:
    """The subnets and security groups of the inventory function."""
    network = deployment.inventory_network
    return (*network.subnet_ids, *network.security_group_ids) if network else ()
