"""Log formats of sources: named ones, and the fields that flow logs of each type of resource have."""

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from flowsentry.records.fields import BY_NAME as KNOWN
from flowsentry.records.fields import (
    DEFAULT_LOG_FORMAT,
    FIELDS,
    TRANSIT_GATEWAY_NAMES,
    TRANSIT_GATEWAY_VERSION,
    VPC_NAMES,
    column_of,
    names_in_log_format,
)
from flowsentry.records.missing_fields import missing_fields

DEFAULT = "default"
VERSIONS = {
    f"v{version}": version for version in sorted({field.version for field in FIELDS} - {2, TRANSIT_GATEWAY_VERSION})
}
"""Named formats of flow logs of VPCs, subnets and interfaces: all fields up to that version."""
TAG_FIELDS = tuple(field.name for field in FIELDS if field.name.endswith(("-tag", "-tag-2")))
"""Fields that hold the values of tags. EC2 writes them for the tag keys of the flow log's TagFieldSpecifications, which
this app does not set.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html"""
GATEWAY_LOG_FORMAT = " ".join(f"${{{name}}}" for name in TRANSIT_GATEWAY_NAMES)
"""The default format of transit gateways, which has all their fields.
https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html"""


def _format_or_name(text: str) -> str:
    if text not in (DEFAULT, *VERSIONS):
        names_in_log_format(text)
    return text


SourceFormat = Annotated[
    str,
    AfterValidator(_format_or_name),
    Field(
        title=f"{', '.join((DEFAULT, *VERSIONS))} or fields",
        examples=["${version} ${srcaddr}"],
    ),
]


def log_format_of(text: str, *, of_gateway: bool) -> str:
    """The format as EC2 takes it: that of the name, for this kind of resource, or the text itself.

    All names mean the default format for transit gateways, because it has every field of theirs.
    """
    if text not in (DEFAULT, *VERSIONS):
        return text
    if of_gateway:
        return GATEWAY_LOG_FORMAT
    if text == DEFAULT:
        return DEFAULT_LOG_FORMAT
    return " ".join(f"${{{name}}}" for name in VPC_NAMES if _is_in(name, VERSIONS[text]))


def _is_in(name: str, version: int) -> bool:
    return KNOWN[name].version <= version and name not in TAG_FIELDS


def broken_rules_of_format(text: str, *, of_gateway: bool) -> Iterator[str]:
    """A sentence for each reason why EC2, or this app, does not take these fields for this kind of resource. Fields
    that this version does not know are taken, because AWS adds some every year.
    """
    names = names_in_log_format(log_format_of(text, of_gateway=of_gateway))
    if broken := list(_fields_of_others(names, of_gateway=of_gateway)):
        yield from broken
    else:
        yield from _without_addresses(names)


def _without_addresses(names: Collection[str]) -> Iterator[str]:
    for name in ("srcaddr", "dstaddr"):
        if not {name, f"pkt-{name}"} & {*names}:
            yield (
                f"log_format has neither ${{{name}}} nor ${{pkt-{name}}}; allowed: formats with one of them, because "
                "nothing is found in records without addresses"
            )


def missing_of(log_format: str) -> str:
    """What can't be analysed in records of this format, in the sentences that `flowsentry replay` prints; empty for
    the formats that have a name: they have what findings need.
    """
    if log_format in {log_format_of(name, of_gateway=of) for name in (DEFAULT, *VERSIONS) for of in (False, True)}:
        return ""
    columns = [column_of(name) for name in names_in_log_format(log_format)]
    return "; ".join(map(str, missing_fields(columns)))


def _fields_of_others(names: Sequence[str], *, of_gateway: bool) -> Iterator[str]:
    theirs, owner = (
        (TRANSIT_GATEWAY_NAMES, "transit gateways") if of_gateway else (VPC_NAMES, "VPCs, subnets and interfaces")
    )
    if others := [name for name in names if name in KNOWN and name not in theirs]:
        yield f"log_format has {_tokens(others)}; allowed: fields that flow logs of {owner} have"
    if tags := [name for name in names if name in TAG_FIELDS]:
        yield f"log_format has {_tokens(tags)}; allowed: fields that need no tag keys on the flow log"
    if of_gateway and not any(KNOWN[name].version == TRANSIT_GATEWAY_VERSION for name in names if name in KNOWN):
        yield (
            f"log_format has no field of version {TRANSIT_GATEWAY_VERSION}; allowed: at least one, such as "
            "${tgw-id}, because records without one are taken for those of a VPC"
        )


def _tokens(names: list[str]) -> str:
    return ", ".join(f"${{{name}}}" for name in names)
