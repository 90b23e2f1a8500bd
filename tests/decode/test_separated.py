"""Text with commas, tabs, semicolons or bars between values: the same records as with spaces."""

import pytest

from flowsentry import decode
from flowsentry.frames import LogText
from flowsentry.parse import parse
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.builders import V2, V5, flow_log, line
from tests.decode.reading import in_blocks, texts_in

RECORDS = [line(V2, srcport=port) for port in range(1, 8)]
PLAIN = flow_log(RECORDS, V2)
BODY = PLAIN.split(b"\n", 1)[1]
SEPARATORS = [
    pytest.param(sign, id=name) for name, sign in {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}.items()
]

ATHENA = "version account interfaceid sourceaddress destinationaddress sourceport destinationport protocol numpackets"
INSIGHTS = (
    "version accountId interfaceId srcAddr dstAddr srcPort dstPort protocol packets bytes startTime endTime action"
)
AWS_HEADERS = (
    f"{ATHENA} numbytes starttime endtime action logstatus".replace(" ", ","),
    f"{INSIGHTS} logStatus".replace(" ", ","),
    ",".join(V2).replace("start,end", "start_time,end_time"),
)


def rows(*lines: str, separator: str = ",", end: str = "\n") -> bytes:
    return "".join(each.replace(" ", separator) + end for each in lines).encode()


def text_of(data: bytes, *log_formats: str) -> bytes:
    return b"".join(text.text for text in texts_in(data, log_formats=log_formats))


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["newline", "crlf"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no mark", "byte order mark"])
@pytest.mark.parametrize("log_formats", [(), (DEFAULT_LOG_FORMAT,)], ids=["no format", "a format"])
def test_separated_lines_below_a_header_equal_lines_with_spaces(
    separator: str, end: str, mark: bytes, log_formats: tuple[str, ...]
) -> None:
    data = mark + rows(" ".join(V2), *RECORDS, separator=separator, end=end)
    assert texts_in(data, log_formats=log_formats) == [LogText(V2, BODY, 2)]


@pytest.mark.parametrize(
    "header",
    [
        ",".join(V2).upper(),
        ",".join(V2).replace("-", "_"),
        ", ".join(V2),
        ",".join(f'"{name}"' for name in V2),
        *AWS_HEADERS,
    ],
    ids=["upper case", "underscores", "spaces", "quotes", "Athena", "Logs Insights", "times"],
)
def test_a_header_may_have_the_spelling_of_the_aws_documentation(header: str) -> None:
    assert texts_in(header.encode() + b"\n" + rows(*RECORDS)) == [LogText(V2, BODY, 2)]


def test_any_value_may_be_quoted_or_missing() -> None:
    quoted = "".join(",".join(f'"{value}"' for value in each.split(" ")) + "\n" for each in (" ".join(V2), *RECORDS))
    assert texts_in(quoted.encode()) == [LogText(V2, BODY, 2)]
    none = quoted + ",".join(['"2"', *['""'] * 12, '"NODATA"']) + "\n"
    assert text_of(none.encode()).splitlines()[-1] == b"2 " + b"- " * 12 + b"NODATA"


@pytest.mark.parametrize("end", ["\n", "\r\n", ""], ids=["newline", "crlf", "no line end"])
def test_an_empty_value_is_missing_in_any_column(end: str) -> None:
    (text,) = texts_in(f"srcaddr,dstaddr,bytes,packets\r\n,,,\n10.0.0.1,,,\n,10.0.0.2,7,{end}".encode())
    assert text.text == b"- - - -\n10.0.0.1 - - -\n- 10.0.0.2 7 -\n"
    assert len(parse(text).records) == 3


def test_missing_words_of_pandas_and_databases_are_missing_and_whole_numbers_have_no_fraction() -> None:
    (text,) = texts_in(b"srcaddr,srcport,bytes\nnan,443.0,NULL\nNone,NaN,12.0\n10.0.0.0,null,\\N\n")
    assert text.text == b"- 443 -\n- - 12\n10.0.0.0 - -\n"


def test_a_quoted_value_may_contain_the_separator() -> None:
    (text,) = texts_in(b'srcaddr,instance-tag,bytes\n10.0.0.1,"web, ""blue""",1\n10.0.0.2,web 2,2\n')
    assert parse(text).records["instance_tag"].to_list() == ['web, "blue"', "web 2"]


@pytest.mark.parametrize("bad", ["2,1", ",".join("x" * 20), '"2', "<html>", ",".join("abc")])
def test_an_invalid_line_is_rejected_alone_with_its_number(bad: str) -> None:
    (text,) = texts_in(rows(" ".join(V2), RECORDS[0]) + f"{bad}\n".encode() + rows(RECORDS[1]))
    seen = parse(text)
    assert (seen.lines, len(seen.records), [number for number, _, _ in seen.rejected.sample]) == (3, 2, [3])


def test_lines_without_a_header_are_read_when_the_first_has_as_many_values_as_a_given_format() -> None:
    assert texts_in(rows(*RECORDS), log_formats=[DEFAULT_LOG_FORMAT]) == [LogText(V2, BODY, 1)]


def test_a_header_with_tabs_above_lines_with_spaces_is_a_header() -> None:
    assert texts_in("\t".join(V2).encode() + b"\n" + BODY) == [LogText(V2, BODY, 2)]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_header_alone_has_no_text(end: bytes) -> None:
    assert texts_in(",".join(V2).encode() + end) == []


def test_concatenated_files_each_have_their_header(monkeypatch: pytest.MonkeyPatch) -> None:
    data = rows(" ".join(V2), *RECORDS) + rows(" ".join(V5), line(V5)) + rows(" ".join(V2), *RECORDS)
    for size in (150, 1000, 1 << 20):
        monkeypatch.setattr(decode, "CHUNK_BYTES", size)
        texts = texts_in(*in_blocks(data, 11))
        assert sum(len(parse(text).records) for text in texts) == 15
        assert {text.names for text in texts} == {V2, V5}
