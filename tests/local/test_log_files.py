"""Where the command line finds flow logs, and in which order."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.log_files import BLOCK_BYTES, LogFile, sources_at

BUCKET = "flow-logs-of-mine"
FIRST = "222222222222_vpcflowlogs_us-east-1_fl-2_20261103T0305Z_1.log.gz"
SECOND = "111111111111_vpcflowlogs_us-east-1_fl-1_20261103T0310Z_2.log.gz"
WITHOUT_SUFFIX = "111111111111_vpcflowlogs_us-east-1_fl-1_20261103T0315Z_3"
PARQUET = "111111111111_vpcflowlogs_us-east-1_fl-1_20261103T0320Z_4.log.parquet"
TRAIL = "AWSLogs/111111111111/CloudTrail/us-east-1/2026/11/03/111111111111_CloudTrail_us-east-1_x.json.gz"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        yield s3


def test_a_file_is_one_source_whatever_its_name(tmp_path: Path) -> None:
    path = filled(tmp_path, "flows")
    assert sources_at(str(path)) == [LogFile(path)]


def test_a_folder_is_read_in_order_of_the_times_in_the_names(tmp_path: Path) -> None:
    for name in ("2026/plain.log", f"2026/a/{PARQUET}", f"2026/z/{FIRST}", f"2026/a/{SECOND}", WITHOUT_SUFFIX):
        filled(tmp_path, name)
    assert names(tmp_path) == [FIRST, SECOND, WITHOUT_SUFFIX, PARQUET, "plain.log"]


def test_of_a_folder_what_does_not_look_like_a_log_is_left_out(tmp_path: Path) -> None:
    others = ("truth.csv", "README.md", ".DS_Store", TRAIL, "hive/dt=2026-11-03-00-00/symlink.txt")
    for name in (*others, "flows.log", "flows.txt", "flows.gz", "flows.parquet"):
        filled(tmp_path, name)
    (tmp_path / "folder.log").mkdir()
    assert names(tmp_path) == ["flows.gz", "flows.log", "flows.parquet", "flows.txt"]


def test_an_empty_folder_has_no_sources(tmp_path: Path) -> None:
    assert sources_at(str(tmp_path)) == []


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no such file or folder"):
        sources_at(str(tmp_path / "missing"))


def test_bytes_come_in_bounded_blocks(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    path.write_bytes(b"x" * (2 * BLOCK_BYTES + 1))
    assert [len(block) for block in LogFile(path).blocks()] == [BLOCK_BYTES, BLOCK_BYTES, 1]


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"bytes")))
    [source] = sources_at("-")
    assert (source.name, list(source.blocks())) == ("-", [b"bytes"])


def test_a_prefix_in_s3_is_read_as_a_folder_is(bucket: Any, capsys: pytest.CaptureFixture[str]) -> None:
    keys = [f"AWSLogs/{name}" for name in (f"z/{FIRST}", f"a/{SECOND}", WITHOUT_SUFFIX, PARQUET)]
    for key in (*reversed(keys), f"elsewhere/{FIRST}"):
        bucket.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    sources = sources_at(f"s3://{BUCKET}/AWSLogs/")
    assert [source.name for source in sources] == [f"s3://{BUCKET}/{key}" for key in keys]
    assert [b"".join(source.blocks()).decode() for source in sources] == keys
    assert capsys.readouterr().err == ""


def test_what_a_prefix_holds_beside_flow_logs_is_skipped_and_counted(
    bucket: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in (f"AWSLogs/{FIRST}", TRAIL, "AWSLogs/manifest.json", "AWSLogs/111111111111/vpcflowlogs/"):
        bucket.put_object(Bucket=BUCKET, Key=key, Body=b"")
    assert [source.name for source in sources_at(f"s3://{BUCKET}/AWSLogs/")] == [f"s3://{BUCKET}/AWSLogs/{FIRST}"]
    told = f"flowsentry: s3://{BUCKET}/AWSLogs/: skipped 3 objects that are no flow logs by their keys\n"
    assert capsys.readouterr().err == told


def test_a_whole_bucket_is_read_past_the_first_page_of_its_list(bucket: Any) -> None:
    for number in range(1_001):
        bucket.put_object(Bucket=BUCKET, Key=f"{number}.log", Body=b"")
    assert len(sources_at(f"s3://{BUCKET}")) == 1_001


def test_one_object_is_one_source_whatever_its_name(bucket: Any) -> None:
    bucket.put_object(Bucket=BUCKET, Key="exported/flows", Body=b"")
    assert [source.name for source in sources_at(f"s3://{BUCKET}/exported/flows")] == [f"s3://{BUCKET}/exported/flows"]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (f"s3://{BUCKET}/nothing/here", "there is no such object or prefix"),
        ("s3://not-mine/flows.log", "s3://not-mine/flows.log can't be listed: .*NoSuchBucket"),
        ("s3://", "s3:// can't be listed"),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_what_is_not_in_s3_is_told(address: str, sentence: str) -> None:
    with pytest.raises(OSError, match=sentence):
        sources_at(address)


def test_an_object_that_is_gone_when_it_is_read_is_told(bucket: Any) -> None:
    bucket.put_object(Bucket=BUCKET, Key="flows.log", Body=b"")
    [source] = sources_at(f"s3://{BUCKET}/flows.log")
    bucket.delete_object(Bucket=BUCKET, Key="flows.log")
    with pytest.raises(OSError, match=r"s3://flow-logs-of-mine/flows\.log can't be read"):
        list(source.blocks())


def names(folder: Path) -> list[str]:
    return [Path(source.name).name for source in sources_at(str(folder))]


def filled(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path
