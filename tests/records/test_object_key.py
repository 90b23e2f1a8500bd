"""Keys of flow log files in every layout of AWS, and keys of other objects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.records.object_key import (
    FlowLogKey,
    Origin,
    flow_log_key,
    is_no_flow_log,
    is_unrecognised_flow_log_name,
)

ACCOUNT, REGION, FLOW_LOG = "123456789012", "eu-central-1", "fl-0123456789abcdef0"
DELIVERED_AT = 1_793_675_700  # 2026-11-03 03:15:00 UTC
STEM = f"{ACCOUNT}_vpcflowlogs_{REGION}_{FLOW_LOG}_20261103T0315Z_5f1e2d3c"
NAME = f"{STEM}.log.gz"
TOLD = FlowLogKey(ACCOUNT, REGION, FLOW_LOG, DELIVERED_AT)

PLAIN = f"AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/2026/11/03/"
HIVE = f"AWSLogs/aws-account-id={ACCOUNT}/aws-service=vpcflowlogs/aws-region={REGION}/year=2026/month=11/day=03/"
FOLDERS = {
    "plain": PLAIN,
    "per hour": f"{PLAIN}03/",
    "hive-compatible": HIVE,
    "hive-compatible per hour": f"{HIVE}hour=03/",
    "of an organisation": f"AWSLogs/o-abcdef0123/{ACCOUNT}/vpcflowlogs/{REGION}/2026/11/03/",
    "hive-compatible of an organisation": HIVE.replace("AWSLogs/", "AWSLogs/o-abcdef0123/"),
    "under a prefix": f"all logs/of+network/{PLAIN}",
    "under a prefix that looks like another service": f"AWSLogs/{ACCOUNT}/CloudTrail/copies/{PLAIN}",
    "no folder at all": "",
    "a copy": "copies/of/mine/",
}
SUFFIXES = (".log.gz", ".log", ".log.parquet", ".parquet", ".gz", "")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_flow_log_key_has_its_origin_and_time_in_every_layout(folder: str, suffix: str) -> None:
    key = f"{FOLDERS[folder]}{STEM}{suffix}"
    assert flow_log_key(key) == TOLD
    assert not is_no_flow_log(key)
    assert not is_unrecognised_flow_log_name(key)


def test_the_origin_has_account_region_and_flow_log() -> None:
    assert TOLD.origin == Origin(ACCOUNT, REGION, FLOW_LOG)


def test_the_example_of_the_user_guide_is_parsed() -> None:
    actual = flow_log_key("123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz")
    assert actual == FlowLogKey("123456789012", "us-east-1", "fl-1234abcd", 1_529_511_600)


def test_the_file_name_takes_precedence_over_the_prefix() -> None:
    moved = PLAIN.replace(ACCOUNT, "999999999999").replace(REGION, "us-east-1").replace("2026", "2020") + NAME
    assert flow_log_key(moved) == TOLD


@pytest.mark.parametrize(
    "name",
    [
        "test_file.log.gz",
        "",
        f"{STEM}.log.gz.tmp",
        f"{STEM}.json",
        f"copy of {NAME}",
        f"{NAME}\n",
        NAME.replace("_vpcflowlogs_", "_CloudTrail_"),
        NAME.replace("fl-", "vpc-"),
        NAME.replace(ACCOUNT, "12345"),
        NAME.replace(ACCOUNT, "١٢٣٤٥٦٧٨٩٠١٢"),
        NAME.replace("20261103T0315Z", "20261103T0315"),
        NAME.replace("20261103T0315Z", "20261332T2561Z"),
        NAME.replace("20261103T0315Z", "00000000T0000Z"),
    ],
)
def test_a_name_that_aws_does_not_give_has_no_origin_and_is_decided_by_content(name: str) -> None:
    assert flow_log_key(f"copies/{name}") is None
    assert flow_log_key(PLAIN + name) is None
    if name:
        assert not is_no_flow_log(PLAIN + name)
        assert is_unrecognised_flow_log_name(PLAIN + name)
        assert is_unrecognised_flow_log_name(HIVE + name)


@pytest.mark.parametrize(
    "key",
    [
        PLAIN,
        f"prefix/{HIVE}",
        "flow-logs_$folder$",
        f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/07/16/{ACCOUNT}_CloudTrail_us-east-1_20260716T0000Z_a.json.gz",
        f"AWSLogs/o-abcdef0123/{ACCOUNT}/CloudTrail/us-east-1/2026/07/16/example.json.gz",
        f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/us-east-1/2026/07/16/digest.json.gz",
        f"lb/AWSLogs/{ACCOUNT}/elasticloadbalancing/us-east-1/2026/07/16/{ACCOUNT}_elasticloadbalancing_x.log.gz",
        f"AWSLogs/{ACCOUNT}/Config/us-east-1/2026/7/16/ConfigSnapshot/{ACCOUNT}_Config_x.json.gz",
        f"AWSLogs/{ACCOUNT}/Config/ConfigWritabilityCheckFile",
        f"AWSLogs/{ACCOUNT}/WAFLogs/cloudfront/acl/2026/07/16/00/00/{ACCOUNT}_waflogs_x.log.gz",
        f"AWSLogs/{ACCOUNT}/vpcdnsquerylogs/vpc-1/2026/07/16/vpc-1_vpcdnsquerylogs_x.log.gz",
        f"AWSLogs/aws-account-id={ACCOUNT}/aws-service=elasticloadbalancing/aws-region=us-east-1/x.log.gz",
        f"AWSLogs/{ACCOUNT}/ELBAccessLogTestFile",
        f"{PLAIN}manifest.json",
        "inventory/flow-logs/all/2026-11-03T00-00Z/manifest.json",
        "inventory/flow-logs/all/2026-11-03T00-00Z/manifest.checksum",
        "inventory/flow-logs/all/hive/dt=2026-11-03-00-00/symlink.txt",
        "results/Unsaved/2026/11/03/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0.csv",
        "results/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0.csv.metadata",
        "results/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0.txt.metadata",
        "results/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0-manifest.csv",
        "exports/aws-logs-write-test",
    ],
)
def test_a_key_of_another_known_kind_is_no_flow_log(key: str) -> None:
    assert is_no_flow_log(key)
    assert flow_log_key(key) is None


@pytest.mark.parametrize(
    "key",
    [
        "aws/lambda/async/stream_processor/2026/11/03/2026-11-03T03.23.41-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "firehose/2026/11/03/03/flow-logs-1-2026-11-03-03-15-00-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "firehose/2026/11/03/03/flow-logs-1-2026-11-03-03-15-00-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0.gz",
        "exports/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/eni-0a1b2c3d4e5f60718-all/000000.gz",
        "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0.txt",
        "merged.log.gz",
        "AWSLogs/merged.log.gz",
        f"AWSLogs/{ACCOUNT}/merged.log.gz",
        "AWSLogs/mine/CloudTrail/merged.log.gz",
        f"MyAWSLogs/{ACCOUNT}/CloudTrail/merged.log.gz",
    ],
)
def test_a_key_outside_the_prefixes_of_aws_is_decided_by_content(key: str) -> None:
    assert not is_no_flow_log(key)
    assert not is_unrecognised_flow_log_name(key)
    assert flow_log_key(key) is None


@given(st.text(max_size=200))
def test_the_prefix_of_a_flow_log_key_is_ignored(folders: str) -> None:
    assert flow_log_key(f"{folders}/{NAME}") == TOLD
    assert not is_no_flow_log(f"{folders}/{NAME}")
