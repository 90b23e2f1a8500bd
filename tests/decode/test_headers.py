"""Header lines: what is one, and what is below it, in files that others have put together too."""

import gzip
from collections.abc import Callable
from itertools import pairwise

import pytest

from flowsentry import decode
from flowsentry.decode import headers
from flowsentry.errors import CutOffError
from flowsentry.frames import LogText, MixedText
from flowsentry.parse import parse
from flowsentry.records.fields import DEFAULT_LOG_FORMAT, FIELDS, Field, column_of
from tests.builders import V2, V5, flow_log, line
from tests.decode.reading import reason_of, text_of, texts_in

FEW = flow_log([line(V2), line(V2)], V2)
NAMES, BODY = FEW.split(b"\n", 1)
V5_FILE = flow_log([line(V5)], V5)
V5_LOG_FORMAT = " ".join(f"${{{name}}}" for name in V5)
TAGGED = (*V2, "instance-tag")


def test_plain_text_yields_its_lines_and_the_names_in_its_header() -> None:
    assert texts_in(FEW) == [LogText(V2, BODY, 2)]


@pytest.mark.parametrize("data", [NAMES, NAMES + b"\n", NAMES + b"\r\n", b"\xef\xbb\xbf" + NAMES])
def test_a_header_alone_has_no_text(data: bytes) -> None:
    assert texts_in(data) == []


def test_empty_lines_below_a_header_are_lines() -> None:
    assert texts_in(NAMES + b"\n\n\n") == [LogText(V2, b"\n\n", 2)]


@pytest.mark.parametrize(
    "header",
    [
        NAMES + b"\r",
        NAMES + b"  ",
        b"  " + NAMES.replace(b" ", b"\t"),
        NAMES.replace(b"-", b"_"),
        NAMES.upper(),
        b"\xef\xbb\xbf" + NAMES,
    ],
    ids=["carriage return", "spaces behind", "tabs", "underscores", "upper case", "byte order mark"],
)
def test_a_header_may_have_other_spellings(header: bytes) -> None:
    assert texts_in(header + b"\n" + BODY) == [LogText(V2, BODY, 2)]


def test_a_byte_order_mark_may_precede_lines_without_a_header() -> None:
    assert texts_in(b"\xef\xbb\xbf" + BODY, log_formats=[DEFAULT_LOG_FORMAT]) == [LogText(V2, BODY, 1)]


@pytest.mark.parametrize("names", [tuple(reversed(V5)), ("dstport", "srcport"), ("action",), TAGGED])
def test_a_header_may_have_any_fields_in_any_order(names: tuple[str, ...]) -> None:
    (text,) = texts_in(flow_log([line(names)], names))
    assert text.names == names


def test_an_unknown_field_in_a_header_is_kept() -> None:
    (text,) = texts_in(b"version moon-phase srcport\n2 full 80\n")
    assert text.names == ("version", "moon-phase", "srcport")


def test_a_header_of_unknown_fields_is_a_header_when_all_look_like_names() -> None:
    (text,) = texts_in(b"resource-color tgw-mood tide\nblue good high\n")
    assert text.names == ("resource-color", "tgw-mood", "tide")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (NAMES + b" version\n" + BODY, "bad-header"),
        (NAMES + b" VERSION\n" + BODY, "bad-header"),
        (BODY, "no-header"),
        (b"\n" + FEW, "no-header"),
        (b"Phony unsupported log-format\n", "no-header"),
        (b"some words of prose\n", "no-header"),
        (b"eni-1 eni-2 10.0.0.1\n", "no-header"),
        (b"unknown-field\n", "no-header"),
        (b'{"document": 2, "name": 80}\n', "no-header"),
        (b"\xff\xfe\x00binary\x00", "no-header"),
        (b"\x1f", "no-header"),
        (b"\n", "no-header"),
        (gzip.compress(b"<html>\n<body>\n", mtime=0), "no-header"),
    ],
    ids=str,
)
def test_content_that_is_no_flow_log_raises_poison_with_its_reason(data: bytes, reason: str) -> None:
    assert reason_of(data) == reason


def test_lines_without_a_header_have_the_given_format() -> None:
    assert texts_in(BODY, log_formats=[DEFAULT_LOG_FORMAT] * 2) == [LogText(V2, BODY, 1)]


def test_lines_without_a_header_may_have_any_of_the_given_formats() -> None:
    assert list(decode.object_texts([BODY], [DEFAULT_LOG_FORMAT, V5_LOG_FORMAT])) == [MixedText((V2, V5), BODY, 1)]


def test_a_header_has_precedence_over_the_given_formats() -> None:
    assert texts_in(FEW, log_formats=[V5_LOG_FORMAT, DEFAULT_LOG_FORMAT]) == [LogText(V2, BODY, 2)]


