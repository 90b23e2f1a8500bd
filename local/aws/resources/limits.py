"""IAM, S3, SSM, DynamoDB and KMS: what makes roles, buckets, parameters, tables and keys invalid."""

import inspect
import json
import re
from collections.abc import Callable
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.iam.models import IAMBackend, Role
from moto.kms.models import KmsBackend
from moto.s3.exceptions import S3ClientError
from moto.s3.models import S3Backend
from moto.ssm.models import SimpleSystemManagerBackend

from local.aws.moto_patches import replaces
from local.aws.refusals import refuse, too_long

MOST_CHARACTERS_OF_A_ROLE_NAME = 64
MOST_CHARACTERS_OF_A_TRUST_POLICY = 2048
MOST_CHARACTERS_OF_INLINE_POLICIES = 10_240
"""Of all inline policies of a role together, without white space."""
MOST_CHARACTERS_OF_A_MANAGED_POLICY = 6144
MOST_MANAGED_POLICIES = 10
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
MOST_BYTES_OF_A_BUCKET_POLICY = 20_480
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html"""
MOST_BYTES_OF_A_KEY_POLICY = 32_768
"""https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"""
MOST_CHARACTERS_OF_A_PARAMETER = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
"""https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"""
MOST_INDEXES = 20
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"""


def size_of(document: Any) -> int:
    """The characters of a policy without white space, which IAM does not count."""
    text = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
    return len(re.sub(r"\s", "", text))


@replaces(IAMBackend, "create_role")
def validate_role(
    original: Callable[..., Any],
    backend: Any,
    role_name: str,
    assume_role_policy_document: Any,
    *rest: Any,
    **more: Any,
) -> Any:
    """Moto accepts names and trust policies of any length."""
    if not re.fullmatch(r"[\w+=,.@-]+", role_name) or len(role_name) > MOST_CHARACTERS_OF_A_ROLE_NAME:
        raise too_long("roleName", role_name, MOST_CHARACTERS_OF_A_ROLE_NAME)
    _require_trust(assume_role_policy_document)
    return original(backend, role_name, assume_role_policy_document, *rest, **more)


@replaces(IAMBackend, "update_assume_role_policy")
def validate_trust(original: Callable[..., Any], backend: Any, role_name: str, policy_document: str) -> None:
    """Moto accepts trust policies of any length."""
    _require_trust(policy_document)
    original(backend, role_name, policy_document)


def _require_trust(document: Any) -> None:
    if size_of(document) > MOST_CHARACTERS_OF_A_TRUST_POLICY:
        raise refuse("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {MOST_CHARACTERS_OF_A_TRUST_POLICY}")


@replaces(Role, "put_policy")
def validate_inline_policy(original: Callable[..., Any], role: Any, policy_name: str, policy_json: Any) -> None:
    """Moto accepts inline policies of any size."""
    others = sum(size_of(document) for name, document in role.policies.items() if name != policy_name)
    if others + size_of(policy_json) > MOST_CHARACTERS_OF_INLINE_POLICIES:
        text = f"Maximum policy size of {MOST_CHARACTERS_OF_INLINE_POLICIES} bytes exceeded for role {role.name}"
        raise refuse("LimitExceeded", text)
    original(role, policy_name, policy_json)


@replaces(IAMBackend, "create_policy")
def validate_managed_policy(
    original: Callable[..., Any],
    backend: Any,
    description: str,
    path: str,
    policy_document: str,
    *rest: Any,
    **more: Any,
) -> Any:
    """Moto accepts managed policies of any size."""
    if size_of(policy_document) > MOST_CHARACTERS_OF_A_MANAGED_POLICY:
        raise refuse("LimitExceeded", f"Cannot exceed quota for PolicySize: {MOST_CHARACTERS_OF_A_MANAGED_POLICY}")
    return original(backend, description, path, policy_document, *rest, **more)


