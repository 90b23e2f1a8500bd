"""The user's settings, validated: "flowsentry" in cdk.json, with `-c flowsentry.<key>=<value>` merged over it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, cast, get_args

from flowsentry.records.fields import FIELDS
from stacks.settings.alerts import AlertSettings
from stacks.settings.allowed import (
    Problems,
    SettingsError,
    flow_log_format,
    list_of,
    one_of,
    one_of_numbers,
    section,
    setting,
    text,
    whole_number,
    yes_or_no,
)
from stacks.settings.command_line import with_overrides
from stacks.settings.detection import DetectionSettings
from stacks.settings.existing_flow_logs import (
    ExistingBucket,
    ExistingLogGroup,
    between_buckets,
    between_log_groups,
)
from stacks.settings.inventory import (
    GEO_DATABASE,
    REGION,
    InventoryTarget,
    between_databases,
    between_targets,
)
from stacks.settings.kubernetes import InventoryNetwork, KubernetesCluster, between_clusters

SECTION = "flowsentry"
CLOUDWATCH, S3 = "cloudwatch", "s3"
PLAIN_TEXT, PARQUET = "plain-text", "parquet"
Purpose = Literal["flow-logs", "state", "analytics", "processing", "monitoring"]
"""What the stacks are for, and called, after the name of the deployment."""
LATEST_VERSION = 5
FULL_LOG_FORMAT = " ".join(f"${{{field.name}}}" for field in FIELDS if field.version <= LATEST_VERSION)
"""Without tcp-flags (version 3) who opened a connection is a guess, without pkt-srcaddr (3) NAT hides who it was."""

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_RETENTION_DAYS = one_of_numbers(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827)
PARAMETER_BYTES = 8192
"""What an advanced parameter of Systems Manager holds."""
LOG_GROUP_ENTRY_BYTES = 160
"""A log group's generated name (stack name of at most 64, logical id, random suffix) and punctuation in that parameter,
rounded up."""


@dataclass(frozen=True)
class Source:
    """VPCs whose flow logs go the same way in the same format."""

    vpc_ids: tuple[str, ...] = setting(
        list_of(text(r"vpc-[0-9a-f]{8,17}", "a VPC id such as vpc-0123456789abcdef0"), at_least=1)
    )
    destination: str = setting(one_of(CLOUDWATCH, S3))
    name: str = setting(text(r"[a-z][a-z0-9-]{0,39}", "lower case letters, digits and hyphens, 40 at most"), default="")
    log_format: str = setting(flow_log_format(), default=FULL_LOG_FORMAT)
    draining_log_formats: tuple[str, ...] = setting(list_of(flow_log_format()), default=())
    traffic_type: str = setting(one_of("ALL", "ACCEPT", "REJECT"), default="ALL")
    max_aggregation_seconds: int = setting(one_of_numbers(60, 600), default=60)
    file_format: str = setting(one_of(PLAIN_TEXT, PARQUET), default=PLAIN_TEXT)
    hive_partitions: bool = setting(yes_or_no(), default=False)
    hourly_partitions: bool = setting(yes_or_no(), default=False)
    kinesis: bool = setting(yes_or_no(), default=False)
    draining_kinesis: bool = setting(yes_or_no(), default=False)

    @property
    def id(self) -> str:
        """What tells this source from the others, whatever their order: its name, or its first VPC."""
        return self.name or self.vpc_ids[0]

    @property
    def log_groups(self) -> dict[str, str]:
        """{id of a log group: log format}: the group that is written to, and those that only drain."""
        current = {self.log_group_id: self.log_format} if self.destination == CLOUDWATCH else {}
        return current | {f"{self.id}-{_digest(form)}": form for form in self.draining_log_formats}

    @property
    def log_group_id(self) -> str:
        """Its log group's id, where it has one: another format is another group."""
        return f"{self.id}-{_digest(self.log_format)}"

    def problems(self) -> Iterator[str]:
        if self.destination == CLOUDWATCH and (self.hive_partitions or self.hourly_partitions):
            yield f'hive_partitions and hourly_partitions need destination "{S3}"; destination is "{CLOUDWATCH}"'
        if self.destination == CLOUDWATCH and self.file_format != PLAIN_TEXT:
            yield f'file_format is "{self.file_format}" and needs destination "{S3}"; destination is "{CLOUDWATCH}"'
        if self.destination != CLOUDWATCH and self.kinesis:
            yield f'kinesis is true and needs destination "{CLOUDWATCH}"; destination is "{self.destination}"'


def _digest(form: str) -> str:
    return hashlib.blake2b(form.encode(), digest_size=4).hexdigest()


