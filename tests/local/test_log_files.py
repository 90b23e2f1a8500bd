"""Sources of flow logs on the command line, and their order."""

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from local.log_files import LogFile, Selection, all_sources, distinct, location_of, sources_at
from local.log_objects import BLOCK_BYTES
from local.query.time_range import TimeRange, moment
from tests.local.conftest import BUCKET, store_at_once

FIRST = "222222222222_vpcflowlogs_us-east-1_fl-2_20261103T0305Z_1.log.gz"
SECOND = "111111111111_vpcflowlogs_us-east-1_fl-1_20261103T0310Z_2.log.gz"
WITHOUT_SUFFIX = "111111111111_vpcflowlogs_us-east-1_fl-1_20261103T0315Z_3"
PARQUET = "111111111111_vpcflowlogs_us-east-1_fl-1_20261103T0320Z_4.log.parquet"
TRAIL = "AWSLogs/111111111111/CloudTrail/us-east-1/2026/11/03/111111111111_CloudTrail_us-east-1_x.json.gz"


def test_a_file_is_one_source_regardless_of_its_name(tmp_path: Path) -> None:
    path = filled(tmp_path, "flows")
    assert sources_at(str(path)) == [LogFile(path)]


def test_a_folder_is_read_in_the_order_of_times_in_file_names(tmp_path: Path) -> None:
    for name in ("2026/plain.log", f"2026/a/{PARQUET}", f"2026/z/{FIRST}", f"2026/a/{SECOND}", WITHOUT_SUFFIX):
        filled(tmp_path, name)
    assert names(tmp_path) == [FIRST, SECOND, WITHOUT_SUFFIX, PARQUET, "plain.log"]


def test_files_in_a_folder_that_are_not_logs_are_skipped(tmp_path: Path) -> None:
    others = ("truth.csv", "README.md", ".DS_Store", TRAIL, "hive/dt=2026-11-03-00-00/symlink.txt")
    for name in (*others, "flows.log", "flows.txt", "flows.gz", "flows.parquet"):
        filled(tmp_path, name)
    (tmp_path / "folder.log").mkdir()
    assert names(tmp_path) == ["flows.gz", "flows.log", "flows.parquet", "flows.txt"]


def test_an_empty_folder_has_no_sources(tmp_path: Path) -> None:
    assert sources_at(str(tmp_path)) == []


def test_a_missing_file_raises_file_not_found_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        sources_at(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.log", ["a.log"]),
        ("?.csv", ["t.csv"]),
        ("*", ["a.log", "b.log", "c.log"]),
        ("**", ["a.log", "b.log", "c.log"]),
        ("**/*.log", ["a.log", "b.log", "c.log"]),
        ("2026/**/*.log", ["b.log", "c.log"]),
        ("[x-z]/*", []),
    ],
)
def test_a_pattern_takes_what_a_folder_takes_or_the_names_that_it_states(
    tmp_path: Path, pattern: str, found: list[str]
) -> None:
    for name in ("a.log", "t.csv", "2026/b.log", "2026/11/c.log", "x/README.md"):
        filled(tmp_path, name)
    assert sorted(Path(each.name).name for each in sources_at(f"{tmp_path}/{pattern}")) == found


def test_a_file_whose_name_is_a_pattern_is_that_file(tmp_path: Path) -> None:
    path = filled(tmp_path, "flows[1].log")
    filled(tmp_path, "flows1.log")
    assert sources_at(str(path)) == [LogFile(path)]


def test_a_pattern_that_matches_nothing_raises_file_not_found_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing matches this pattern"):
        sources_at(f"{tmp_path}/*.log")


def between(first: str, last: str) -> Selection:
    return Selection(TimeRange(moment(first, is_last=False), moment(last, is_last=True)))


def test_files_of_other_times_are_left_out_by_their_names(tmp_path: Path) -> None:
    for name in (FIRST, SECOND, WITHOUT_SUFFIX, PARQUET, "plain.log"):
        filled(tmp_path, name)
    found = sources_at(str(tmp_path), between("2026-11-03T03:14", "2026-11-03T03:16"))
    assert [Path(each.name).name for each in found] == [SECOND, WITHOUT_SUFFIX, "plain.log"]


