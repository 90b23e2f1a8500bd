"""A folder as a user has it: logs, a snapshot, enriched files, cdk.json, a profile and a bucket."""

import gzip
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from tests.builders import NOON, flow_log, line
from tests.documented.blocks import ROOT
from tests.local.conftest import flowsentry as flowsentry  # noqa: PLC0414 - a fixture
from tests.local.conftest import no_colours_of_the_developer as no_colours_of_the_developer  # noqa: PLC0414 - a fixture
from tests.local.query.planted import FORMATS, traffic, write_enriched

BUCKETS = ("bucket", "my-flow-logs")
KEY = (
    "AWSLogs/111111111111/vpcflowlogs/eu-west-1/%Y/%m/%d/111111111111_vpcflowlogs_eu-west-1_fl-1_%Y%m%dT%H%MZ_1.log.gz"
)
"""Of an object, by the time in its name; today's is among those of the last days."""
IN_NOVEMBER = datetime(2026, 11, 3, 14, tzinfo=UTC)
SNAPSHOT = ROOT / "tests" / "sample_company" / "inventory.zip"
LOGS = ("day.log.gz", "flows.log.gz", "flows.txt", "logs/flows.log.gz")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, made once; commands write their reports into it."""
    home = tmp_path_factory.mktemp("user")
    for name in LOGS:
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_bytes(content() if name.endswith(".gz") else gzip.decompress(content()))
    for at in (NOON, int(IN_NOVEMBER.timestamp())):
        write_enriched(home, traffic(FORMATS["extended"]), FORMATS["extended"], at)
    shutil.copy(SNAPSHOT, home / "snapshot.zip")
    shutil.copy(ROOT / "cdk.json", home)
    (home / "config").write_text("[profile audit]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    return home


def content() -> bytes:
    return gzip.compress(flow_log([line(start=NOON, end=NOON)] * 3), mtime=0)


@pytest.fixture
def user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder as the working directory, and AWS in memory."""
    monkeypatch.chdir(folder)
    values = {"AWS_CONFIG_FILE": str(folder / "config"), "XDG_STATE_HOME": str(folder / "state")}
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing")
    for name, value in (values | keys | {"AWS_DEFAULT_REGION": "eu-west-1"}).items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        for bucket in BUCKETS:
            s3.create_bucket(Bucket=bucket)
            s3.put_object(Bucket=bucket, Key=datetime.now(UTC).strftime(KEY), Body=content())
        yield folder
