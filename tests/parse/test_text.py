"""Lines become records or are counted as rejected, each for itself."""

import polars as pl
import pytest

from flowsentry.frames import MAX_LINE_BYTES, LogText, Parsed
from flowsentry.line_count import MIN_BYTES_OF_A_QUERY
from flowsentry.parse import count_status, flows_of, parse
from flowsentry.parse.each_line import MAX_SAMPLE_CHARACTERS, MAX_SAMPLE_LINES
from flowsentry.records.fields import DEFAULT_NAMES, MILLISECONDS_FROM
from tests.builders import NOON, V2, V5, line, log_text, no_data

GOOD = line(V2)


def parsed(*lines: str, names: tuple[str, ...] = V2) -> Parsed:
    return parse(log_text(lines, names))


def row(text: str, names: tuple[str, ...] = V2) -> dict[str, object]:
    records = parsed(text, names=names).records
    assert len(records) == 1
    return records.row(0, named=True)


def test_values_are_of_the_types_of_their_fields() -> None:
    assert row(GOOD) == {
        "version": 2,
        "account_id": "123456789012",
        "interface_id": "eni-0a1b2c3d4e5f60718",
        "srcaddr": "10.0.0.1",
        "dstaddr": "10.0.0.2",
        "srcport": 40000,
        "dstport": 443,
        "protocol": 6,
        "packets": 12,
        "bytes": 6400,
        "start": NOON,
        "end": NOON + 30,
        "action": "ACCEPT",
        "log_status": "OK",
    }


def test_a_hyphen_is_null_in_every_column() -> None:
    for names in (V2, V5, (*V5, "srcport-of-next-year")):
        assert set(row(" ".join("-" * len(names)), names).values()) == {None}


def test_an_account_id_keeps_its_leading_zeros() -> None:
    assert row(line(V2, account_id="001234567890"))["account_id"] == "001234567890"


@pytest.mark.parametrize(("given", "seconds"), [(MILLISECONDS_FROM - 1, MILLISECONDS_FROM - 1), (NOON * 1000, NOON)])
def test_times_in_milliseconds_become_seconds(given: int, seconds: int) -> None:
    beside_a_bad_line = parsed(line(V2, start=given, end=given), "bad").records.row(0, named=True)
    for values in (row(line(V2, start=given, end=given)), beside_a_bad_line):
        assert (values["start"], values["end"]) == (seconds, seconds)


BAD_LINES = [
    ("too-few-fields", GOOD.removesuffix(" OK")),
    ("too-few-fields", GOOD.removesuffix("OK")),
    ("too-few-fields", "2"),
    ("too-many-fields", GOOD + " 7"),
    ("too-many-fields", GOOD + " - - -"),
    ("too-many-fields", GOOD + "  " + GOOD),
    ("too-many-fields", GOOD.replace(" 443", "  443")),
    ("empty-line", ""),
    ("empty-line", "  "),
    ("line-too-long", "2 " * MAX_LINE_BYTES),
    ("line-too-long", "2" * (MAX_LINE_BYTES + 1)),
    ("bad-value", line(V2, dstport=99999)),
    ("bad-value", line(V2, srcport=-1)),
    ("bad-value", line(V2, protocol=65536)),
    ("bad-value", line(V2, action="FOO")),
    ("bad-value", line(V2, log_status="FINE")),
    ("bad-value", line(V2, packets=-3)),
    ("bad-value", line(V2, bytes=10**16)),
    ("bad-value", line(V2, bytes=10**30)),
    ("bad-value", line(V2, packets="12.5")),
    ("bad-value", line(V2, start="yesterday")),
    ("bad-value", line(V2, start=10**17)),
    ("bad-value", line(V2, end=-1)),
    ("bad-value", " ".join(DEFAULT_NAMES)),
]


@pytest.mark.parametrize(("reason", "bad"), BAD_LINES)
def test_an_invalid_line_is_counted_by_its_reason_alone(reason: str, bad: str) -> None:
    seen = parsed(GOOD, bad, no_data(V2))
    assert seen.rejected.counts == {reason: 1}
    assert seen.lines == 3
    assert seen.records.equals(parsed(GOOD, no_data(V2)).records, null_equal=True)
    ((number, why, text),) = seen.rejected.sample
    assert (number, why.split()[0], text) == (3, reason, bad[:MAX_SAMPLE_CHARACTERS])


def test_the_reason_of_an_invalid_value_names_its_column() -> None:
    assert parsed(line(V2, dstport=99999)).rejected.sample[0][1] == "bad-value dstport"
    assert parsed(line(V2, log_status="FINE")).rejected.sample[0][1] == "bad-value log_status"


LOST = [b"\xff\xfe 1", GOOD.encode().replace(b"eni", b"en\xe9"), b"\xc3\x28", GOOD.replace("eni", "\ufffd").encode()]


@pytest.mark.parametrize("bad", LOST)
def test_bytes_that_are_not_utf_8_reject_one_line(bad: bytes) -> None:
    seen = parse(LogText(V2, b"\n".join([GOOD.encode(), bad, GOOD.encode(), b""]), 2))
    assert (len(seen.records), seen.rejected.counts) == (2, {"not-utf-8": 1})
    assert "\ufffd" in seen.rejected.sample[0][2]


def test_text_that_is_utf_8_but_not_ascii_is_kept() -> None:
    names = (*V2, "instance-name")
    assert row(GOOD + " größe-1", names)["instance_name"] == "größe-1"


@pytest.mark.parametrize("end", ["\r", " ", "  ", " \r"])
@pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
def test_a_line_may_end_with_a_carriage_return_or_spaces(names: tuple[str, ...], end: str) -> None:
    good = line(names)
    for lines in ([good + end, good], [good + end, "bad"]):
        assert parsed(*lines, names=names).records.row(0) == parsed(good, names=names).records.row(0)


