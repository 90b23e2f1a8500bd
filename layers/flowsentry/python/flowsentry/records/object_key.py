"""What an S3 key identifies: a flow log file with its account, Region, flow log and time; or another kind of object.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
"""

import re
from datetime import datetime

from flowsentry.value import Value

FLOW_LOGS = "vpcflowlogs"
"""The name of flow logs in keys, also of transit gateway flow logs."""

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
    # What services write once to check their permission: load balancers, Config, exports of CloudWatch Logs.
    r"|ELBAccessLogTestFile|ConfigWritabilityCheckFile|aws-logs-write-test"
)


class Origin(Value, frozen=True):
    """Account, Region and flow log of the records of a source; null if unknown."""

    account_id: str | None
    region: str | None
    flow_log_id: str | None = None


class FlowLogKey(Value, frozen=True):
    """The parts of the name of a flow log file, which holds the records that ended within five minutes from
    `delivered_at` (Unix seconds).
    """

    account_id: str
    region: str
    flow_log_id: str
    delivered_at: int

    @property
    def origin(self) -> Origin:
        return Origin(self.account_id, self.region, self.flow_log_id)


def flow_log_key(key: str) -> FlowLogKey | None:
    """The parts of the file name in a key, whatever its prefix; None for a name that AWS does not give.

    The prefix is ignored: AWS writes the same parts into prefix and name, so if they differ, the file was moved and
    kept its name. Another name identifies nothing: records are left unattributed rather than misattributed.
    """
    named = _FILE_NAME.fullmatch(key.rpartition("/")[2])
    delivered_at = _unix_seconds(named["stamp"]) if named else None
    if named is None or delivered_at is None:
        return None
    return FlowLogKey(named["account_id"], named["region"], named["flow_log_id"], delivered_at)


def is_no_flow_log(key: str) -> bool:
    """Whether the key alone shows that the object is no flow log: a folder marker, a log of another service under
    `AWSLogs/`, or a file that S3 Inventory, Athena and similar services write. False if only the content can decide.
    """
    if flow_log_key(key):
        return False
    if key.endswith(("/", "_$folder$")):
        return True
    return _service(key) not in (None, FLOW_LOGS) or bool(_SOMETHING_ELSE.fullmatch(key.rpartition("/")[2]))


def is_unrecognised_flow_log_name(key: str) -> bool:
    """Whether a file under AWS's prefix for flow logs has a name that AWS does not give, so may be no flow log."""
    return _service(key) == FLOW_LOGS and flow_log_key(key) is None


def _service(key: str) -> str | None:
    """The service whose prefix under `AWSLogs/` a key has; None for other keys."""
    folder = _FOLDER.fullmatch(key)
    return folder["service"] if folder else None


def _unix_seconds(stamp: str) -> int | None:
    try:
        return int(datetime.strptime(stamp, "%Y%m%dT%H%M%z").timestamp())
    except ValueError:
        return None
