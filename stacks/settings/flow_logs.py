"""Settings for flow logs: those that the app creates, and those that exist already."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from flowsentry.records.fields import FIELDS
from stacks.settings.existing_flow_logs import (
    ExistingBucket,
    ExistingLogGroup,
    broken_rules_between_buckets,
    broken_rules_between_log_groups,
)
from stacks.settings.members import MemberSettings
from stacks.settings.sources import CLOUDWATCH, S3, Source, broken_rules_between_sources
from stacks.settings.values import together


class FlowLogSettings(MemberSettings):
    """Which flow logs are read. At least one of these settings must be given."""

    sources: Annotated[tuple[Source, ...], together(broken_rules_between_sources)] = ()
    """VPCs that the app creates flow logs for: [sources](#a-source)."""
    existing_log_groups: Annotated[tuple[ExistingLogGroup, ...], together(broken_rules_between_log_groups)] = ()
    """Log groups that flow logs of yours write to: [existing log groups](#an-existing-log-group)."""
    existing_buckets: Annotated[tuple[ExistingBucket, ...], together(broken_rules_between_buckets)] = ()
    """Buckets that flow logs of yours, or Firehose, write to: [existing buckets](#an-existing-bucket)."""

    @property
    def log_groups(self) -> dict[str, str]:
        """{id of a log group: log format} of all sources: the log groups that the app creates."""
        return {id_: form for source in self.sources for id_, form in source.log_groups.items()}

    @property
    def existing_log_formats(self) -> dict[str, list[str]]:
        """The formats that are set for existing flow logs, by name of a log group or by the address of objects."""
        groups = {each.name: each.log_formats for each in self.existing_log_groups}
        objects = {each.address: each.log_formats for each in self.existing_buckets}
        return {name: list(forms) for name, forms in (groups | objects).items() if forms}

    @property
    def streamed_log_groups(self) -> frozenset[str]:
        """The ids of the log groups, created or existing, whose payloads go through the Kinesis data stream."""
        created = (id_ for source in self.sources if source.kinesis for id_ in source.log_groups)
        return frozenset((*created, *(each.id for each in self.existing_log_groups if each.kinesis)))

    @property
    def has_payload_stream(self) -> bool:
        """Whether there is a stream: something writes to it, or has written and must be read to the end."""
        writers: tuple[Source | ExistingLogGroup, ...] = (*self.sources, *self.existing_log_groups)
        return any(each.kinesis or each.draining_kinesis for each in writers)

    @property
    def vpc_ids(self) -> tuple[str, ...]:
        return tuple(vpc_id for source in self.sources for vpc_id in source.vpc_ids)

    @property
    def vpcs_in_s3(self) -> tuple[str, ...]:
        """The VPCs whose records are in no log group."""
        return tuple(vpc_id for source in self.sources if source.destination == S3 for vpc_id in source.vpc_ids)

    @property
    def has_unknown_vpcs(self) -> bool:
        """Whether flow logs are read whose VPCs are known only from their records."""
        return bool(self.existing_log_groups or self.existing_buckets or self.has_members)

    def uses(self, destination: str) -> bool:
        """Whether flow logs with this destination are read."""
        in_s3 = self.existing_buckets or self.has_members
        others = self.existing_log_groups if destination == CLOUDWATCH else in_s3
        return bool(others) or any(source.destination == destination for source in self.sources)

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
    formats: dict[str, Sequence[str]] = {
        f"source {source.id}": (source.log_format, *source.draining_log_formats) for source in settings.sources
    }
    known = {field.name for field in FIELDS}
    for name, forms in (formats | settings.existing_log_formats).items():
        for token in (token for form in forms for token in form.split()):
            if token[2:-1] not in known:
                yield name, token[2:-1]
