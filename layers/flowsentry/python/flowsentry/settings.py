"""Settings of the functions: one frozen dataclass for each, read from environment variables and written to them.

A setting is stated once, as a field: `read` takes it from the variable of its name in capitals, and the deployment
makes that variable with `environment_of`.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, fields
from functools import lru_cache
from typing import Any, Self, TypeVar

from flowsentry.value import Value

COOLDOWN_SECONDS = 60
"""Least time between the starts of two discoveries of a target that changes trigger. Longer: new interfaces stay
unnamed for longer. Shorter: an hour of autoscaling uses more describe calls, which AWS limits per account and second.
"""
INVENTORY_KEY, CLAIMS_KEY = "inventory/snapshot.zip", "discovery/claims.json"
SUPPRESSIONS_KEY = "suppressions/suppressions.json"
RULE_USAGE_PREFIX, UNFINISHED_RULE_USAGE_PREFIX = "rule-usage/", "rule-usage-unfinished/"
MAX_DIGITS = 18
"""Of a number. More: Python refuses thousands of them with an error that names no variable. Fewer: no room for Unix
seconds of the year 9999, which have 12."""
MAX_LETTERS = 200
"""Of an invalid value in an error."""


class FunctionSettingsError(Exception):
    """Environment variables, or a parameter that they name, are missing or invalid: an error of the deployment. Do not
    retry.
    """


class ProcessorSettings(Value, frozen=True, kw_only=True):
    """Settings of both processors.

    `detection_settings` is the address (`s3://…`) of UploadedDetectionSettings; empty for their defaults. A log line of
    each source names `top_talkers`; 0 prints none.
    `geo_databases` are addresses of objects (`s3://…`). `suppressions_parameter` names the parameter that the object at
    `suppressions_key` is first written from. Before `observe_only_until` (Unix s) findings are recorded and no alert is
    sent.
    """

    evidence_table: str
    findings_table: str
    output_bucket: str
    log_formats_parameter: str
    inventory_queue_url: str
    inventory_key: str = INVENTORY_KEY
    detection_settings: str = ""
    geo_databases: tuple[str, ...] = ()
    suppressions_key: str = SUPPRESSIONS_KEY
    suppressions_parameter: str = ""
    observe_only_until: int = 0
    top_talkers: int = 0


class StreamProcessorSettings(ProcessorSettings, frozen=True, kw_only=True):
    """Settings of the stream processor: also the bucket for payloads that no retry can help."""

    failed_invocation_bucket: str


class ObjectProcessorSettings(ProcessorSettings, frozen=True, kw_only=True):
    """Settings of the object processor: also the table that prevents processing an object twice, and the dead-letter
    queue.
    """

    idempotency_table: str
    object_dlq_url: str


class InventorySettings(Value, frozen=True, kw_only=True):
    """Settings of the inventory function.

    `inventory_targets_parameter` names the parameter that lists the targets. The object at `claims_key` records when a
    discovery of each target began; `inventory_cooldown_seconds` is the shortest time between two discoveries that
    change events ask for. Owners that are gone stay in the snapshot for `inventory_retention_days`.
    `coverage_parameter` names the parameter that lists which flow logs are read; one without records for
    `freshness_minutes` is silent. The fields after it are those of the processors.
    """

    output_bucket: str
    inventory_queue_url: str
    inventory_dlq_url: str
    inventory_targets_parameter: str
    evidence_table: str
    findings_table: str
    coverage_parameter: str
    freshness_minutes: int = 30
    suppressions_key: str = SUPPRESSIONS_KEY
    suppressions_parameter: str = ""
    observe_only_until: int = 0
    inventory_key: str = INVENTORY_KEY
    claims_key: str = CLAIMS_KEY
    inventory_retention_days: int = 7
    inventory_cooldown_seconds: int = COOLDOWN_SECONDS


class NotifierSettings(Value, frozen=True, kw_only=True):
    """Settings of the notifier.

    Digests go to `digest_topic_arn`, or to `alert_topic_arn` when it is empty; an empty `chat_topic_arn` or `event_bus`
    turns that channel off. The notifier sends nothing to `operator_topic_arn`; it checks its subscriptions.
    `deployment_name`, `account_id`, `log_groups`, `vpcs_in_s3`, `athena_table` and `athena_workgroup` are what links in
    messages point to. `suppressions_parameter` names the parameter that the
    notifier first writes the object at `suppressions_key` from. Canaries are written into `log_bucket`, and into
    `canary_log_group` if there is one, in its format in `log_formats_parameter`.
    """

    findings_table: str
    alert_topic_arn: str
    output_bucket: str
    digest_topic_arn: str = ""
    chat_topic_arn: str = ""
    operator_topic_arn: str = ""
    event_bus: str = ""
    security_hub: bool = False
    digest_minutes: int = 60
    max_urgent_an_hour: int = 20
    deployment_name: str = "flowsentry"
    account_id: str = ""
    log_groups: tuple[str, ...] = ()
    vpcs_in_s3: tuple[str, ...] = ()
    athena_table: str = ""
    athena_workgroup: str = ""
    suppressions_key: str = SUPPRESSIONS_KEY
    suppressions_parameter: str = ""
    log_bucket: str = ""
    canary_log_group: str = ""
    log_formats_parameter: str = ""
    canary_after_deploy: bool = False


class UploadedDetectionSettings(Value, frozen=True, kw_only=True):
    """Settings of both processors that are too long for environment variables, which hold 4 KB together.

    `inside_networks` are CIDR blocks that count as inside beside those of the VPCs (the private ranges when there are
    none), `own_public_networks` public CIDR blocks of the organization, `trusted_networks` those outside from which
    people may log in. `important_services` have urgent outages; `public_login_services` are open to everybody.
    `thresholds` is JSON of the thresholds that differ from their defaults.
    """

    inside_networks: tuple[str, ...] = ()
    own_public_networks: tuple[str, ...] = ()
    trusted_networks: tuple[str, ...] = ()
    important_services: tuple[str, ...] = ()
    public_login_services: tuple[str, ...] = ()
    thresholds: str = ""

    def to_json(self) -> str:
        """The settings that are not empty; an empty text when all are, so that no object is needed."""
        given = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(given, sort_keys=True) if given else ""

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The settings that `to_json` wrote. Raises FunctionSettingsError for anything else."""
        try:
            given: dict[str, Any] = {
                name: value if isinstance(value, str) else tuple(map(str, value))
                for name, value in json.loads(text or "{}").items()
            }
            return cls(**given)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise FunctionSettingsError(f"the detection settings are invalid: {error!r}") from error


