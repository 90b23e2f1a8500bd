"""The SSM parameter that states which flow logs the deployment reads, and which resources it created flow logs for."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from flowsentry.aws.unreadable_objects import report_unreadable
from flowsentry.records.flow_logs import Coverage

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

SETTLED_SECONDS = 3_600
"""A resource that was added to the parameter so recently may still be without a flow log. Longer: a deleted flow log is
noticed later after each deployment that changes the parameter. Shorter: a deployment may raise an alarm."""


@dataclass
class CoverageParameter:
    """Its value is `{"destinations": […], "resources": […]}`: names of log groups and addresses of buckets
    (`s3://bucket/prefix`), and ids of VPCs, subnets, … The last valid value stays active.
    """

    name: str
    client: "SSMClient"
    clock: Callable[[], float] = time.time
    _last_valid: Coverage = field(default_factory=Coverage, init=False)

    def read(self) -> Coverage:
        """The current coverage, without resources while it is not SETTLED_SECONDS old. Never fails, so that a discovery
        goes on: a value that can't be read is reported, and the last valid one is returned.
        """
        try:
            parameter = self.client.get_parameter(Name=self.name)["Parameter"]
            self._last_valid = _coverage(json.loads(parameter["Value"]))
        except (ClientError, BotoCoreError, ValueError, TypeError, KeyError, RecursionError) as error:
            report_unreadable("flow-log-coverage", repr(error))
            return self._last_valid
        changed_at = parameter.get("LastModifiedDate")
        if changed_at and self.clock() - changed_at.timestamp() < SETTLED_SECONDS:
            return Coverage(self._last_valid.destinations)
        return self._last_valid


def _coverage(content: Any) -> Coverage:
    destinations, resources = content["destinations"], content["resources"]
    if not all(isinstance(each, str) for each in (*destinations, *resources)):
        raise TypeError("a destination or resource is no text")
    return Coverage(frozenset(destinations), tuple(resources))
