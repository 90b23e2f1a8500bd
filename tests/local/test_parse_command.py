"""flowsentry parse: prints records as JSON lines, and rejected lines with the reason."""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from flowsentry.records.fields import DEFAULT_NAMES
from local.aws.embedded import REPOSITORY
from tests.builders import ACCOUNT, INTERFACE, NOON, V2, V5, flow_log, line, no_data
from tests.local.conftest import Flowsentry
from tests.recorded import recorded

V2_FORMAT = " ".join(f"${{{name}}}" for name in V2)
COMMAND = [sys.executable, "-m", "local.cli"]


def test_records_are_printed_in_file_order_including_nodata_and_skipdata(
    flowsentry: Flowsentry, tmp_path: Path
) -> None:
    lines = [line(srcport=1), no_data(), line(srcport=2), no_data(log_status="SKIPDATA"), line(srcport=3)]
    done = flowsentry("parse", written(tmp_path, flow_log(lines)))
    printed = [(record["srcport"], record["log_status"]) for record in done.records]
    assert printed == [(1, "OK"), (None, "NODATA"), (2, "OK"), (None, "SKIPDATA"), (3, "OK")]
    assert (done.code, done.err) == (0, "")


def test_a_record_has_exactly_the_typed_fields_of_its_format(flowsentry: Flowsentry, tmp_path: Path) -> None:
    done = flowsentry("parse", written(tmp_path, flow_log([line(account_id="000000123456")])))
    [record] = done.records
    assert list(record) == [name.replace("-", "_") for name in V5]
    assert record | {"tcp_flags": 3} == {
        "version": 2,
        "account_id": "000000123456",
        "interface_id": INTERFACE,
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
        "vpc_id": "vpc-0a1b2c3d",
        "tcp_flags": 3,
        "pkt_srcaddr": "10.0.0.1",
        "pkt_dstaddr": "10.0.0.2",
        "flow_direction": "egress",
    }


def test_a_dash_is_null_in_a_field_of_any_type(flowsentry: Flowsentry, tmp_path: Path) -> None:
    dashes = line(pkt_srcaddr="-", tcp_flags="-", flow_direction="-", account_id="-")
    [record] = flowsentry("parse", written(tmp_path, flow_log([dashes]))).records
    assert [record[name] for name in ("pkt_srcaddr", "tcp_flags", "flow_direction", "account_id")] == [None] * 4


def test_a_readable_record_has_words_instead_of_numbers(flowsentry: Flowsentry, tmp_path: Path) -> None:
    path = written(tmp_path, flow_log([line(tcp_flags=19), no_data()]))
    [plain, _], [readable, empty] = flowsentry("parse", path).records, flowsentry("parse", "--readable", path).records
    words = {
        "start": "2026-01-01T12:00:00Z",
        "end": "2026-01-01T12:00:30Z",
        "protocol": "tcp",
        "tcp_flags": "SYN-ACK+FIN",
    }
    assert readable == plain | words
    assert (empty["protocol"], empty["log_status"]) == (None, "NODATA")


def test_a_large_number_is_printed_in_full(flowsentry: Flowsentry, tmp_path: Path) -> None:
    done = flowsentry("parse", written(tmp_path, flow_log([line(bytes=10**15)])))
    assert f'"bytes":{10**15}' in done.out


@pytest.mark.parametrize("name", ["plain.log", "compressed.log.gz", "compressed-without-saying-so"])
def test_gzip_is_recognized_by_content(flowsentry: Flowsentry, tmp_path: Path, name: str) -> None:
    content = flow_log([line()])
    path = written(tmp_path, content if name == "plain.log" else gzip.compress(content, mtime=0), name)
    done = flowsentry("parse", path)
    assert (done.code, len(done.records)) == (0, 1)


def test_lines_without_a_header_are_read_by_the_format_given(flowsentry: Flowsentry, tmp_path: Path) -> None:
    content = "".join(f"{line(V2, srcport=port)}\n" for port in (1, 2)).encode()
    done = flowsentry("parse", written(tmp_path, content), "--format", V2_FORMAT)
    assert [record["srcport"] for record in done.records] == [1, 2]
    assert [list(record) for record in done.records] == [[name.replace("-", "_") for name in DEFAULT_NAMES]] * 2


