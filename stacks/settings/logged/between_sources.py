"""Rules between the sources of a deployment: resources that are counted twice, and what shared storage needs."""

from collections.abc import Iterator, Sequence

from stacks.settings.logged.containment import logged_twice, may_contain
from stacks.settings.logged.delivery import S3, Handling
from stacks.settings.logged.resources import ResourceType, resource_type
from stacks.settings.sources import Source
from stacks.settings.values import repeated

SETTINGS_OF = {"transitions": "storage_transitions"}
"""Settings that are named otherwise in a Handling."""
MAX_LEFT_OUT = 60
"""VPCs that are left out of all VPCs by id. Their ids are in the environment of a function, which holds 4 KB, with the
log format. More: no room for a format with all fields. Fewer: no room for those who name VPCs instead of tagging them.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


def broken_rules_between_sources(sources: Sequence[Source]) -> Iterator[str]:
    """Resources that are logged twice, names that are given twice, and sources that share storage and disagree."""
    writing = [source for source in sources if not source.draining]
    resources = repeated(each for source in writing for each in source.resource_ids)
    yield from (f"{each} is named {times} times; allowed: once" for each, times in resources.items())
    names = repeated(source.name for source in writing if source.name)
    yield from (f"name {name!r} is given {times} times; allowed: once" for name, times in names.items())
    yield from _contained(writing)
    yield from _contained_in_all_vpcs(writing)
    yield from _disagreements(sources)


def _contained(sources: Sequence[Source]) -> Iterator[str]:
    containers = {each: may_contain([each], source.inside) for source in sources for each in source.resource_ids}
    logged = [each for source in sources for each in source.resource_ids]
    for inner, outer in logged_twice(logged, containers):
        yield f"{inner} is inside {outer}, which has a flow log too; allowed: one of them, or records are counted twice"


def _contained_in_all_vpcs(sources: Sequence[Source]) -> Iterator[str]:
    """All VPCs contain every subnet and interface, unless the VPCs that these are inside of are left out."""
    of_all = [source for source in sources if source.all_vpcs]
    if len(of_all) > 1:
        yield f"all_vpcs is true in {len(of_all)} sources; allowed: in one"
    moving = [source for source in sources if source.moves_to_all_vpcs]
    if any(not source.vpc_ids or not of_all for source in moving):
        yield "moves_to_all_vpcs is true; allowed: in a source with vpc_ids, beside one with all_vpcs"
    staying = {each for source in sources if not source.moves_to_all_vpcs for each in source.vpc_ids}
    listed = staying | {each for source in of_all for each in source.except_vpc_ids}
    if of_all and len(listed) > MAX_LEFT_OUT:
        yield (
            f"all_vpcs leaves out {len(listed)} VPCs by id; allowed: {MAX_LEFT_OUT}, with those of other sources; "
            "leave out others by except_tags"
        )
    for every in of_all:
        for source in sources:
            vpcs = [each for each in source.inside if resource_type(each) == ResourceType.VPC]
            parts = [*source.subnet_ids, *source.network_interface_ids]
            if parts and not (vpcs and {*vpcs} <= {*every.except_vpc_ids}):
                yield (
                    f"all_vpcs logs the VPC that {parts[0]} is inside of; allowed: that VPC in `inside`, and in "
                    "except_vpc_ids of the source with all_vpcs"
                )


def unknown_containment(sources: Sequence[Source]) -> Iterator[tuple[str, list[str], list[str]]]:
    """(source, some of its resources, logged resources that may contain one of them) of the sources that do not state
    in `inside` a resource of each type that theirs may be inside of.
    """
    writing = [source for source in sources if not source.draining]
    logged = [each for source in writing for each in source.resource_ids]
    for source in writing:
        stated = {resource_type(each) for each in source.inside}
        unknown = [each for each in logged if resource_type(each) not in stated]
        inner = [each for each in source.resource_ids if may_contain([each], unknown)]
        if inner:
            yield source.label, inner, may_contain(inner, unknown)


def _disagreements(sources: Sequence[Source]) -> Iterator[str]:
    first: dict[str, tuple[int, Handling]] = {}
    for number, source in enumerate(sources):
        for delivery in source.deliveries:
            other, handling = first.setdefault(delivery.id, (number, source.handling))
            if different := [SETTINGS_OF.get(each, each) for each in handling.differences(source.handling)]:
                yield (
                    f"[{other}] and [{number}] share a {'key prefix' if source.destination == S3 else 'log group'} and "
                    f"have different {', '.join(different)}; allowed: the same, or another group"
                )
    keys = sorted({source.kms_key_arn or "none" for source in sources if source.destination == S3})
    if len(keys) > 1:
        yield f'sources with destination "{S3}" have the keys {", ".join(keys)}; allowed: one, as they share a bucket'
