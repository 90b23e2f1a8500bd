"""What an S3 key tells: whose flow log file it is, from where and of when, or that it is something else.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
"""

import re
from dataclasses import dataclass
from datetime import datetime

FLOW_LOGS = "vpcflowlogs"
"""What AWS calls flow logs in keys, those of transit gateways too."""

_FILE_NAME = re.compile(
    rf"(?P<account_id>[0-9]{{12}})_{FLOW_LOGS}_(?P<region>[a-z0-9-]+)_(?P<flow_log_id>fl-[0-9a-z]+)"
    r"_(?P<stamp>[0-9]{8}T[0-9]{4}Z)_[0-9A-Za-z]+(?:\.log)?(?:\.gz|\.parquet)?"
)
_FOLDER = re.compile(
    r"(?:.*/)?AWSLogs/(?:o-[a-z0-9]{10,32}/)?(?:aws-account-id=)?[0-9]{12}/(?:aws-service=)?(?P<service>[^/]+)/.*",
    re.DOTALL,
)
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SOMETHING_ELSE = re.compile(
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
    r"manifest\.(?:json|checksum)|symlink\.txt"
    # https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
    rf"|{_UUID}(?:\.csv|-manifest\.csv|\.(?:csv|txt)\.metadata)"
    # What services write once, to see whether they may: load balancers, Config, exports of CloudWatch Logs.
    r"|ELBAccessLogTestFile|ConfigWritabilityCheckFile|aws-logs-write-test"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose records a source holds, where they were made, and by which flow log; null where nothing says so."""

    account_id: str | None
    region: str | None
    flow_log_id: str | None = None


@dataclass(frozen=True, slots=True)
class FlowLogKey:
    """What AWS wrote into the name of a flow log file. It holds the records that ended within the five minutes from
    `delivered_at` (Unix s).
    """

    account_id: str
    region: str
    flow_log_id: str
    delivered_at: int

    @property
    def origin(self) -> Origin:
        return Origin(self.account_id, self.region, self.flow_log_id)


def flow_log_key(key: str) -> FlowLogKey | None:
    """What the file name in a key tells, whatever the folders around it; None for a name that AWS does not give.

    Folders are not asked: AWS writes into them what it writes into the name, so where the two differ somebody moved the
    file, and its name moved with it. A name of one's own tells nothing: rather unattributed than misattributed.
    """
    named = _FILE_NAME.fullmatch(key.rpartition("/")[2])
    delivered_at = _unix_seconds(named["stamp"]) if named else None
    if named is None or delivered_at is None:
        return None
    return FlowLogKey(named["account_id"], named["region"], named["flow_log_id"], delivered_at)


def is_something_else(key: str) -> bool:
    """Whether the key alone shows that the object is no flow log: a folder's marker, a log of another service under
    `AWSLogs/`, a file that S3 Inventory, Athena and the like are known to write. False where only the content can tell.
    """
    if flow_log_key(key):
        return False
    if key.endswith(("/", "_$folder$")):
        return True
    return _service(key) not in (None, FLOW_LOGS) or bool(_SOMETHING_ELSE.fullmatch(key.rpartition("/")[2]))


def is_stranger_among_flow_logs(key: str) -> bool:
    """Whether somebody else than AWS named this file in a folder of AWS's for flow logs: it may be one, or anything."""
    return _service(key) == FLOW_LOGS and flow_log_key(key) is None


def _service(key: str) -> str | None:
    """The service whose folder under `AWSLogs/` a key is in; None outside of such a folder."""
    folder = _FOLDER.fullmatch(key)
    return folder["service"] if folder else None


def _unix_seconds(stamp: str) -> int | None:
    try:
        return int(datetime.strptime(stamp, "%Y%m%dT%H%M%z").timestamp())
    except ValueError:
        return None