class FlowLogCreatorSettings(Value, frozen=True, kw_only=True):
    """Settings of the function that creates flow logs of every VPC.

    They deliver to the log group of `log_group_name` with `delivery_role_arn`, or to `destination_arn` in S3;
    `delivery_id` identifies all of this. VPCs in `except_vpc_ids`, and those with a tag of `except_tags` (`key` or
    `key=value`), get none. `flow_log_tags` are `key=value`.
    """

    deployment_name: str
    delivery_id: str
    log_format: str
    traffic_type: str
    aggregation_seconds: int
    log_group_name: str = ""
    delivery_role_arn: str = ""
    destination_arn: str = ""
    file_format: str = ""
    hive_partitions: bool = False
    hourly_partitions: bool = False
    except_vpc_ids: tuple[str, ...] = ()
    except_tags: tuple[str, ...] = ()
    flow_log_tags: tuple[str, ...] = ()


class RuleUsageSettings(Value, frozen=True, kw_only=True):
    """Settings of the function that writes the rule usage of each day: the bucket of enriched objects (under
    `enriched_prefix`), of the inventory and of the usage.
    """

    output_bucket: str
    inventory_key: str = INVENTORY_KEY
    enriched_prefix: str = "enriched/"


Kind = TypeVar("Kind")


@lru_cache
def settings(kind: type[Kind]) -> Kind:
    """The settings of this kind, from the environment variables of the process, which are read once."""
    return read(kind, os.environ)


def read(kind: type[Kind], environment: Mapping[str, str]) -> Kind:
    """The settings of this kind, each from the variable of its name in capitals. An empty variable counts as missing.

    Raises FunctionSettingsError, which lists every variable that is missing or invalid.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for each in fields(kind):  # type: ignore[arg-type]  # all kinds are dataclasses
        text = environment.get(each.name.upper(), "").strip()
        try:
            values |= _value(each, text)
        except ValueError as error:
            problems.append(f"{each.name.upper()} {error}")
    if problems:
        raise FunctionSettingsError(f"environment: {'; '.join(problems)}")
    return kind(**values)


def environment_of(settings_of_function: Any) -> dict[str, str]:
    """The variables that `read` makes the same settings of. An empty value needs no variable where that is the default.

    Raises FunctionSettingsError for a value that no variable can hold, such as a list item with a comma in it.
    """
    kind = type(settings_of_function)
    texts = {each.name: _as_text(getattr(settings_of_function, each.name)) for each in fields(kind)}
    environment = {name.upper(): text for name, text in texts.items() if text}
    as_read = read(kind, environment)
    if as_read != settings_of_function:
        lost = [name for name in texts if getattr(as_read, name) != getattr(settings_of_function, name)]
        raise FunctionSettingsError(f"environment: no variable can hold the value of {', '.join(lost)}")
    return environment


def _value(each: Field[Any], text: str) -> dict[str, Any]:
    if not text:
        if each.default is MISSING:
            raise ValueError("is missing")
        return {}
    return {each.name: _READERS.get(each.type, _as_list)(text)}


def _as_number(text: str) -> int:
    if not re.fullmatch(rf"[0-9]{{1,{MAX_DIGITS}}}", text) or int(text) == 0:
        raise ValueError(f"is {_cut(text)}; allowed: a whole number from 1 to {10**MAX_DIGITS - 1}")
    return int(text)


def _as_truth(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"is {_cut(text)}; allowed: true or false")
    return text == "true"


def _cut(text: str) -> str:
    """The text in quotes; a long one is cut, so that the names in the same error can be read."""
    return repr(text if len(text) <= MAX_LETTERS else f"{text[:MAX_LETTERS]}…")


def _as_list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_READERS: dict[object, Callable[[str], Any]] = {str: str, int: _as_number, bool: _as_truth}


def _as_text(value: str | float | tuple[str, ...]) -> str:
    """The text of a variable; empty for an empty value, zero and false."""
    if not value:
        return ""
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