@replaces(IAMBackend, "attach_role_policy")
def validate_attachment(original: Callable[..., Any], backend: Any, policy_arn: str, role_name: str) -> None:
    """Moto accepts any number of managed policies."""
    attached = backend.get_role(role_name).managed_policies
    if policy_arn not in attached and len(attached) >= MOST_MANAGED_POLICIES:
        raise refuse("LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {MOST_MANAGED_POLICIES}")
    original(backend, policy_arn, role_name)


@replaces(S3Backend, "create_bucket")
def validate_bucket_name(original: Callable[..., Any], backend: Any, bucket_name: str, *rest: Any, **more: Any) -> Any:
    """Moto checks only the length of a bucket's name.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    is_address = re.fullmatch(r"\d+\.\d+\.\d+\.\d+", bucket_name)
    is_reserved = bucket_name.startswith(("xn--", "sthree-", "amzn-s3-demo-")) or bucket_name.endswith(
        ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
    )
    is_valid = re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket_name) and ".." not in bucket_name
    if not is_valid or is_address or is_reserved:
        raise S3ClientError("InvalidBucketName", "The specified bucket is not valid.")
    return original(backend, bucket_name, *rest, **more)


@replaces(S3Backend, "put_bucket_policy")
def validate_bucket_policy(original: Callable[..., Any], backend: Any, bucket_name: str, policy: bytes) -> None:
    """Moto accepts bucket policies of any size."""
    if len(policy) > MOST_BYTES_OF_A_BUCKET_POLICY:
        raise S3ClientError("PolicyTooLarge", "Policy exceeds the maximum allowed document size.")
    original(backend, bucket_name, policy)


@replaces(SimpleSystemManagerBackend, "put_parameter")
def validate_parameter(original: Callable[..., Any], backend: Any, *arguments: Any, **keywords: Any) -> Any:
    """Moto accepts standard parameters with more characters than the tier allows."""
    wanted = inspect.signature(original).bind(backend, *arguments, **keywords).arguments
    tier, value = str(wanted.get("tier") or "Standard"), str(wanted.get("value") or "")
    most = MOST_CHARACTERS_OF_A_PARAMETER[tier]
    if len(value) > most:
        text = f"{tier} tier parameters support a maximum parameter value of {most} characters."
        mend = " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
        raise refuse("ValidationException", text + (mend if tier == "Standard" else ""))
    return original(backend, *arguments, **keywords)


@replaces(DynamoDBBackend, "create_table")
def validate_table(original: Callable[..., Any], backend: Any, name: str, *rest: Any, **more: Any) -> Any:
    """Moto accepts every name and every number of indexes."""
    if not re.fullmatch(r"[a-zA-Z0-9_.-]{3,255}", name):
        text = "TableName must be at least 3 characters long and at most 255 characters long"
        raise refuse("ValidationException", text)
    if len(more.get("global_indexes") or []) > MOST_INDEXES:
        text = f"GlobalSecondaryIndex count exceeds the per-table limit of {MOST_INDEXES}"
        raise refuse("ValidationException", f"One or more parameter values were invalid: {text}")
    return original(backend, name, *rest, **more)


@replaces(KmsBackend, "create_key")
def validate_key(original: Callable[..., Any], backend: Any, policy: str | None, *rest: Any, **more: Any) -> Any:
    """Moto accepts key policies of any size."""
    _require_key_policy(policy)
    return original(backend, policy, *rest, **more)


@replaces(KmsBackend, "put_key_policy")
def validate_key_policy(original: Callable[..., Any], backend: Any, key_id: str, policy: str) -> Any:
    """Moto accepts key policies of any size."""
    _require_key_policy(policy)
    return original(backend, key_id, policy)


def _require_key_policy(policy: str | None) -> None:
    if len((policy or "").encode()) > MOST_BYTES_OF_A_KEY_POLICY:
        text = f"The policy has more than {MOST_BYTES_OF_A_KEY_POLICY} bytes."
        raise refuse("LimitExceededException", text)
