"""Settings for flow logs: those that the app creates, and those that exist already."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from flowsentry.findings.canary import NEEDED_FIELDS
from flowsentry.records.fields import FIELDS
from stacks.settings.existing_flow_logs import (
    ExistingBucket,
    ExistingLogGroup,
    broken_rules_between_buckets,
    broken_rules_between_log_groups,
)
from stacks.settings.logged.between_sources import broken_rules_between_sources
from stacks.settings.logged.delivery import CLOUDWATCH, S3, Delivery, Handling, LoggedResource
from stacks.settings.logged.formats import missing_of
from stacks.settings.logged.members import MemberSettings
from stacks.settings.logged.resources import ResourceType
from stacks.settings.sources import Source
from stacks.settings.values import together


class FlowLogSettings(MemberSettings):
    """Which flow logs are read. At least one of these settings must be given."""

    sources: Annotated[tuple[Source, ...], together(broken_rules_between_sources)] = ()
    """Resources that the app creates flow logs for: [sources](#a-source)."""
    existing_log_groups: Annotated[tuple[ExistingLogGroup, ...], together(broken_rules_between_log_groups)] = ()
    """Log groups that flow logs of yours write to: [existing log groups](#an-existing-log-group)."""
    existing_buckets: Annotated[tuple[ExistingBucket, ...], together(broken_rules_between_buckets)] = ()
    """Buckets that flow logs of yours, or Firehose, write to: [existing buckets](#an-existing-bucket)."""

    @property
    def flow_logs(self) -> dict[LoggedResource, Source]:
        """The flow logs that the app creates, in order of their resources, and the source of each."""
        found = {
            LoggedResource(each.resource_id, self._with_role(each.delivery, source)): source
            for source in self.sources
            for each in source.flow_logs
        }
        return dict(sorted(found.items(), key=lambda item: item[0].id))

    @property
    def handlings(self) -> dict[Delivery, Handling]:
        """How the log groups and key prefixes of all sources are handled, in order of their ids. The sources that share
        one agree.
        """
        found = {delivery: source.handling for source in self.sources for delivery in self.deliveries_of(source)}
        return dict(sorted(found.items(), key=lambda item: item[0].id))

    def deliveries_of(self, source: Source) -> tuple[Delivery, ...]:
        """How the flow logs of a source deliver: one way for those of transit gateways, one for all others."""
        return tuple(self._with_role(delivery, source) for delivery in source.deliveries)

    @property
    def delivery_role_path(self) -> str:
        """The path of the role that delivers flow logs to log groups."""
        return "/"

    @property
    def delivery_role_paths(self) -> list[str]:
        """The paths of all roles that deliver to log groups, those of draining sources included; none without any."""
        return sorted({each.role_path for each in self.handlings if each.destination == CLOUDWATCH})

    def _with_role(self, delivery: Delivery, source: Source) -> Delivery:
        """The delivery of a source with the role that it uses, if it uses one."""
        path = source.draining_role_path or self.delivery_role_path
        return replace(delivery, role_path=path) if delivery.destination == CLOUDWATCH else delivery

    def common_tags(self, delivery: Delivery) -> dict[str, str]:
        """The tags that all sources with this delivery have in common, sorted: those of the log group."""
        tags = [set(source.tags.items()) for source in self.sources if delivery in self.deliveries_of(source)]
        return dict(sorted(set.intersection(*tags)))

    @property
    def log_bucket_key_arn(self) -> str:
        """The customer managed key of the log bucket, which all sources with destination S3 share; empty if none."""
        return next((source.kms_key_arn for source in self.sources if source.destination == S3), "")

    @property
    def log_groups(self) -> dict[str, str]:
        """{id of a log group: log format} of all sources: the log groups that the app creates."""
        return {each.id: each.log_format for each in self.handlings if each.destination == CLOUDWATCH}

    @property
    def canary_log_group_id(self) -> str:
        """The id of the log group that canaries are written into: one of which the format can hold them, and which is
        read after the next deployment too, as those of draining sources may not be; or empty.
        """
        needed = [f"${{{name}}}" for name in NEEDED_FIELDS]
        lasting = {each for source in self.sources if not source.draining for each in self.deliveries_of(source)}
        fitting = (each for each in lasting if all(name in each.log_format for name in needed))
        return min((each.id for each in fitting if each.destination == CLOUDWATCH), default="")

    @property
    def existing_log_formats(self) -> dict[str, list[str]]:
        """The formats that are set for existing flow logs, by name of a log group or by the address of objects."""
        groups = {each.name: each.log_formats for each in self.existing_log_groups}
        objects = {each.address: each.log_formats for each in self.existing_buckets}
        return {name: list(forms) for name, forms in (groups | objects).items() if forms}

    @property
    def streamed_log_groups(self) -> frozenset[str]:
        """The ids of the log groups, created or existing, whose payloads go through the Kinesis data stream."""
        created = (delivery.id for delivery, handling in self.handlings.items() if handling.kinesis)
        return frozenset((*created, *(each.id for each in self.existing_log_groups if each.is_streamed)))

    @property
    def has_payload_stream(self) -> bool:
        """Whether there is a stream: something writes to it, or has written and must be read to the end."""
        writers: tuple[Source | ExistingLogGroup, ...] = (*self.sources, *self.existing_log_groups)
        return any(each.is_streamed or each.draining_kinesis for each in writers)

    @property
    def vpc_ids(self) -> tuple[str, ...]:
        """The VPCs with a flow log, sorted."""
        return tuple(each.resource_id for each in self.flow_logs if each.type == ResourceType.VPC)

    @property
    def vpcs_of_other_sources(self) -> frozenset[str]:
        """The VPCs that `all_vpcs` leaves out because other sources have them, without those that move to it."""
        moving = {each for source in self.sources if source.moves_to_all_vpcs for each in source.vpc_ids}
        return frozenset(self.vpc_ids) - moving

    @property
    def vpcs_in_s3(self) -> tuple[str, ...]:
        """The VPCs and transit gateways whose records are in no log group, as far as the settings state them."""
        in_s3 = [source for source in self.sources if source.destination == S3]
        return tuple(sorted({each for source in in_s3 for each in (*source.scopes, *source.inside)}))

    @property
    def has_unknown_vpcs(self) -> bool:
        """Whether flow logs are read whose VPCs are known only from their records."""
        of_vpcs = all(each.type == ResourceType.VPC for each in self.flow_logs)
        existing = self.existing_log_groups or self.existing_buckets
        return bool(existing or self.has_members or self.source_of_all_vpcs) or not of_vpcs

    @property
    def source_of_all_vpcs(self) -> Source | None:
        """The source with `all_vpcs`, for which a function creates the flow logs."""
        return next((source for source in self.sources if source.all_vpcs and not source.draining), None)

    @property
    def keeps_flow_logs(self) -> bool:
        """Whether flow logs outlive the stacks."""
        return any(source.all_vpcs and source.on_removal == "keep" for source in self.sources)

    def uses(self, destination: str) -> bool:
        """Whether flow logs with this destination are read."""
        in_s3 = self.existing_buckets or self.has_members
        others = self.existing_log_groups if destination == CLOUDWATCH else in_s3
        return bool(others) or any(source.destination == destination for source in self.sources)

    @property
    def delivers_to_log_bucket(self) -> bool:
        """Whether flow logs of this or other accounts are delivered to the log bucket."""
        return self.has_members or any(each.destination == S3 for each in self.handlings)

    def broken_rules(self) -> Iterator[str]:
        """No flow log to read."""
        yield from super().broken_rules()
        if not (self.uses(CLOUDWATCH) or self.uses(S3)):
            empty = "sources, existing_log_groups and existing_buckets are []"
            yield f"{empty}; allowed: lists of which at least one is not empty, or member accounts"


def unknown_fields(settings: FlowLogSettings) -> Iterator[tuple[str, str]]:
    """(source or log group, field) of fields that this version does not know. They are allowed, because AWS adds some
    every year, and make a warning.
    """
    known = {field.name for field in FIELDS}
    for where, form in _formats(settings):
        yield from ((where, token[2:-1]) for token in form.split() if token[2:-1] not in known)


def missing_fields_of(settings: FlowLogSettings) -> Iterator[tuple[str, str]]:
    """(source or log group, what can't be analysed) of formats that leave out fields, which make a warning."""
    for where, form in _formats(settings):
        if missing := missing_of(form):
            yield where, missing


def _formats(settings: FlowLogSettings) -> Iterator[tuple[str, str]]:
    """(source or log group, format) of all sources, and of existing log groups and buckets where they are set."""
    for source in settings.sources:
        yield from ((f"source {source.label}", each.log_format) for each in source.deliveries)
    for name, forms in settings.existing_log_formats.items():
        yield from ((name, form) for form in forms)
