"""Asks about log groups, buckets and keys that the settings name."""

import json
from collections.abc import Iterable
from typing import Any

from local.doctor.account_state import Bucket, Key, LogGroup
from local.doctor.questions import NOT_THE_OWNER, NotAnsweredError, NotFoundError, Questions


def log_groups_in(names: Iterable[str], questions: Questions) -> dict[str, LogGroup]:
    """Those of these log groups that exist. Raises NotAnsweredError."""
    found = {}
    for name in names:
        listed = questions.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
        known = next((each for each in listed if each["logGroupName"] == name), None)
        if known is None:
            continue
        filters = questions.pages("logs", "describe_subscription_filters", "subscriptionFilters", logGroupName=name)
        seen = tuple((each["filterName"], each.get("destinationArn", "")) for each in filters)
        found[name] = LogGroup(known.get("logGroupClass", "STANDARD"), seen)
    return found


def buckets_in(names: Iterable[str], questions: Questions) -> dict[str, Bucket]:
    """Those of these buckets that exist. Raises NotAnsweredError."""
    found = {}
    for name in names:
        try:
            head = questions.ask("s3", "head_bucket", Bucket=name)
        except NotFoundError:
            continue
        region = head.get("BucketRegion") or head["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", "")
        found[name] = _bucket(name, region, questions)
    return found


def _bucket(name: str, region: str, questions: Questions) -> Bucket:
    try:
        policy = json.loads(questions.ask("s3", "get_bucket_policy", Bucket=name)["Policy"])
    except NotFoundError as error:
        if str(error) == NOT_THE_OWNER:
            return Bucket(region, is_own=False)
        policy = {}
    except (NotAnsweredError, ValueError):
        policy = None
    return Bucket(region, is_own=True, sends_events=_sends_events(name, questions), policy=policy)


def _sends_events(name: str, questions: Questions) -> bool | None:
    """Whether the bucket sends its events to EventBridge; None where that can't be asked."""
    try:
        answer = questions.ask("s3", "get_bucket_notification_configuration", Bucket=name)
    except (NotAnsweredError, NotFoundError):
        return None
    return "EventBridgeConfiguration" in answer


def keys_in(arns: Iterable[str], questions: Questions) -> dict[str, Key]:
    """Those of these keys that exist. Raises NotAnsweredError."""
    found = {}
    for arn in arns:
        try:
            metadata = questions.ask("kms", "describe_key", KeyId=arn)["KeyMetadata"]
        except NotFoundError:
            continue
        spec = metadata.get("KeySpec", "SYMMETRIC_DEFAULT")
        found[arn] = Key(metadata["KeyState"], metadata["AWSAccountId"], _key_policy(arn, questions), spec)
    return found


def _key_policy(arn: str, questions: Questions) -> Any:
    try:
        return json.loads(questions.ask("kms", "get_key_policy", KeyId=arn, PolicyName="default")["Policy"])
    except (NotAnsweredError, NotFoundError, ValueError):
        return None
