"""CloudFormation: updates of a stack's resources, in AWS's order: create and change first, delete last, or roll back.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
"""

import copy
import graphlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError

from local.aws.deployment.replacement import identifier, is_replaced
from local.aws.deployment.resource_errors import AWS_ERRORS, ResourceError, naming
from local.aws.moto_patches import replaces

Template = dict[str, Any]
RETAINED = {"Retain", "RetainExceptOnCreate"}
"""Deletion policies that keep a resource, except that the second deletes one whose first deployment is rolled back.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"""
MOST_PASSES = 5
"""Passes over the resources to delete: those that others still need are tried again."""


class StackUpdate:
    """One update of the resources of a stack. `apply` makes it; then `clean_up` or `roll_back` ends it."""

    def __init__(self, resources: Any, template: Template, parameters: Mapping[str, Any] | None) -> None:
        self._resources = resources
        self._parsed: dict[str, Any] = resources._parsed_resources  # noqa: SLF001 moto has no public attribute
        self._template = template
        self._parameters = parameters
        self._old = (resources._template, resources._resource_json_map, resources.input_parameters)  # noqa: SLF001
        self._created: list[tuple[str, Any]] = []
        self._changed: list[tuple[str, Any]] = []
        self._superseded: list[tuple[str, Any]] = []

    def apply(self) -> None:
        """Creates and changes resources, each after those that it refers to; raises ResourceError at the first refusal.

        A resource that must be replaced is created anew; the old one exists until `clean_up`.
        """
        self._load(self._template, self._template["Resources"], self._parameters or self._old[2])
        for name in in_dependency_order(self._template["Resources"]):
            if self._is_wanted(name):
                self._put(name, self._template["Resources"][name])

    def roll_back(self) -> None:
        """Restores changed resources and deletes created ones, except new ones with the deletion policy Retain."""
        for name, old in reversed(self._changed):
            self._change(name, self._parsed[name], old, old["Properties"])
        for name, resource in reversed(self._created):
            is_new = name not in dict(self._superseded)
            if not is_new or self._template["Resources"][name].get("DeletionPolicy") != "Retain":
                delete(self._resources, resource, self._template["Resources"][name])
            del self._parsed[name]
        self._parsed.update(self._superseded)
        self._load(*self._old)

    def keep(self) -> None:
        """Leaves the stack as it is after a refusal: only with the resources that exist."""
        templates = {**self._old[1], **self._template["Resources"]}
        existing = {name: each for name, each in templates.items() if name in self._parsed}
        self._resources._resource_json_map = existing  # noqa: SLF001 moto has no public attribute

    def clean_up(self) -> list[str]:
        """Deletes superseded and removed resources that are not retained; returns the names of those that could not be
        deleted, which then exist outside of the stack.
        """
        old = self._old[1]
        removed = [name for name in reversed(in_dependency_order(old)) if name in self._parsed]
        removed = [name for name in removed if name not in self._template["Resources"] or not self._is_wanted(name)]
        gone = [(name, self._parsed.pop(name), "DeletionPolicy") for name in removed]
        gone += [(name, resource, "UpdateReplacePolicy") for name, resource in reversed(self._superseded)]
        return delete_all(
            self._resources,
            [(name, each, old[name]) for name, each, policy in gone if old[name].get(policy) not in RETAINED],
        )

    def _load(self, template: Template, resources: Template, parameters: Mapping[str, Any]) -> None:
        moto = self._resources
        moto._template, moto._resource_json_map = template, resources  # noqa: SLF001 moto has no public attributes
        moto.input_parameters = parameters
        moto.resolved_parameters = {}
        moto.load()

    def _is_wanted(self, name: str) -> bool:
        condition = self._template["Resources"][name].get("Condition")
        return not condition or bool(self._resources.lazy_condition_map[condition])

    def _put(self, name: str, wanted: Template) -> None:
        current = self._parsed.get(name)
        if current is None:
            self._created.append((name, self._resources[name]))
            return
        if current.cf_resource_type != wanted["Type"]:
            raise ResourceError(name, wanted["Type"], "Update of resource type is not permitted.")
        new = resolved(wanted, self._resources)
        if new["Properties"] == current.cf_properties:
            return
        if is_replaced(wanted["Type"], current.cf_properties, new["Properties"]) or not _can_change(wanted["Type"]):
            self._replace(name, wanted, current, new["Properties"])
        else:
            old = {**new, "Properties": copy.deepcopy(current.cf_properties)}
            self._changed.append((name, old))  # also if it fails: CloudFormation changes that resource back too
            self._change(name, current, wanted, new["Properties"])

    def _replace(self, name: str, wanted: Template, current: Any, properties: Mapping[str, Any]) -> None:
        fixed = identifier(wanted["Type"], properties)
        if fixed and fixed == identifier(wanted["Type"], current.cf_properties):
            text = "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
            raise ResourceError(name, wanted["Type"], f"{text}{' '.join(fixed.values())} and update the stack again.")
        created: Any = parsing.parse_and_create_resource(name, wanted, self._resources, *_place(self._resources))
        self._superseded.append((name, current))
        self._created.append((name, created))
        self._parsed[name] = created

    def _change(self, name: str, current: Any, wanted: Template, properties: Mapping[str, Any]) -> None:
        self._parsed[name] = current
        with naming(name, wanted["Type"]):
            changed: Any = parsing.parse_and_update_resource(name, wanted, self._resources, *_place(self._resources))
        changed.cf_properties = copy.deepcopy(properties)
        self._parsed[name] = changed


