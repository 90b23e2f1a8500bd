"""The settings of a deployment: "flowsentry" in cdk.json, with `-c flowsentry.<key>=<value>` over it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from stacks.prices.own_prices import TrafficPrices
from stacks.settings.alarms import AlarmSettings, broken_rules_of_readers
from stacks.settings.alerts import AlertSettings
from stacks.settings.detection import DetectionSettings
from stacks.settings.flow_logs import FlowLogSettings
from stacks.settings.inventory import OwnershipSettings
from stacks.settings.logged.delivery import Handling
from stacks.settings.logged.log_queries import MAX_FILTERS, LogQuerySettings
from stacks.settings.logged.storage import broken_rules_of_transitions
from stacks.settings.operation import GuardRailSettings, OperationSettings
from stacks.settings.reading import read_context
from stacks.settings.sources import Source
from stacks.settings.values import MAX_TAGS

SECTION = "flowsentry"
Purpose = Literal["flow-logs", "state", "analytics", "processing", "monitoring"]
"""The purposes of the stacks, which follow the name of the deployment in their names."""
PARAMETER_BYTES = 8192
"""Size limit of an advanced parameter of Systems Manager."""
LOG_GROUP_ENTRY_BYTES = 160
"""Upper bound of a log group's generated name (stack name of at most 64, logical ID, random suffix) and punctuation in
that parameter.
"""

LOGICAL_IDS: tuple[tuple[Purpose, str], ...] = (
    ("flow-logs", "LogBucket"),
    ("flow-logs", "LogGroup"),
    ("flow-logs", "FailedInvocations"),
    ("state", "Output"),
    ("processing", "StreamProcessor"),
    ("processing", "ObjectProcessor"),
    ("processing", "Ownership"),
    ("processing", "Alerting"),
    ("processing", "EveryVpc"),
    ("processing", "RuleUsage"),
)
"""The stacks of log groups and buckets, and what their logical ids begin with. `prod-flow-logs-archive` is none."""
LONG_NAME = 56
"""Characters of a bucket's name, of at most 63, from which its logical id may have been cut. Higher: a bucket of the
app is taken for one of others. Lower: a bucket of others is refused whose name begins alike."""
SUBSCRIBED = 400
"""Subscription filters of the processing stack, which has up to 100 other resources. Higher, lower: as below."""
LARGEST_STACK = 450
"""Flow logs, log groups and rules of the flow logs stack. CloudFormation allows 500 resources, and up to 50 others are
in it. Higher: no room for these. Lower: a second deployment, with its fixed cost, is needed sooner."""
DESTINATION_BYTES, COVERAGE_KEYS_BYTES = 110, 40
"""Upper bounds of a log group's generated name, or the address of the app's bucket, in the parameter with the coverage
of flow logs; and of the names of its two lists."""

DeploymentName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{0,29}$",
        title="at most 30 lowercase letters, digits and hyphens, a letter first",
    ),
]


class Deployment(
    GuardRailSettings,
    OperationSettings,
    LogQuerySettings,
    OwnershipSettings,
    AlarmSettings,
    AlertSettings,
    DetectionSettings,
    FlowLogSettings,
):
    """The settings of Flowsentry in cdk.json. docs/settings.md describes them."""

    name: DeploymentName = SECTION
    """Names the stacks (`<name>-flow-logs`, …), the dashboards, the alarms, the parameters (`/<name>/…`), the namespace
    of the metrics (`Flowsentry/<name>`), and the workgroup and database of Athena (there with `_` for `-`). The names
    that CloudFormation generates begin with it too. Another name is another, separate deployment."""
    prices: TrafficPrices = TrafficPrices()
    """[Prices of traffic](traffic-bill.md#prices) on the dashboard Traffic bill, where yours differ from AWS's list."""

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Self:
        """The settings in the context of a CDK app. Raises SettingsError, which lists every problem."""
        return read_context(cls, SECTION, context)

    def stack_name(self, purpose: Purpose) -> str:
        return f"{self.name}-{purpose}"

    def days_of(self, handling: Handling) -> int:
        """How long records with this handling are kept: its own days, or those of the deployment; 0 for ever."""
        return self.log_retention_days if handling.retention_days is None else handling.retention_days

    def tags_of(self, source: Source) -> dict[str, str]:
        """All tags of the flow logs of a source, except `Name`; those of the source win over the deployment's."""
        return {"application": self.name, **self.tags, **source.tags}

    @property
    def delivery_role_path(self) -> str:
        """The path of all roles. Another path makes other flow logs to log groups, and other log groups."""
        return self.role_path

    def inventory_role_name(self, region: str) -> str:
        """The name of the role of the inventory function, which roles of other accounts trust; 64 characters at most.

        A name is unique among all Regions and paths. It contains a digest of the path, because CloudFormation creates a
        role with another path before it deletes the old one.
        """
        digest = hashlib.blake2b(self.role_path.encode(), digest_size=3).hexdigest()
        return f"{self.name}-inventory-{region}" + (f"-{digest}" if self.role_path != "/" else "")

    def broken_rules(self) -> Iterator[str]:
        """Resources of this app among existing ones, and values that exceed their parameter."""
        yield from super().broken_rules()
        yield from self._own_resources()
        yield from self._transitions_of_default_retention()
        yield from self._tags_of_sources()
        yield from self._resources_of_a_stack()
        yield from self._metric_filters_of_log_groups()
        yield from broken_rules_of_readers(self.alert_emails, self)
        if (size := len(self.targets_in)) > PARAMETER_BYTES:
            yield (
                f"inventory_targets and kubernetes_clusters need {size} bytes in one parameter; allowed: "
                f"{PARAMETER_BYTES}. Several Regions of one role need less than several roles"
            )
        if (size := len(self.first_suppressions)) > PARAMETER_BYTES:
            yield (
                f"suppressions need {size} bytes in one parameter, together with the research scanners; allowed: "
                f"{PARAMETER_BYTES}. Put the others into the suppressions object"
            )
        if (size := self._bytes_of_log_formats()) > PARAMETER_BYTES:
            yield (
                f"the log formats need {size} bytes in one parameter; allowed: {PARAMETER_BYTES}. Give sources of the "
                "same format the same group: they share a log group. Leave out formats of existing log groups: "
                "they are looked up"
            )
        if (size := self._bytes_of_destinations()) > PARAMETER_BYTES:
            yield (
                f"the names of log groups and buckets need {size} bytes in one parameter; allowed: {PARAMETER_BYTES}. "
                "Read some of existing_log_groups and existing_buckets with a second deployment"
            )

    def _transitions_of_default_retention(self) -> Iterator[str]:
        """Storage transitions of sources whose objects expire before, with the retention of the deployment."""
        for number, source in enumerate(self.sources):
            if source.retention_days is None:
                for broken in broken_rules_of_transitions(source.storage_transitions, self.log_retention_days):
                    yield f"sources[{number}]: {broken}"

    def _resources_of_a_stack(self) -> Iterator[str]:
        """More flow logs, log groups (with a parameter for the name of each) and rules for existing buckets than one
        stack has room for: see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html.
        """
        logs, groups, buckets = len(self.flow_logs), len(self.log_groups), len(self.existing_buckets)
        if logs + 2 * groups + buckets > LARGEST_STACK:
            yield (
                f"sources and existing_buckets make {logs} flow logs, {groups} log groups and {buckets} rules; allowed "
                f"in one stack: {LARGEST_STACK}, where a log group counts twice. Use all_vpcs, whose flow logs are in "
                "no stack, or put some of the sources into a second deployment, with another name"
            )
        if (subscribed := groups + len(self.existing_log_groups)) > SUBSCRIBED:
            yield (
                f"sources and existing_log_groups have {subscribed} log groups, each with a subscription filter; "
                f"allowed in one stack: {SUBSCRIBED}. Read some of them with a second deployment, with another name"
            )

    def _metric_filters_of_log_groups(self) -> Iterator[str]:
        """More metric filters than the monitoring stack has room for."""
        filters, existing = len(self.metric_filters), sum(len(each.log_formats) for each in self.existing_log_groups)
        if (number := filters * (len(self.log_groups) + existing)) > MAX_FILTERS:
            yield (
                f"{filters} metric_filters make {number} with the log groups of all formats; allowed: {MAX_FILTERS}. "
                "Give fewer, or read some of the log groups with a second deployment, with another name"
            )

    def _tags_of_sources(self) -> Iterator[str]:
        """Flow logs with too many tags: they have those of the deployment beside those of their source."""
        for number, source in enumerate(self.sources):
            if (count := len({**self.tags, **source.tags})) > MAX_TAGS:
                yield f"sources[{number}].tags and tags have {count} keys together; allowed: {MAX_TAGS}"

    @property
    def checked_resources(self) -> tuple[str, ...]:
        """The resources whose flow logs are reported when they are gone: as many as have room in the parameter with the
        coverage, some 300. All others are checked as long as they have a flow log, and synth warns of them.
        """
        resources = tuple(dict.fromkeys(each.resource_id for each in self.flow_logs))
        room = PARAMETER_BYTES - COVERAGE_KEYS_BYTES - self._bytes_of_destinations()
        totals = accumulate(len(f'"{each}",') for each in resources)
        return tuple(each for each, total in zip(resources, totals, strict=True) if total <= room)

    @property
    def unchecked_resources(self) -> int:
        """How many resources have no room there: nothing tells when their flow log is gone."""
        return len({each.resource_id for each in self.flow_logs}) - len(self.checked_resources)

    def _bytes_of_destinations(self) -> int:
        existing = [each.name for each in self.existing_log_groups]
        existing += [each.address for each in self.existing_buckets]
        return DESTINATION_BYTES * (len(self.log_groups) + 1) + len(json.dumps(existing))

    def _bytes_of_log_formats(self) -> int:
        created = sum(LOG_GROUP_ENTRY_BYTES + len(form) for form in self.log_groups.values())
        return created + len(json.dumps(self.existing_log_formats))

    def _own_resources(self) -> Iterator[str]:
        """Log groups and buckets of this app, which would be read twice, or written and read for ever."""
        for key in ("existing_log_groups", "existing_buckets"):
            names = (each.name for each in getattr(self, key) if self._is_own(each.name))
            yield from (f"{key} names {name}, which this app created; allowed: resources of others" for name in names)

    def _is_own(self, name: str) -> bool:
        """Whether CloudFormation made the name: stack, logical id and a suffix, in lowercase for a bucket, whose
        logical id is cut where the name would be too long. See
        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html.
        """
        for purpose, id_ in LOGICAL_IDS:
            stack, rest = name[: len(self.stack_name(purpose)) + 1], name[len(self.stack_name(purpose)) + 1 :]
            part, own = rest.partition("-")[0].lower(), id_.lower()
            is_cut = len(name) >= LONG_NAME and own.startswith(part)
            if stack == f"{self.stack_name(purpose)}-" and (part.startswith(own) or is_cut):
                return True
        return False
