"""S3: buckets with all template properties, and bucket policies with their conditions."""

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from local.aws.clients import client
from local.aws.compute.policy_documents import Request, admits, denies
from local.aws.compute.resource_policies import ENCRYPTED
from local.aws.deployment.cloudformation import ResourceType
from local.aws.moto_patches import replaces
from local.aws.settings import ACCOUNT

_write_lock = threading.RLock()


@replaces(S3Response, "put_object")
def write_under_lock(original: Callable[..., Any], response: Any) -> Any:
    """Moto checks If-Match and If-None-Match and then writes without a lock: both may hold for two threads."""
    if "If-Match" in response.headers or "If-None-Match" in response.headers:
        with _write_lock:
            return original(response)
    return original(response)


@replaces(FakeBucket, "create_from_cloudformation_json")
def create_with_all_properties(
    original: Callable[..., Any],
    cls: Any,
    resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
    **more: Any,
) -> Any:
    """Moto's CloudFormation ignores a bucket's notifications, lifecycle, versioning and public access block."""
    bucket = original(cls, resource_name, cloudformation_json, account_id, region_name, **more)
    configure(bucket.name, cloudformation_json.get("Properties", {}), region_name)
    return bucket


@replaces(FakeBucket, "update_from_cloudformation_json")
def update_all_properties(
    original: Callable[..., Any],
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    **rest: Any,
) -> Any:
    """Moto ignores the same properties when a stack is updated, and needs a bucket name to update tags."""
    properties = {**cloudformation_json["Properties"]}
    properties.setdefault("BucketName", original_resource.name)
    bucket = original(
        cls,
        original_resource=original_resource,
        new_resource_name=new_resource_name,
        cloudformation_json={**cloudformation_json, "Properties": properties},
        **rest,
    )
    configure(bucket.name, properties, rest["region_name"])
    return bucket


def configure(bucket: str, properties: Mapping[str, Any], region: str) -> None:
    """Sets the template properties that moto ignores, by S3's API."""
    s3 = client("s3", region)
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=_notifications(properties.get("NotificationConfiguration", {}))
    )
    if "PublicAccessBlockConfiguration" in properties:
        s3.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration=properties["PublicAccessBlockConfiguration"]
        )
    if "VersioningConfiguration" in properties:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=properties["VersioningConfiguration"])
    if rules := properties.get("LifecycleConfiguration", {}).get("Rules"):
        lifecycle = {"Rules": [_lifecycle_rule(rule, number) for number, rule in enumerate(rules)]}
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=lifecycle)


def _notifications(wanted: Mapping[str, Any]) -> dict[str, Any]:
    kinds = (
        ("QueueConfigurations", "QueueConfigurations", "Queue", "QueueArn"),
        ("LambdaConfigurations", "LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        ("TopicConfigurations", "TopicConfigurations", "Topic", "TopicArn"),
    )
    return {
        api: [{arn: each[target], "Events": [each["Event"]], **_filter(each)} for each in wanted[template]]
        for template, api, target, arn in kinds
        if wanted.get(template)
    }


def _filter(notification: Mapping[str, Any]) -> dict[str, Any]:
    rules = notification.get("Filter", {}).get("S3Key", {}).get("Rules")
    return {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}


def _lifecycle_rule(rule: Mapping[str, Any], number: int) -> dict[str, Any]:
    wanted: dict[str, Any] = {"ID": rule.get("Id", f"rule-{number}"), "Status": rule["Status"]}
    wanted["Filter"] = {"Prefix": rule.get("Prefix", "")}
    if "ExpirationInDays" in rule:
        wanted["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "NoncurrentVersionExpiration" in rule:
        wanted["NoncurrentVersionExpiration"] = {
            "NoncurrentDays": int(rule["NoncurrentVersionExpiration"]["NoncurrentDays"])
        }
    if "AbortIncompleteMultipartUpload" in rule:
        days = int(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"])
        wanted["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    if "Transitions" in rule:
        wanted["Transitions"] = [
            {"Days": int(each["TransitionInDays"]), "StorageClass": each["StorageClass"]}
            for each in rule["Transitions"]
        ]
    return wanted


@replaces(FakeBucket, "get_permission")
def evaluate_conditions(_original: Callable[..., Any], bucket: Any, action: str, resource: str) -> PermissionResult:
    """Moto ignores the conditions of bucket policies: a Deny of insecure transport would deny every request."""
    policy = json.loads(bucket.policy or b"{}")
    context = {**ENCRYPTED, "aws:PrincipalAccount": ACCOUNT, "aws:PrincipalIsAWSService": "false"}
    request = Request(ACCOUNT, action, resource, context)
    if denies(policy, request):
        return PermissionResult.DENIED
    return PermissionResult.PERMITTED if admits(policy, request) else PermissionResult.NEUTRAL


class BucketPolicy(ResourceType):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::S3::BucketPolicy"

    def create(self) -> str:
        document = json.dumps(self.properties["PolicyDocument"])
        self.client("s3").put_bucket_policy(Bucket=self.properties["Bucket"], Policy=document)
        return str(self.properties["Bucket"])

    def delete(self) -> None:
        self.client("s3").delete_bucket_policy(Bucket=self.properties["Bucket"])
