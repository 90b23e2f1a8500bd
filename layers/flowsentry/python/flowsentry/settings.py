"""Environment → one frozen Settings for each function, read on first use. An error lists all that is wrong at once."""

import os
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from functools import lru_cache
from typing import Any, TypeVar

INVENTORY_KEY, CLAIMS_KEY = "inventory/snapshot.zip", "inventory/discovery-claims.json"
SUPPRESSIONS_KEY = "suppressions/suppressions.json"


class SettingsError(Exception):
    """The environment lacks variables or holds what they can't be: a mistake of the deployment; retry does not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorSettings:
    """What both processors need: where state is kept, the queue of the inventory, what counts as inside beside the
    VPCs' own networks (when none are given: the private ranges), our own public ranges, outside networks whose people
    may log in, login services that are for everybody, services whose outages are urgent, where geographic databases are
    (`s3://…`), the thresholds that are not as by default (JSON), where suppressions are kept and which parameter has
    the first of them, and until when
    nobody is told of anything (Unix s).
    """

    evidence_table: str
    findings_table: str
    output_bucket: str
    log_formats_parameter: str
    inventory_queue_url: str
    inventory_key: str = INVENTORY_KEY
    inside_networks: tuple[str, ...] = ()
    own_public_networks: tuple[str, ...] = ()
    trusted_networks: tuple[str, ...] = ()
    important_services: tuple[str, ...] = ()
    public_login_services: tuple[str, ...] = ()
    geo_databases: tuple[str, ...] = ()
    thresholds: str = ""
    suppressions_key: str = SUPPRESSIONS_KEY
    suppressions_parameter: str = ""
    observe_only_until: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectProcessorSettings(ProcessorSettings):
    """Beside that, what it needs to process an object once, and to set it aside."""

    idempotency_table: str
    object_dlq_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventorySettings:
    """Where the snapshot is kept and for how long what is gone stays in it; the queue and its dead letters; the
    parameter that names the places to look at, where it is written when looks at them began, and how long a place rests
    between two.
    """

    output_bucket: str
    inventory_queue_url: str
    inventory_dlq_url: str
    inventory_targets_parameter: str
    inventory_key: str = INVENTORY_KEY
    claims_key: str = CLAIMS_KEY
    inventory_retention_days: int = 7
    inventory_cooldown_seconds: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierSettings:
    """The outbox; the topics, of which those for digests and for chats may be none; the event bus, and whether Security
    Hub is told; how often there is a digest, and how many urgent messages an hour at most; what messages point to; and
    where suppressions are kept, which the notifier writes the first of, from a parameter.
    """

    findings_table: str
    alert_topic_arn: str
    output_bucket: str
    digest_topic_arn: str = ""
    chat_topic_arn: str = ""
    event_bus: str = ""
    security_hub: str = ""
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


Kind = TypeVar("Kind")


@lru_cache
def settings(kind: type[Kind]) -> Kind:
    """The settings of this kind, from the environment of the process."""
    return read(kind, os.environ)


def read(kind: type[Kind], environment: Mapping[str, str]) -> Kind:
    """The settings of this kind; each field is the variable of its name in capitals, an empty one counts as missing.

    Raises SettingsError, naming every variable that is missing or holds what it can't be.
    """
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for each in fields(kind):  # type: ignore[arg-type]  # all kinds are dataclasses
        text = environment.get(each.name.upper(), "").strip()
        try:
            values |= _value(each, text)
        except ValueError as error:
            wrong.append(f"{each.name.upper()} {error}")
    if wrong:
        raise SettingsError(f"environment: {'; '.join(wrong)}")
    return kind(**values)


def _value(each: Field[Any], text: str) -> dict[str, Any]:
    if not text:
        if each.default is MISSING:
            raise ValueError("is missing")
        return {}
    return {each.name: _converted(each.type, text)}


def _converted(kind: object, text: str) -> str | int | tuple[str, ...]:
    if kind is int:
        if not text.isdecimal() or int(text) == 0:
            raise ValueError(f"is {text!r}, not a number above zero")
        return int(text)
    return text if kind is str else tuple(part.strip() for part in text.split(",") if part.strip())
