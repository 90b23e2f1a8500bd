"""Every command of docs/replay.md runs, on logs of these names, and reads what the page says."""

import gzip
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import boto3
import polars as pl
import pytest
from moto import mock_aws

from flowsentry.inventory.snapshot import pack, unpack
from tests.builders import NOON, flow_log, line
from tests.local.conftest import Done, Flowsentry
from tests.local.report.test_flow_sums import INVENTORY

PAGE = Path(__file__).parents[3] / "docs" / "replay.md"
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
EXAMPLES = [each for block in BLOCKS for each in block.splitlines()]
BUCKET = "my-flow-logs"
OF_DAY = "AWSLogs/111111111111/vpcflowlogs/eu-west-1/2026/01/{day:02}/111111111111_vpcflowlogs_eu-west-1_fl-1_{name}_1"
IN_TIME, LATER = (OF_DAY.format(day=day, name=f"202601{day:02}T1200Z") + ".log.gz" for day in (1, 2))


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a user with logs, a snapshot, a profile and a bucket."""
    monkeypatch.chdir(tmp_path)
    content = gzip.compress(flow_log([line(start=NOON, end=NOON)] * 3), mtime=0)
    for name in ("day.log.gz", "logs/flows.log.gz", f"logs/2026/{Path(IN_TIME).name}"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content)
    table = io.BytesIO()
    pl.DataFrame({"version": [2], "srcaddr": ["10.0.0.1"], "start": [NOON]}).write_parquet(table)
    Path("other.parquet").write_bytes(table.getvalue())
    Path("snapshot.zip").write_bytes(pack(INVENTORY))
    Path("config").write_text("[profile audit]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    values = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing")
    for name, value in (values | keys | {"AWS_DEFAULT_REGION": "eu-west-1"}).items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        for key in (IN_TIME, LATER):
            s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        yield tmp_path


def ran(flowsentry: Flowsentry, example: str) -> Done:
    """What the example does; before a pipe, `zcat FILE`."""
    first, _, piped = example.rpartition(" | ")
    content = gzip.decompress(Path(first.split()[1]).read_bytes()) if first else b""
    name, *arguments = shlex.split(piped)
    assert name == "flowsentry"
    return flowsentry(*arguments, stdin=content)


@pytest.mark.parametrize("example", dict.fromkeys(EXAMPLES), ids=lambda example: example[:60])
def test_an_example_of_the_page_runs(flowsentry: Flowsentry, user: Path, example: str) -> None:
    done = ran(flowsentry, example)
    assert (done.code, user.exists()) == (0, True), done.err
    assert "Report  2026-01-01 12:00" in done.out or "--json" in example or "--since 7d" in example


@pytest.mark.usefixtures("user")
def test_examples_read_as_many_files_as_the_page_says(flowsentry: Flowsentry) -> None:
    read = {example: ran(flowsentry, example).complaints for example in EXAMPLES[:6]}
    counts = [next(each.split()[1] for each in lines if each.startswith("files ")) for lines in read.values()]
    assert counts == ["2", "2", "2", "1", "2", "2"]


@pytest.mark.usefixtures("user")
def test_only_files_of_the_time_are_read(flowsentry: Flowsentry) -> None:
    [example] = [each for each in EXAMPLES if "--until" in each]
    assert "files     1" in ran(flowsentry, example).complaints


def test_the_page_is_written_and_the_live_inventory_is_saved(flowsentry: Flowsentry, user: Path) -> None:
    for example in EXAMPLES:
        if "--html" in example or "--live" in example:
            ran(flowsentry, example)
    assert (user / "report.html").read_text().startswith("<!doctype html>")
    [snapshot] = (user / "state" / "flowsentry").glob("*-eu-west-1.zip")
    assert unpack(snapshot.read_bytes()).target_states


@pytest.mark.usefixtures("user")
def test_the_second_replay_with_a_file_of_ones_own_reads_nothing_again(flowsentry: Flowsentry) -> None:
    first, second = [ran(flowsentry, each) for each in EXAMPLES if "--resume" in each]
    assert second.complaints[0] == "goes on with 0 files; 2 files before"
    assert first.out == second.out
