"""Lines of one of several formats: told apart by what their values are, never by a count."""

from collections.abc import Sequence

import pytest

from flowsentry.frames import MixedText, Parsed
from flowsentry.parse import parse, parse_chunk
from flowsentry.records.fields import DEFAULT_NAMES, TRANSIT_GATEWAY_NAMES
from tests.builders import V2, V5, line, log_text, no_data, probe

V3 = (*V2, "vpc-id", "tcp-flags")
SWAPPED = ("version", "account-id", "interface-id", "dstaddr", "srcaddr", *V2[5:])
REORDERED = ("interface-id", "account-id", "version", *V2[3:])
GATEWAY_LINE = (
    "6 TransitGateway 123456789012 tgw-0a1b tgw-attach-0a1b 123456789012 123456789012 vpc-0a vpc-0b subnet-a subnet-b "
    "eni-0a eni-0b euw1-az1 euw1-az2 tgw-attach-0c 10.0.0.1 10.1.0.2 40000 443 6 9 900 1767268800 1767268830 OK IPv4 "
    "0 0 0 0 3 eu-west-1 ingress - -"
)


def told(lines: Sequence[str], *formats: tuple[str, ...]) -> list[Parsed]:
    return list(parse_chunk(MixedText(formats, "".join(f"{each}\n" for each in lines).encode(), 1)))


def counts(found: Sequence[Parsed]) -> list[int]:
    return [len(each.records) for each in found]


def test_each_line_has_the_format_that_it_matches() -> None:
    lines = [line(V2), line(V3, version=3), GATEWAY_LINE, line(V2, srcport=1)]
    default, third, gateway = told(lines, V2, V3, TRANSIT_GATEWAY_NAMES)
    assert default.records.equals(parse(log_text([lines[0], lines[3]], V2)).records)
    assert third.records.equals(parse(log_text([lines[1]], V3)).records)
    assert gateway.records["tgw_id"].to_list() == ["tgw-0a1b"]
    assert sum(each.lines for each in (default, third, gateway)) == len(lines)


def test_formats_with_the_same_number_of_fields_are_distinguished_by_values() -> None:
    reordered = line(REORDERED)
    found = told([line(V2), reordered], V2, REORDERED)
    assert counts(found) == [1, 1]
    assert found[1].records["version"].to_list() == [2]


def test_a_line_that_matches_several_formats_is_rejected() -> None:
    found = told([line(V2)], V2, SWAPPED)
    assert counts(found) == [0, 0]
    assert found[0].rejected.counts == {"fits-several-formats": 1}
    assert found[0].rejected.sample == [(1, "fits-several-formats", line(V2))]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("", "empty-line"),
        ("x " * 20, "too-many-fields"),
        ("bogus", "too-few-fields"),
        (line(V2, version=9), "fits-no-format"),
    ],
    ids=["empty", "long", "short", "version of neither"],
)
def test_a_line_that_matches_no_format_is_rejected_with_its_reason(bad: str, reason: str) -> None:
    found = told([line(V2), bad, line(V3, version=3)], V2, V3)
    assert counts(found) == [1, 1]
    assert found[0].rejected.counts == {reason: 1}


def test_records_without_traffic_are_assigned_to_a_format_too() -> None:
    third = no_data(V3).replace("2 ", "3 ", 1)
    assert counts(told([no_data(V2), third, no_data(V2, "SKIPDATA")], V2, V3)) == [2, 1]


def test_a_hyphen_matches_every_field() -> None:
    dashes = " ".join("-" for _ in V2)
    assert counts(told([dashes], V2, V3)) == [1, 0]


def test_a_format_with_an_unknown_field_accepts_later_versions() -> None:
    later = (*V2, "moon-phase")
    assert counts(told([line(V2), f"{line(V2, version=12)} waning"], V2, later)) == [1, 1]


def test_no_lines_yield_no_records_of_any_format() -> None:
    assert counts(told([], V2, V5)) == [0, 0]


def test_the_default_format_and_all_of_a_versions_fields_share_a_group() -> None:
    lines = [probe("203.0.113.9", "10.0.0.1", port, DEFAULT_NAMES) for port in range(20, 30)]
    lines += [probe("203.0.113.9", "10.0.0.1", port, V5, version=5) for port in range(20, 30)]
    assert counts(told(lines, V5, DEFAULT_NAMES)) == [10, 10]