def test_a_large_file_is_read_in_bounded_blocks(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    path.write_bytes(b"x" * (2 * BLOCK_BYTES + 1))
    assert [len(block) for block in LogFile(path).blocks()] == [BLOCK_BYTES, BLOCK_BYTES, 1]


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"bytes")))
    [source] = sources_at("-")
    assert (source.name, list(source.blocks())) == ("-", [b"bytes"])


def test_an_s3_prefix_is_read_like_a_folder(bucket: Any, capsys: pytest.CaptureFixture[str]) -> None:
    keys = [f"AWSLogs/{name}" for name in (f"z/{FIRST}", f"a/{SECOND}", WITHOUT_SUFFIX, PARQUET)]
    for key in (*reversed(keys), f"elsewhere/{FIRST}"):
        bucket.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    sources = sources_at(f"s3://{BUCKET}/AWSLogs/")
    assert [source.name for source in sources] == [f"s3://{BUCKET}/{key}" for key in keys]
    assert [b"".join(source.blocks()).decode() for source in sources] == keys
    assert capsys.readouterr().err == ""


def test_objects_under_a_prefix_that_are_not_flow_logs_are_skipped_and_counted(
    bucket: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in (f"AWSLogs/{FIRST}", TRAIL, "AWSLogs/manifest.json", "AWSLogs/111111111111/vpcflowlogs/"):
        bucket.put_object(Bucket=BUCKET, Key=key, Body=b"")
    assert [source.name for source in sources_at(f"s3://{BUCKET}/AWSLogs/")] == [f"s3://{BUCKET}/AWSLogs/{FIRST}"]
    message = f"flowsentry: s3://{BUCKET}/AWSLogs/: skipped 3 objects whose keys are not flow logs\n"
    assert capsys.readouterr().err == message


@pytest.mark.usefixtures("bucket")
def test_a_bucket_with_more_than_one_page_of_keys_is_read_whole() -> None:
    store_at_once((f"{number}.log" for number in range(1_001)), b"")
    assert len(sources_at(f"s3://{BUCKET}")) == 1_001


def test_an_object_is_one_source_regardless_of_its_name(bucket: Any) -> None:
    bucket.put_object(Bucket=BUCKET, Key="exported/flows", Body=b"")
    assert [source.name for source in sources_at(f"s3://{BUCKET}/exported/flows")] == [f"s3://{BUCKET}/exported/flows"]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (f"s3://{BUCKET}/nothing/here", "no such object or prefix"),
        ("s3://not-mine/flows.log", "cannot list s3://not-mine/flows.log: .*NoSuchBucket"),
        ("s3://", "names no bucket; give s3://BUCKET/PREFIX"),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_a_missing_s3_address_raises_os_error(address: str, sentence: str) -> None:
    with pytest.raises(OSError, match=sentence):
        sources_at(address)


def test_an_object_deleted_before_it_is_read_raises_os_error(bucket: Any) -> None:
    bucket.put_object(Bucket=BUCKET, Key="flows.log", Body=b"")
    [source] = sources_at(f"s3://{BUCKET}/flows.log")
    bucket.delete_object(Bucket=BUCKET, Key="flows.log")
    with pytest.raises(OSError, match=r"cannot read s3://flow-logs-of-mine/flows\.log"):
        list(source.blocks())


def names(folder: Path) -> list[str]:
    return [Path(source.name).name for source in sources_at(str(folder))]


def filled(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_a_file_to_which_two_paths_lead_is_taken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "one.log").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "logs")
    monkeypatch.chdir(tmp_path)
    found, _ = all_sources(["logs", str(tmp_path / "logs"), "logs/../logs", "link", "link/one.log"], _no_complaint)
    assert [each.name for each in distinct(found)] == ["logs/one.log"]
    assert location_of("-") == "-"
    assert location_of("s3://bucket/../key") == "s3://bucket/../key"


def _no_complaint(message: object) -> int:
    raise AssertionError(message)