def test_every_line_may_be_bad() -> None:
    seen = parsed("bad", "", GOOD + " 7")
    assert (len(seen.records), seen.lines, seen.rejected.total) == (0, 3, 3)
    assert seen.records.columns == parsed(GOOD).records.columns


def test_no_lines_are_no_records_with_the_columns_of_the_format() -> None:
    seen = parse(LogText(V2, b"", 2))
    assert (len(seen.records), seen.lines, seen.rejected.total) == (0, 0, 0)
    assert seen.records.schema == parsed(GOOD).records.schema


def test_the_sample_of_rejected_lines_is_bounded_and_the_count_is_not() -> None:
    seen = parsed(*["x" * 2000] * 200)
    assert seen.rejected.counts == {"too-few-fields": 200}
    assert len(seen.rejected.sample) == MAX_SAMPLE_LINES
    assert max(len(text) for _, _, text in seen.rejected.sample) == MAX_SAMPLE_CHARACTERS


def test_the_samples_of_many_chunks_are_bounded_as_well() -> None:
    seen = parsed("bad").rejected
    for _ in range(30):
        seen.add(parsed(*["bad"] * 20).rejected)
    assert (seen.total, len(seen.sample)) == (601, seen.max_sample_lines)


def test_a_field_that_is_not_in_the_table_is_kept_as_text() -> None:
    names = (*V2, "moon-phase")
    values = row(GOOD + " full", names)
    assert (values["moon_phase"], values["srcport"]) == ("full", 40000)


def test_a_format_of_one_field_is_read() -> None:
    seen = parsed("22", "99999", "", "443", names=("dstport",))
    assert seen.records["dstport"].to_list() == [22, 443]
    assert seen.rejected.counts == {"bad-value": 1, "empty-line": 1}


@pytest.mark.parametrize("names", [V2, V5, ("interface-id", "log-status", "srcaddr")], ids=["v2", "v5", "custom"])
def test_nodata_and_skipdata_are_records_in_every_format_and_no_flows(names: tuple[str, ...]) -> None:
    records = parsed(line(names), no_data(names), no_data(names, "SKIPDATA"), names=names).records
    assert [count_status(records, status) for status in ("OK", "NODATA", "SKIPDATA")] == [1, 1, 1]
    assert len(flows_of(records)) == 1


def test_a_format_without_log_status_has_only_flows() -> None:
    records = parsed("10.0.0.1 443", names=("srcaddr", "dstport")).records
    assert (count_status(records, "NODATA"), len(flows_of(records))) == (0, 1)


def test_flows_have_every_field_of_version_2_as_a_typed_column() -> None:
    flows = flows_of(parsed("10.0.0.1 443", names=("srcaddr", "dstport")).records)
    typed = parsed(GOOD).records.schema
    assert {name: flows.schema[name] for name in typed} == typed
    assert isinstance(flows["srcport"].dtype, pl.UInt16)
    assert flows["srcport"].to_list() == [None]


@pytest.mark.parametrize("address", ["garbage", "10.0.0", "10.0.0.0.1", "eni-1", "12345", "g::1", "10.0.0.1/24"])
def test_an_invalid_address_is_rejected(address: str) -> None:
    seen = parsed(line(V2, srcaddr=address), GOOD)
    assert seen.rejected.counts == {"bad-value": 1}
    assert len(seen.records) == 1


@pytest.mark.parametrize("address", ["10.0.0.1", "2001:db8::9", "::1", "::ffff:10.0.0.1", "fe80::1"])
def test_addresses_of_both_families_are_valid(address: str) -> None:
    assert row(line(V2, srcaddr=address))["srcaddr"] == address


def test_an_empty_value_between_two_spaces_is_missing() -> None:
    without = GOOD.replace(" ACCEPT ", "  ")
    assert row(without)["action"] is None
    assert parsed(without, "bogus").records["action"].to_list() == [None]


def test_values_of_tags_are_percent_decoded() -> None:
    names = ("instance-tag", "asg-tag-2", *V2)
    tags = "Team%20Blue%2FEU %E6%9D%B1%E4%BA%AC"
    assert list(row(f"{tags} {GOOD}", names).values())[:2] == ["Team Blue/EU", "東京"]
    assert row(f"100%25 %ff {GOOD}", names)["asg_tag_2"] == "%ff"


def test_valid_lines_among_doubtful_ones_keep_their_order() -> None:
    lines = [no_data(V2), "bogus", GOOD, line(V2, srcport=1).replace(" OK", "  OK"), no_data(V2), "x" * 70_000, GOOD]
    seen = parsed(*lines)
    assert seen.records["log_status"].to_list() == ["NODATA", "OK", "NODATA", "OK"]
    assert [number for number, *_ in seen.rejected.sample] == [3, 5, 7]


@pytest.mark.parametrize("first", [f"{GOOD} more", GOOD.rpartition(" ")[0], f"\ufeff{GOOD}"])
def test_a_bad_first_line_is_rejected_and_the_others_are_records(first: str) -> None:
    result = parsed(first, GOOD, GOOD)
    assert (len(result.records), result.rejected.total) == (2, 1)


def test_empty_lines_of_a_large_text_are_counted_too() -> None:
    lines = [GOOD, "", *[GOOD] * (MIN_BYTES_OF_A_QUERY // len(GOOD)), "", ""]
    result = parsed(*lines)
    assert (result.lines, len(result.records), result.rejected.total) == (len(lines), len(lines) - 3, 3)
