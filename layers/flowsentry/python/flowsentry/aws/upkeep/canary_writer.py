"""Writes canaries where flow logs are written: into the flow log bucket, and into a log group if there is one."""

import gzip
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.errors import RetryableError
from flowsentry.findings.canary import FIELDS, FLOW_LOG_ID, LOG_STREAM, NEEDED_FIELDS, Canary, Way
from flowsentry.settings import NotifierSettings
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient


class NotWrittenError(Exception):
    """A canary could not be written; the message says where and why."""


class CanaryWriter(Value, frozen=True):
    """Where canaries are written. Without a log group of its own, the deployment has one way in only."""

    account_id: str
    region: str
    log_bucket: str
    log_group: str
    log_formats_parameter: str
    s3: "S3Client"
    logs: Callable[[], "CloudWatchLogsClient"]
    ssm: "SSMClient"

    @classmethod
    def of(cls, given: NotifierSettings, region: str) -> Self:
        return cls(
            given.account_id,
            region,
            given.log_bucket,
            given.canary_log_group,
            given.log_formats_parameter,
            clients.s3(),
            clients.logs,
            clients.ssm(),
        )

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways in that the deployment has."""
        return (*([Way.BUCKET] if self.log_bucket else []), *([Way.LOGS] if self.log_group else []))

    def write(self, canary: Canary) -> None:
        """Writes the canary by its way in. Raises NotWrittenError."""
        write = {Way.BUCKET: self._to_bucket, Way.LOGS: self._to_log_group}[canary.way]
        try:
            with retryable(f"write a canary into the {canary.way}"):
                write(canary)
        except (ClientError, RetryableError) as error:
            raise NotWrittenError(f"{canary.way}: {error}") from error

    def _to_bucket(self, canary: Canary) -> None:
        record = canary.record(FIELDS, self.account_id)
        text = f"{' '.join(FIELDS)}\n{record}\n"
        self.s3.put_object(
            Bucket=self.log_bucket,
            Key=key_of(canary, self.account_id, self.region),
            Body=gzip.compress(text.encode(), mtime=0),
        )

    def _to_log_group(self, canary: Canary) -> None:
        record = canary.record(self._names(), self.account_id)
        if record is None:
            needed = ", ".join(sorted(NEEDED_FIELDS))
            raise NotWrittenError(f"logs: the log format lacks one of {needed}, which a canary needs")
        client = self.logs()
        try:
            client.create_log_stream(logGroupName=self.log_group, logStreamName=LOG_STREAM)
        except ClientError as error:
            if code_of(error) != "ResourceAlreadyExistsException":
                raise
        client.put_log_events(
            logGroupName=self.log_group,
            logStreamName=LOG_STREAM,
            logEvents=[{"timestamp": 1_000 * canary.sent_at, "message": record}],
        )

    def _names(self) -> tuple[str, ...]:
        """The fields of the records in the log group."""
        text = self.ssm.get_parameter(Name=self.log_formats_parameter)["Parameter"]["Value"]
        try:
            return fields_in(json.loads(text).get(self.log_group, ""))
        except (AttributeError, ValueError) as error:
            raise NotWrittenError(f"logs: the log format of {self.log_group} can't be read: {error}") from error


def fields_in(log_format: object) -> tuple[str, ...]:
    """The fields of a log format; of several formats, of the first. `records.fields` would bring polars."""
    first = log_format[0] if isinstance(log_format, list) and log_format else log_format
    return tuple(re.findall(r"\$\{([a-z0-9-]+)\}", str(first)))


def key_of(canary: Canary, account_id: str, region: str) -> str:
    """The key of a canary's object, as AWS names flow log files.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
    """
    moment = datetime.fromtimestamp(canary.sent_at, UTC)
    name = f"{account_id}_vpcflowlogs_{region}_{FLOW_LOG_ID}_{moment:%Y%m%dT%H%MZ}_{canary.sent_at:x}.log.gz"
    return f"AWSLogs/{account_id}/vpcflowlogs/{region}/{moment:%Y/%m/%d}/{name}"