def _place(resources: Any) -> tuple[str, str]:
    return resources._account_id, resources._region_name  # noqa: SLF001 moto has no public attributes


def resolved(resource: Template, resources: Any) -> dict[str, Any]:
    """The resource with the values of its references and functions."""
    cleaned = parsing.clean_json(copy.deepcopy(dict(resource)), resources)
    return {"Properties": {}, **cleaned}


def _can_change(resource_type: str) -> bool:
    """False for a type that moto cannot change: it is replaced, where AWS would change it."""
    model: Any = parsing.resource_class_from_type(resource_type)
    return model is None or not hasattr(model.update_from_cloudformation_json, "__isabstractmethod__")


def delete_all(resources: Any, wanted: Sequence[tuple[str, Any, Template]]) -> list[str]:
    """Deletes the resources in this order; returns the names of those that could not be deleted."""
    left = list(wanted)
    for _ in range(MOST_PASSES):
        left = [each for each in left if not delete(resources, each[1], each[2])]
    return [name for name, _resource, _template in left]


def delete(resources: Any, resource: Any, template: Template) -> bool:
    """Deletes one resource; returns whether it could be deleted."""
    try:
        if resource is not None:
            resources._delete_resource(resource, template)  # noqa: SLF001 moto has no public method
    except AWS_ERRORS:
        return False
    return True


def in_dependency_order(resources: Mapping[str, Template]) -> list[str]:
    """The names of a template's resources, each after those that it depends on or refers to.

    Raises ValidationError for a circle.
    """
    sorter = graphlib.TopologicalSorter({name: set(_needed(each, resources)) for name, each in resources.items()})
    try:
        return list(sorter.static_order())
    except graphlib.CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise ValidationError(message=f"Circular dependency between resources: [{circle}]") from None


def _needed(resource: Template, resources: Iterable[str]) -> Iterator[str]:
    waits_for = resource.get("DependsOn", [])
    yield from [waits_for] if isinstance(waits_for, str) else waits_for
    yield from (name for name in references(resource.get("Properties", {})) if name in resources)


def references(value: Any) -> Iterator[str]:
    """The names of what a template's properties refer to: resources, parameters and pseudo parameters."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, Mapping):
        if set(value) == {"Ref"}:
            yield value["Ref"]
        elif set(value) == {"Fn::GetAtt"}:
            yield value["Fn::GetAtt"][0] if isinstance(value["Fn::GetAtt"], list) else value["Fn::GetAtt"].split(".")[0]
        elif set(value) == {"Fn::Sub"}:
            own: Any = value["Fn::Sub"][1] if isinstance(value["Fn::Sub"], list) else {}
            names = re.findall(r"\$\{([A-Za-z0-9:]+)", json.dumps(value))
            yield from (name for name in names if name not in own)
        yield from references(list(value.values()))


@replaces(parsing.ResourceMap, "__getitem__")
def create_dependencies_first(original: Callable[..., Any], resources: Any, key: str) -> Any:
    """Moto applies DependsOn when a stack is created directly, not when a change set or an update adds resources."""
    if key not in resources._parsed_resources:  # noqa: SLF001 moto has no public method
        waits_for = (resources._resource_json_map.get(key) or {}).get("DependsOn", [])  # noqa: SLF001
        for other in [waits_for] if isinstance(waits_for, str) else waits_for:
            _ = resources[other]
    return original(resources, key)


@replaces(parsing, "parse_resource")
def copy_the_template(original: Callable[..., Any], resource: Any, resources: Any) -> Any:
    """Moto modifies the given template, so the next deployment finds changes that do not exist."""
    return original(copy.deepcopy(resource), resources)


@replaces(parsing, "parse_and_create_resource")
def create_resource(
    original: Callable[..., Any], logical_id: str, resource: Any, resources: Any, account_id: str, region_name: str
) -> Any:
    """Moto does not say which resource could not be created, and forgets the properties that it was created with."""
    with naming(logical_id, resource["Type"]):
        created = original(logical_id, resource, resources, account_id, region_name)
    if created is not None:
        created.cf_properties = resolved(resource, resources)["Properties"]
    return created


@replaces(parsing.ResourceMap, "parse_ssm_parameter")
def report_missing_parameter(original: Callable[..., Any], resources: Any, value: str, value_type: str) -> Any:
    """Moto responds with 500 if a Systems Manager parameter does not exist."""
    try:
        return original(resources, value, value_type)
    except AttributeError:
        raise ValidationError(message=f"Unable to fetch parameters [{value}] from parameter store") from None


@replaces(parsing.ResourceMap, "delete")
def delete_in_reverse_order(_original: Callable[..., Any], resources: Any) -> None:
    """Moto deletes the resources of a stack in arbitrary order, and those with the policy RetainExceptOnCreate."""
    parsed, template = resources._parsed_resources, resources._resource_json_map  # noqa: SLF001 moto has no public ones
    names = [name for name in reversed(in_dependency_order(template)) if parsed.get(name) is not None]
    wanted = [name for name in names if template[name].get("DeletionPolicy") not in RETAINED]
    if left := delete_all(resources, [(name, parsed.pop(name), template[name]) for name in wanted]):
        raise ValidationError(message=f"The following resource(s) failed to delete: [{', '.join(left)}].")