def test_lines_of_several_formats_are_parsed(flowsentry: Flowsentry, tmp_path: Path) -> None:
    swapped = (*V2[:5], "dstport", "srcport", *V2[7:], "vpc-id")
    lines = [line(V2, srcport=1), line(swapped, version=3, srcport=2), "neither", line(V2, srcport=3)]
    path = written(tmp_path, "".join(f"{each}\n" for each in lines).encode())
    swapped_format = " ".join(f"${{{name}}}" for name in swapped)
    done = flowsentry("parse", path, "--format", V2_FORMAT, "--format", swapped_format)
    assert [(record["srcport"], "vpc_id" in record) for record in done.records] == [(1, False), (3, False), (2, True)]
    assert done.complaints[-1].startswith(f"{path}: rejected 1 (")


def test_json_lines_are_read_by_the_format_given(flowsentry: Flowsentry, tmp_path: Path) -> None:
    content = "".join(json.dumps({"message": line(V2, srcport=port)}) for port in (1, 2)).encode()
    done = flowsentry("parse", written(tmp_path, content), "--format", V2_FORMAT)
    assert [record["srcport"] for record in done.records] == [1, 2]


def test_parquet_is_printed_like_the_same_records_as_text(flowsentry: Flowsentry, tmp_path: Path) -> None:
    lines = [line(srcport=1), no_data(), line(srcport=2)]
    rows = pl.DataFrame([each.split(" ") for each in lines], schema=[*V5], orient="row")
    rows.write_parquet(tmp_path / "flows.log.parquet")
    done = flowsentry("parse", tmp_path / "flows.log.parquet")
    assert done.records == flowsentry("parse", written(tmp_path, flow_log(lines))).records
    assert (done.code, done.err) == (0, "")


def test_a_rejected_parquet_row_is_reported_as_a_line(flowsentry: Flowsentry, tmp_path: Path) -> None:
    path = tmp_path / "flows.parquet"
    pl.DataFrame({"srcaddr": ["10.0.0.1", "10.0.0.2"], "srcport": [1, 70000]}).write_parquet(path)
    done = flowsentry("parse", path)
    assert len(done.records) == 1
    assert done.complaints[0] == f"{path}:3: bad-value srcport: '10.0.0.2 70000'"


@pytest.mark.parametrize("size", [-1, 40])
def test_a_truncated_parquet_file_is_reported(flowsentry: Flowsentry, tmp_path: Path, size: int) -> None:
    path = tmp_path / "flows.parquet"
    pl.DataFrame({"srcaddr": ["10.0.0.1"]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:size])
    done = flowsentry("parse", path)
    assert (done.code, done.out) == (1, "")
    assert "the Parquet file ends in the middle" in done.err


def test_a_dash_reads_standard_input(flowsentry: Flowsentry) -> None:
    done = flowsentry("parse", "-", stdin=gzip.compress(flow_log([line(), line()]), mtime=0))
    assert (done.code, len(done.records)) == (0, 2)


def test_rejected_lines_are_reported_with_number_and_reason_and_exit_with_0(
    flowsentry: Flowsentry, tmp_path: Path
) -> None:
    path = written(tmp_path, flow_log([line(), "too short", line(dstport=70000), line()]))
    done = flowsentry("parse", path)
    assert (done.code, len(done.records)) == (0, 2)
    assert done.complaints == [
        f"{path}:3: too-few-fields: 'too short'",
        f"{path}:4: bad-value dstport: {line(dstport=70000)!r}",
        f"{path}: rejected 2 (bad-value 1, too-few-fields 1)",
    ]


def test_a_missing_file_is_reported_and_the_others_are_read(flowsentry: Flowsentry, tmp_path: Path) -> None:
    missing = tmp_path / "missing.log"
    done = flowsentry("parse", missing, written(tmp_path, flow_log([line()])))
    assert (done.code, len(done.records)) == (1, 1)
    assert done.complaints == [f"flowsentry: {missing}: no such file or folder"]


def test_an_unreadable_file_is_reported(flowsentry: Flowsentry, tmp_path: Path) -> None:
    symlink_to_itself = tmp_path / "loop.log"
    symlink_to_itself.symlink_to(symlink_to_itself)
    done = flowsentry("parse", symlink_to_itself)
    assert done.code == 1
    assert "loop.log" in done.err


