"""Answers CloudFormation, which waits for a custom resource.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.request import Request, urlopen

ANSWER_SECONDS = 10
"""Time for the answer. Longer: the function may time out before. Shorter: a slow answer is lost, and CloudFormation
waits for its own timeout."""
MAX_REASON_LETTERS = 1000
"""Of the reason of a failure. CloudFormation takes answers of 4,096 bytes."""


def is_request(event: Mapping[str, Any]) -> bool:
    """Whether CloudFormation sent this event."""
    return "ResponseURL" in event and "RequestType" in event


def answered(event: Mapping[str, Any], work: Callable[[], object]) -> None:
    """Does the work and tells CloudFormation whether it succeeded.

    A failure is told with its reason and not raised: Lambda would repeat the event, and CloudFormation takes the first
    answer. The physical id is always the same, so that no update deletes what it replaces.
    """
    status, reason = "SUCCESS", ""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever failed, CloudFormation waits for an answer
        status, reason = "FAILED", f"{type(error).__name__}: {error}"[:MAX_REASON_LETTERS]
    same = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer = {"Status": status, "Reason": reason, "PhysicalResourceId": event["LogicalResourceId"], **same}
    body = json.dumps(answer).encode()
    # Without the empty content type the signature of the address does not match.
    request = Request(event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310 - AWS's
    with urlopen(request, timeout=ANSWER_SECONDS):  # noqa: S310 - the same
        pass
