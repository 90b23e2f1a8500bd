"""Saved queries of Logs Insights, in a folder for each log group of flow logs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-querydefinition.html
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence

from aws_cdk import Annotations
from aws_cdk import aws_logs as logs
from constructs import Construct

from flowsentry.inventory.address_space import PRIVATE_NETWORKS
from stacks.log_queries.log_groups import FlowLogGroup, of_unknown_formats
from stacks.log_queries.queries import REJECTED_OUTSIDE, left_out, texts_of
from stacks.settings.deployment import Deployment
from stacks.settings.logged.log_queries import MAX_EXCLUDED

FOLDER = "Flowsentry"
MAX_LOG_GROUPS = 20
"""Log groups with saved queries. Higher: they exceed the 500 resources of a stack. Lower: more log groups without: the
queries of another log group of the same format serve them, once the log group is selected in the console."""


class SavedQueries(Construct):
    """The queries that the records of each log group can answer. What a format can't answer, the synth says."""

    def __init__(
        self, scope: Construct, id_: str, *, deployment: Deployment, log_group_names: Mapping[FlowLogGroup, str]
    ) -> None:
        super().__init__(scope, id_)
        self._folder = f"{FOLDER}/{deployment.name}"
        self._excluded = excluded_networks(deployment)
        for group, name in [*log_group_names.items()][:MAX_LOG_GROUPS]:
            self._save(group, name)
        for remark in remarks(list(log_group_names), self._excluded):
            Annotations.of(self).add_info(remark)
        for name in of_unknown_formats(deployment):
            Annotations.of(self).add_info(f"saved queries of {name}: none, because its log_formats are not set")

    def _save(self, group: FlowLogGroup, log_group_name: str) -> None:
        for part, _, fields in group.formats:
            folder = "/".join([self._folder, group.label, *([part] if part else [])])
            for title, text in texts_of(fields, self._excluded).items():
                logs.CfnQueryDefinition(
                    self,
                    "-".join([group.id, part, title.replace(" ", "")]),
                    name=f"{folder}/{title}",
                    query_string=text,
                    log_group_names=[log_group_name],
                )


def excluded_networks(deployment: Deployment) -> list[str]:
    """The networks that the query of rejects without given networks leaves out: those of its setting, else those that
    count as inside. Networks that others include are not named. Empty if there are more than a query can name.
    """
    given = deployment.query_excluded_networks or deployment.inside_networks or PRIVATE_NETWORKS
    networks = [ipaddress.ip_network(each) for each in given]
    fewest = [
        *ipaddress.collapse_addresses(each for each in networks if isinstance(each, ipaddress.IPv4Network)),
        *ipaddress.collapse_addresses(each for each in networks if isinstance(each, ipaddress.IPv6Network)),
    ]
    return list(map(str, fewest)) if len(fewest) <= MAX_EXCLUDED else []


def remarks(groups: Sequence[FlowLogGroup], excluded: Sequence[str]) -> Iterator[str]:
    """What has no saved queries, and which fields or settings it would need, a sentence each."""
    for group in groups[:MAX_LOG_GROUPS]:
        yield from _remarks_on(group)
    if groups and not excluded:
        yield (
            f"the query {REJECTED_OUTSIDE!r} is left out: inside_networks are more than the {MAX_EXCLUDED} that it can "
            "name; give fewer in query_excluded_networks"
        )
    if others := len(groups[MAX_LOG_GROUPS:]):
        yield f"{others} log groups have no saved queries: the first {MAX_LOG_GROUPS} have"


def _remarks_on(group: FlowLogGroup) -> Iterator[str]:
    for part, _, fields in group.formats:
        if missing := left_out(fields):
            each = "; ".join(f"{name!r} needs {', '.join(needed)}" for name, needed in missing.items())
            yield f"saved queries of {'/'.join([group.label, *([part] if part else [])])}: {each}"
    if number := group.ambiguous_formats:
        yield (
            f"saved queries of {group.label}: {number} log_formats have as many fields as another one, so that nothing "
            "in a record tells which it has; they have no queries"
        )