def test_with_a_given_format_ids_are_not_a_header() -> None:
    assert text_of(b"eni-1 vpc-2\n", log_formats=["${interface-id} ${vpc-id}"]) == b"eni-1 vpc-2\n"


@pytest.mark.parametrize("packed", [False, True], ids=["files put together", "gzip members"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""], ids=["newline", "carriage return", "no line end"])
def test_a_repeated_header_is_left_out_and_counts_in_line_numbers(end: bytes, packed: bool) -> None:  # noqa: FBT001
    file = FEW.removesuffix(b"\n") + end
    data = b"".join(gzip.compress(file, mtime=0) if packed else file for _ in range(3))
    texts = texts_in(data)
    assert [(text.names, text.first_line, text.text.count(b"\n")) for text in texts] == [(V2, n, 2) for n in (2, 5, 8)]
    assert all(parse(text).rejected.total == 0 for text in texts)


@pytest.mark.parametrize("joint", [b"", b"\n"], ids=["nothing between", "an empty line between"])
def test_lines_below_another_header_have_its_format(joint: bytes) -> None:
    texts = texts_in(FEW + joint + V5_FILE + FEW)
    assert [text.names for text in texts] == [V2, V5, V2]
    assert [text.first_line for text in texts] == [2, 5 + len(joint), 7 + len(joint)]
    assert sum(len(parse(text).records) for text in texts) == 5


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
@pytest.mark.parametrize("spelled", [str, column_of], ids=["with hyphens", "with underscores"])
def test_another_header_may_begin_with_any_field(field: Field, spelled: Callable[[str], str]) -> None:
    names = tuple(dict.fromkeys((field.name, *V2)))
    file = flow_log([line(names)], tuple(map(spelled, names)))
    assert [text.names for text in texts_in(FEW, file)] == [V2, names]


def test_a_further_header_without_the_marker_letter_is_a_rejected_line() -> None:
    (text,) = texts_in(FEW + flow_log([], ("srcaddr", "dstaddr")))
    assert parse(text).rejected.sample == [(4, "too-few-fields", "srcaddr dstaddr")]


def test_consecutive_headers_are_not_lines() -> None:
    assert texts_in((NAMES + b"\n") * 5 + BODY) == [LogText(V2, BODY, 6)]


def test_with_too_many_headers_the_lines_before_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "MAX_HEADERS", 3)
    file = flow_log([line()])
    assert len(list(decode.object_texts([file * 4]))) == 4
    texts = decode.object_texts([file * 5])
    assert len([next(texts) for _ in range(4)]) == 4
    with pytest.raises(CutOffError, match="more than 3 headers"):
        next(texts)
    header = file[: file.index(b"\n") + 1]
    assert len(list(decode.object_texts([header * 9 + file]))) == 1


def test_a_header_below_lines_without_one_states_the_format_from_there_on() -> None:
    texts = texts_in(BODY + V5_FILE, log_formats=[DEFAULT_LOG_FORMAT])
    assert [(text.names, text.first_line) for text in texts] == [(V2, 1), (V5, 4)]


@pytest.mark.parametrize("names", [("srcaddr", "dstaddr"), ("srcport",), TAGGED], ids=["short", "one field", "tags"])
def test_a_repeated_header_is_found_for_any_fields(names: tuple[str, ...]) -> None:
    file = flow_log([line(names, instance_tag="hello-world")] * 2, names)
    assert [text.first_line for text in texts_in(file * 2)] == [2, 5]


@pytest.mark.parametrize(
    "record",
    ["bytes", "start end", "version of a document", "version version version", "action " * 9000 + "srcport"],
    ids=["a name", "two names", "one name", "names twice", "names without end"],
)
def test_a_line_that_begins_with_a_name_may_be_a_record(record: str) -> None:
    names = ("instance-tag", "interface-tag")
    data = flow_log(["hello-world x", record.replace("start end", "start finish"), "hello y"], names)
    assert [text.text.count(b"\n") for text in texts_in(data)] == [3]


def test_headers_are_found_wherever_chunks_end(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [FEW, V5_FILE, FEW, FEW, flow_log([], V5), V5_FILE]
    for size in range(60, 900, 13):
        monkeypatch.setattr(decode, "CHUNK_BYTES", size)
        texts = texts_in(*files)
        assert b"".join(text.text for text in texts) == b"".join(file.split(b"\n", 1)[1] for file in files)
        assert all(a.first_line + a.text.count(b"\n") <= b.first_line for a, b in pairwise(texts))
        assert all(len(text.names) == text.text.split(b"\n")[0].count(b" ") + 1 for text in texts)
        assert texts[-1].first_line == 14
