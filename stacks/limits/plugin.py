"""Checks every synthesised template against the limits of AWS, so that a deploy is not refused half-way."""

from collections.abc import Callable, Iterator
from typing import cast

import jsii
from aws_cdk import (
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
)

from stacks.limits import analytics, functions, log_searches, names_and_values, observability, policies
from stacks.limits.templates import Excess, Templates

LIMITS: tuple[Callable[[Templates], Iterator[Excess]], ...] = (
    functions.environments,
    functions.policies,
    functions.packages,
    policies.roles,
    policies.resource_policies,
    policies.queue_policies,
    analytics.tables,
    analytics.queries,
    analytics.workgroups,
    observability.dashboards,
    observability.alarms,
    observability.subscriptions,
    log_searches.metric_filters,
    log_searches.filter_patterns,
    log_searches.saved_queries,
    names_and_values.names,
    names_and_values.tags,
    names_and_values.parameters,
    names_and_values.rules,
    names_and_values.whole_templates,
)
"""Every limit, in the order of the report."""


def exceeded(templates: Templates) -> Iterator[Excess]:
    """What AWS would refuse of these templates."""
    for limit in LIMITS:
        yield from limit(templates)


@jsii.implements(IPolicyValidationPlugin)
class AwsLimits:
    """The plugin of the CDK, which fails the synth with a sentence for each excess."""

    @property
    def name(self) -> str:
        return "aws-limits"

    @property
    def version(self) -> str:
        return "1.0.0"

    @property
    def rule_ids(self) -> list[str]:
        return ["aws-limits"]

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        templates = Templates.of(context.template_paths)
        violations = [_violation(templates, each) for each in exceeded(templates)]
        return PolicyValidationPluginReport(success=not violations, violations=violations)


def plugin() -> IPolicyValidationPlugin:
    return cast("IPolicyValidationPlugin", AwsLimits())


def _violation(templates: Templates, excess: Excess) -> PolicyViolation:
    where = PolicyViolatingResource(
        resource_logical_id=excess.resource.id,
        template_path=str(templates.folder / f"{excess.resource.stack}.template.json"),
        locations=[],
    )
    sentence = f"{excess.resource.stack}/{excess.resource.id}: {excess.sentence}"
    return PolicyViolation(rule_name="aws-limits", description=sentence, violating_resources=[where])