@pytest.mark.parametrize(
    "content", [b"the quick brown fox\n", gzip.compress(b"\x00\x01" * 99, mtime=0), b'{"Records": []}']
)
def test_a_file_that_is_not_a_flow_log_is_reported(flowsentry: Flowsentry, tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    done = flowsentry("parse", path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"flowsentry: {path}: the first line is not a header of flow log fields")


def test_records_without_a_header_are_told_where_to_name_their_format(flowsentry: Flowsentry, tmp_path: Path) -> None:
    done = flowsentry("parse", written(tmp_path, flow_log([line()]).partition(b"\n")[2]))
    assert done.err.endswith(
        "; name the format of records without a header in log_formats (on the command line: --format)\n"
    )


def test_the_records_before_the_cut_of_a_truncated_gzip_are_printed(flowsentry: Flowsentry, tmp_path: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - made-up traffic
    whole = gzip.compress(flow_log([line(bytes=chance.getrandbits(40)) for _ in range(3_000)]), mtime=0)
    path = written(tmp_path, whole[: len(whole) // 2])
    done = flowsentry("parse", path)
    assert done.code == 1
    assert 500 < len(done.records) < 2_500
    assert done.complaints == [
        f"flowsentry: {path}: the gzip data ends in the middle. The lines before the cut were processed"
    ]


def test_a_damaged_gzip_is_reported(flowsentry: Flowsentry, tmp_path: Path) -> None:
    done = flowsentry("parse", written(tmp_path, gzip.compress(flow_log([line()]), mtime=0)[:-8] + bytes(8)))
    assert done.code == 1
    assert "the gzip data is damaged" in done.err


@pytest.mark.parametrize("content", [b"", gzip.compress(b"", mtime=0), flow_log([])])
def test_an_empty_file_prints_nothing(flowsentry: Flowsentry, tmp_path: Path, content: bytes) -> None:
    done = flowsentry("parse", written(tmp_path, content))
    assert (done.code, done.out, done.err) == (0, "", "")


def test_several_files_are_each_parsed_by_their_own_header(flowsentry: Flowsentry, tmp_path: Path) -> None:
    old = written(tmp_path, flow_log([line(V2, srcport=1)], V2), "old.log")
    new = written(tmp_path, flow_log([line(V5, srcport=2)], V5), "new.log")
    done = flowsentry("parse", new, old, new)
    assert [record["srcport"] for record in done.records] == [2, 1, 2]
    assert ["vpc_id" in record for record in done.records] == [True, False, True]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "missing argument 'FILE'"),
        (("--format", "${version} version", "x.log"), "invalid value for '--format': "),
        (("--format", "", "x.log"), "invalid value for '--format': "),
        (("--frobnicate", "x.log"), "no such option: --frobnicate"),
    ],
)
def test_invalid_arguments_exit_with_2_and_a_message(
    flowsentry: Flowsentry, arguments: tuple[str, ...], sentence: str
) -> None:
    done = flowsentry("parse", *arguments)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err


def test_help_lists_the_commands(flowsentry: Flowsentry) -> None:
    assert flowsentry().code == 2
    shown = flowsentry("--help")
    assert shown.code == 0
    assert all(command in shown.out for command in ("parse", "replay", "demo"))


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    path = written(tmp_path, flow_log([line()] * 50_000))
    with subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, "parse", str(path)], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())["account_id"] == ACCOUNT
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


def test_every_line_of_recorded_files_is_parsed(flowsentry: Flowsentry) -> None:
    folder = recorded("detection/traffic/nmap-inside")
    done = flowsentry("parse", folder)
    files = [path for path in folder.rglob("*.gz") if path.is_file()]
    lines = sum(len(gzip.decompress(path.read_bytes()).splitlines()) - 1 for path in files)
    assert (done.code, done.err) == (0, "")
    assert len(done.records) == lines > 0


def written(folder: Path, content: bytes, name: str = "flows.log") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("good", "bad", "code"), [(0, 1, 1), (1, 1, 0), (1, 2, 1), (99, 1, 0)])
def test_a_file_with_more_rejected_lines_than_records_exits_with_1(
    flowsentry: Flowsentry, tmp_path: Path, good: int, bad: int, code: int
) -> None:
    done = flowsentry("parse", written(tmp_path, flow_log([*[line()] * good, *["bad"] * bad])))
    assert (done.code, len(done.records)) == (code, good)
    assert (f"{bad} of {good + bad} lines are not valid records" in done.err) == bool(code)


def test_an_unsupported_archive_is_named_with_the_remedy(flowsentry: Flowsentry, tmp_path: Path) -> None:
    done = flowsentry("parse", "--format", V2_FORMAT, written(tmp_path, b"PK\x03\x04 and so on"))
    assert done.code == 1
    assert "a zip archive, which is not supported: unpack it" in done.err


def test_lines_of_an_unstated_format_are_reported_with_the_remedy(flowsentry: Flowsentry, tmp_path: Path) -> None:
    done = flowsentry("parse", "--format", V2_FORMAT, written(tmp_path, f"{line(V5)}\n".encode() * 3))
    assert done.code == 1
    assert "in another format than the stated one; add their format to log_formats" in done.err