def _overlaps(sources: Sequence[Source]) -> Iterator[str]:
    """What can't be between sources: a VPC logged twice would be counted twice."""
    vpcs = Counter(vpc_id for source in sources for vpc_id in source.vpc_ids)
    yield from (f"{vpc_id} is named {times} times; allowed: once" for vpc_id, times in vpcs.items() if times > 1)
    ids = Counter(source.id for source in sources)
    yield from (f"name {id_!r} is given {times} times; allowed: once" for id_, times in ids.items() if times > 1)


@dataclass(frozen=True)
class StreamProcessor:
    """The function that reads CloudWatch Logs payloads."""

    memory_mb: int = setting(whole_number(512, 10_240, "megabytes"), default=1024)
    timeout_seconds: int = setting(whole_number(10, 60, "seconds"), default=60)
    reserved_concurrency: int | None = setting(whole_number(1, 1000, "executions"), default=None)


@dataclass(frozen=True)
class ObjectProcessor:
    """The function that reads S3 objects."""

    memory_mb: int = setting(whole_number(512, 10_240, "megabytes"), default=1769)
    timeout_seconds: int = setting(whole_number(30, 900, "seconds"), default=300)
    max_concurrency: int = setting(whole_number(2, 1000, "executions"), default=10)


@dataclass(frozen=True)
class Deployment(DetectionSettings, AlertSettings):
    """What is deployed. docs/settings.md says what each setting is for."""

    sources: tuple[Source, ...] = setting(list_of(section(Source), together=_overlaps), default=())
    existing_log_groups: tuple[ExistingLogGroup, ...] = setting(
        list_of(section(ExistingLogGroup), together=between_log_groups), default=()
    )
    existing_buckets: tuple[ExistingBucket, ...] = setting(
        list_of(section(ExistingBucket), together=between_buckets), default=()
    )
    name: str = setting(
        text(r"[a-z][a-z0-9-]{0,29}", "lower case letters, digits and hyphens, 30 at most"), default=SECTION
    )
    freshness_minutes: int = setting(whole_number(10, 1440, "minutes"), default=30)
    inventory_minutes: int = setting(whole_number(1, 60, "minutes"), default=5)
    inventory_cooldown_seconds: int = setting(whole_number(1, 900, "seconds"), default=60)
    inventory_retention_days: int = setting(whole_number(1, 90, "days"), default=7)
    inventory_regions: tuple[str, ...] = setting(list_of(REGION), default=())
    inventory_targets: tuple[InventoryTarget, ...] = setting(
        list_of(section(InventoryTarget), together=between_targets), default=()
    )
    kubernetes_clusters: tuple[KubernetesCluster, ...] = setting(
        list_of(section(KubernetesCluster), together=between_clusters), default=()
    )
    inventory_network: InventoryNetwork | None = setting(section(InventoryNetwork), default=None)  # noqa: RUF009 - it is field()
    geo_databases: tuple[str, ...] = setting(list_of(GEO_DATABASE, together=between_databases), default=())
    log_retention_days: int = setting(LOG_RETENTION_DAYS, default=30)
    function_log_retention_days: int = setting(LOG_RETENTION_DAYS, default=30)
    enriched_retention_days: int = setting(whole_number(1, 3650, "days"), default=90)
    rejected_retention_days: int = setting(whole_number(1, 3650, "days"), default=30)
    python: str = setting(one_of("3.11", "3.12", "3.13", "3.14"), default="3.14")
    architecture: str = setting(one_of("arm64", "x86_64"), default="arm64")
    stream_processor: StreamProcessor = setting(section(StreamProcessor), default_factory=StreamProcessor)  # noqa: RUF009 - it is field()
    object_processor: ObjectProcessor = setting(section(ObjectProcessor), default_factory=ObjectProcessor)  # noqa: RUF009 - it is field()

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Self:
        """The settings in an app's context. Raises SettingsError, which names all that is wrong at once."""
        problems = Problems()
        settings = with_overrides(context.get(SECTION, {}), SECTION, context, problems)
        made = section(cls).read(SECTION, settings, problems)
        if problems:
            raise SettingsError("\n".join(("The settings of flowsentry can't be used:", *(f"  {p}" for p in problems))))
        return cast("Self", made)

    def stack_name(self, purpose: Purpose) -> str:
        return f"{self.name}-{purpose}"

    @property
    def log_groups(self) -> dict[str, str]:
        """{id of a log group: log format} of all sources: the log groups that the app makes."""
        return {id_: form for source in self.sources for id_, form in source.log_groups.items()}

    @property
    def existing_log_formats(self) -> dict[str, list[str]]:
        """The formats given for what exists already, by name of a log group or by the address of objects."""
        groups = {each.name: each.log_formats for each in self.existing_log_groups}
        objects = {each.address: each.log_formats for each in self.existing_buckets}
        return {place: list(forms) for place, forms in (groups | objects).items() if forms}

    @property
    def targets_in(self) -> str:
        """The places of the inventory beside the own account and region, in JSON, as the function reads them."""
        roles = [asdict(each) for each in self.inventory_targets]
        clusters = [{"name": each.name, "region": each.region} for each in self.kubernetes_clusters]
        return json.dumps({"regions": self.inventory_regions, "roles": roles, "clusters": clusters})

    @property
    def streamed_log_groups(self) -> frozenset[str]:
        """The ids of the log groups, made or existing, whose payloads go through the stream."""
        made = (id_ for source in self.sources if source.kinesis for id_ in source.log_groups)
        return frozenset((*made, *(each.id for each in self.existing_log_groups if each.kinesis)))

    @property
    def has_payload_stream(self) -> bool:
        """Whether there is a stream: something writes to it, or has written and is to be read to its end."""
        writers: tuple[Source | ExistingLogGroup, ...] = (*self.sources, *self.existing_log_groups)
        return any(each.kinesis or each.draining_kinesis for each in writers)

    @property
    def vpc_ids(self) -> tuple[str, ...]:
        return tuple(vpc_id for source in self.sources for vpc_id in source.vpc_ids)

    @property
    def vpcs_in_s3(self) -> tuple[str, ...]:
        """Those whose records are in no log group."""
        return tuple(vpc_id for source in self.sources if source.destination == S3 for vpc_id in source.vpc_ids)

    @property
    def has_unknown_vpcs(self) -> bool:
        """Whether flow logs are read of which only their records tell whose they are."""
        return bool(self.existing_log_groups or self.existing_buckets)

    def uses(self, destination: str) -> bool:
        """Whether flow logs come this way."""
        existing = self.existing_log_groups if destination == CLOUDWATCH else self.existing_buckets
        return bool(existing) or any(source.destination == destination for source in self.sources)

    def problems(self) -> Iterator[str]:
        if not (self.uses(CLOUDWATCH) or self.uses(S3)):
            empty = "sources, existing_log_groups and existing_buckets are []"
            yield f"{empty}; allowed: lists of which at least one is not empty"
        yield from self.problems_of_alerts()
        yield from self._made_by_this_app("existing_log_groups", self.existing_log_groups)
        yield from self._made_by_this_app("existing_buckets", self.existing_buckets)
        places = len(self.targets_in)
        if places > PARAMETER_BYTES:
            yield (
                f"inventory_targets and kubernetes_clusters need {places} bytes in one parameter; allowed: "
                f"{PARAMETER_BYTES}. Several regions of one role need fewer than several roles"
            )
        if (size := len(self.first_suppressions)) > PARAMETER_BYTES:
            yield (
                f"suppressions need {size} bytes in one parameter, with the research scanners beside them; allowed: "
                f"{PARAMETER_BYTES}. Put the others into the object of suppressions"
            )
        made = sum(LOG_GROUP_ENTRY_BYTES + len(form) for form in self.log_groups.values())
        size = made + len(json.dumps(self.existing_log_formats))
        if size > PARAMETER_BYTES:
            yield (
                f"the log formats need {size} bytes in one parameter; allowed: {PARAMETER_BYTES}. Put VPCs of "
                "the same format into one source: they share a log group. Leave out formats of existing log groups: "
                "they are looked up"
            )

    def _made_by_this_app(self, key: str, existing: Sequence[ExistingLogGroup | ExistingBucket]) -> Iterator[str]:
        """What would be read twice, or written and read for ever: log groups and buckets of this app itself. Their
        names are known only by how they begin.
        """
        own = tuple(f"{self.stack_name(purpose)}-" for purpose in get_args(Purpose))
        names = (each.name for each in existing if each.name.startswith(own))
        yield from (f"{key} names {name}, which this app makes; allowed: what others made" for name in names)


def unknown_fields(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """(where, field) of fields that this version does not know: allowed, as AWS adds some every year, but worth a
    warning.
    """
    formats: dict[str, Sequence[str]] = {
        f"source {source.id}": (source.log_format, *source.draining_log_formats) for source in deployment.sources
    }
    known = {field.name for field in FIELDS}
    for where, forms in (formats | deployment.existing_log_formats).items():
        for token in (token for form in forms for token in form.split()):
            if token[2:-1] not in known:
                yield where, token[2:-1]
