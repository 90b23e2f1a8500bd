"""The table of fields agrees with what AWS documents."""

import re

import polars as pl
import pytest

from flowsentry.records.fields import (
    BY_NAME,
    DEFAULT_LOG_FORMAT,
    DEFAULT_NAMES,
    FIELDS,
    TRANSIT_GATEWAY_NAMES,
    TRANSIT_GATEWAY_VERSION,
    VPC_NAMES,
    Kind,
    column_of,
    dtype_of,
    names_in_log_format,
    unknown_names,
)


def test_names_and_columns_are_unique() -> None:
    assert len(BY_NAME) == len(FIELDS) == len({field.column for field in FIELDS})


def test_the_default_format_has_the_fourteen_fields_in_the_order_of_aws() -> None:
    assert " ".join(DEFAULT_NAMES) == (
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol "
        "packets bytes start end action log-status"
    )


@pytest.mark.parametrize(
    ("version", "fields"),
    [(2, 14), (3, 21), (4, 25), (5, 29), (7, 39), (8, 40), (9, 41), (10, 42), (11, 54)],
)
def test_a_vpc_flow_log_of_a_version_has_as_many_fields_as_aws_lists(version: int, fields: int) -> None:
    assert len([name for name in VPC_NAMES if BY_NAME[name].version <= version]) == fields


def test_no_field_is_newer_than_the_newest_version() -> None:
    assert {field.version for field in FIELDS} == set(range(2, 12))


def test_the_default_format_of_transit_gateways_has_all_thirty_six_fields() -> None:
    theirs = {field.name for field in FIELDS if field.version == TRANSIT_GATEWAY_VERSION}
    assert len(TRANSIT_GATEWAY_NAMES) == len(set(TRANSIT_GATEWAY_NAMES)) == 36
    assert theirs < set(TRANSIT_GATEWAY_NAMES) <= set(BY_NAME)
    assert theirs.isdisjoint(VPC_NAMES)


def test_transit_gateways_lack_the_fields_of_network_interfaces() -> None:
    lacking = {"action", "interface-id", "vpc-id", "subnet-id", "instance-id", "az-id", "pkt-srcaddr", "pkt-dstaddr"}
    assert lacking.isdisjoint(TRANSIT_GATEWAY_NAMES)


EXAMPLES: dict[str, tuple[str, ...]] = {
    "account-id": ("123456789012", "012345678901", "unknown"),
    "interface-id": ("eni-1235b8ca123456789", "eni-11111111"),
    "srcaddr": ("172.31.16.139", "2001:db8:1234:a100:8d6e:3477:df66:f105", "::", "::ffff:192.0.2.1"),
    "dstaddr": ("203.0.113.12", "fe80::1"),
    "vpc-id": ("vpc-abcdefab012345678",),
    "subnet-id": ("subnet-aaaaaaaa012345678",),
    "instance-id": ("i-01234567890123456", "i-0abc1234"),
    "type": ("IPv4", "IPv6", "EFA"),
    "pkt-srcaddr": ("10.40.2.236",),
    "pkt-dstaddr": ("2001:db8::",),
    "region": ("us-east-1", "us-gov-west-1", "ap-southeast-4", "cn-north-1", "us-iso-east-1"),
    "az-id": ("use1-az1", "apse2-az3", "usw2-lax1-az1", "use1-bos1-az1"),
    "sublocation-type": ("wavelength", "outpost", "localzone"),
    "resource-type": ("TransitGateway", "TransitGatewayAttachment", "CoreNetwork", "CoreNetworkEdge"),
    "tgw-id": ("tgw-0d9e5d5d5d5d5d5d5",),
    "tgw-attachment-id": ("tgw-attach-0a1b2c3d4e5f60718",),
    "tgw-pair-attachment-id": ("tgw-attach-0a1b2c3d",),
    "tgw-src-eni": ("eni-1235b8ca123456789",),
    "tgw-dst-eni": ("eni-1235b8ca123456789",),
    "tgw-src-vpc-id": ("vpc-abcdefab012345678",),
    "tgw-dst-vpc-id": ("vpc-abcdefab012345678",),
    "tgw-src-subnet-id": ("subnet-aaaaaaaa012345678",),
    "tgw-dst-subnet-id": ("subnet-aaaaaaaa012345678",),
    "next-hop-interface-id": ("eni-1235b8ca123456789",),
    "next-hop-subnet-id": ("subnet-aaaaaaaa012345678",),
    "next-hop-vpc-id": ("vpc-abcdefab012345678",),
}
"""Values as AWS writes them, of each field that has a shape."""


def test_every_shape_has_examples() -> None:
    assert set(EXAMPLES) == {field.name for field in FIELDS if field.shape}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_shape_matches_values_of_aws_completely_and_no_missing_value(name: str) -> None:
    shape = re.compile(BY_NAME[name].shape or "")
    assert all(shape.fullmatch(value) for value in EXAMPLES[name])
    assert not shape.fullmatch("-")
    assert not shape.fullmatch("")


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_shape_matches_the_same_values_in_polars(name: str) -> None:
    values = pl.Series([*EXAMPLES[name], "-"])
    fits = values.str.contains(f"^(?:{BY_NAME[name].shape})$").to_list()
    assert fits == [True] * len(EXAMPLES[name]) + [False]


PARQUET_TYPES = {
    "INT_32": "version srcport dstport protocol tcp-flags traffic-path encryption-status",
    "INT_64": (
        "packets bytes start end packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded "
        "packets-lost-ttl-expired"
    ),
}
"""As AWS documents them; others are STRING."""


def test_parquet_types_are_those_that_aws_documents() -> None:
    stated = {name: parquet_type for parquet_type, names in PARQUET_TYPES.items() for name in names.split()}
    assert {field.name: field.parquet_type for field in FIELDS} == {
        field.name: stated.get(field.name, "STRING") for field in FIELDS
    }


def test_every_kind_has_a_column_type_and_is_used() -> None:
    assert {field.kind for field in FIELDS} == set(Kind)
    assert all(isinstance(dtype_of(field.name), pl.DataType) for field in FIELDS)


def test_a_column_name_has_underscores() -> None:
    assert column_of("pkt-src-aws-service") == "pkt_src_aws_service"


def test_a_log_format_gives_its_field_names_in_order() -> None:
    assert names_in_log_format(DEFAULT_LOG_FORMAT) == DEFAULT_NAMES
    assert names_in_log_format("${srcport}") == ("srcport",)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "version",
        "${version} ",
        " ${version}",
        "${version}  ${srcport}",
        "${version},${srcport}",
        "${Version}",
        "${}",
        "${version} srcport",
    ],
)
def test_an_invalid_log_format_is_rejected_with_its_text(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not") as refusal:
        names_in_log_format(wrong)
    assert repr(wrong) in str(refusal.value)


def test_a_log_format_that_names_a_field_twice_is_rejected() -> None:
    with pytest.raises(ValueError, match="names srcport twice"):
        names_in_log_format("${srcport} ${version} ${srcport}")


def test_a_field_that_the_table_lacks_is_unknown_and_text() -> None:
    assert unknown_names(["version", "moon-phase", "srcport"]) == ("moon-phase",)
    assert dtype_of("moon-phase") == pl.Categorical()
