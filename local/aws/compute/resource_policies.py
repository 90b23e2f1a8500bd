"""Checks what services may do with resources: deliveries that a resource policy does not admit are refused.

Covered are the policies of functions, queues, topics, buckets and the keys of encrypted queues, topics and buckets.
"""

import json
from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.aws.compute.policy_documents import Request, admits
from local.aws.messaging.polling import FailureLog
from local.aws.settings import ACCOUNT

ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish", "s3": "s3:PutObject"}
"""The permission with which a service delivers to a resource of each kind."""
KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
"""What a service needs of the key of an encrypted queue or topic:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html"""
MANAGED_KEY = "alias/aws/"
ENCRYPTED = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
"""Condition keys of every request: the embedded AWS takes all of them as encrypted in transit."""
NO_CONTEXT: Mapping[str, str] = {}

refused = FailureLog()
"""Deliveries that a resource policy does not admit. AWS drops them without an error; here they are failures."""


def is_admitted(service: str, source_arn: str, target_arn: str) -> bool:
    """True if the service may deliver to the target on behalf of the source; else the refusal is recorded."""
    defect = refusal(service, source_arn, target_arn)
    if defect:
        refused.add(f"{source_arn} cannot deliver to {target_arn}, so its event is lost: {defect}")
    return not defect


def refusal(service: str, source_arn: str, target_arn: str) -> str:
    """Why the service may not deliver to the target on behalf of the source; empty if it may."""
    kind = target_arn.split(":")[2]
    try:
        policy, key_id = _policy_and_key(kind, target_arn)
    except LookupError:
        return f"{target_arn} does not exist"
    request = Request(service, ACTIONS[kind], _resource(kind, target_arn), context_of(source_arn))
    if not admits(policy, request):
        return f"its policy does not allow {service} to {request.action}"
    return key_refusal(service, source_arn, key_id, target_arn.split(":")[3]) if key_id else ""


def _resource(kind: str, target_arn: str) -> str:
    return ":".join(target_arn.split(":")[:7]) if kind == "lambda" else target_arn


def context_of(source_arn: str) -> dict[str, str]:
    """The condition keys of a request that a service makes on behalf of a resource."""
    return {
        "aws:SourceArn": source_arn,
        "aws:SourceAccount": source_arn.split(":")[4] or ACCOUNT,
        **ENCRYPTED,
        "aws:PrincipalIsAWSService": "true",
    }


def key_refusal(
    service: str, source_arn: str, key_id: str, region: str, context: Mapping[str, str] = NO_CONTEXT
) -> str:
    """Why the service may not use the key; empty if it may. No service may use another service's managed key."""
    if key_id.startswith(MANAGED_KEY):
        return f"{service} cannot use the AWS managed key {key_id}"
    backend = kms_backends[ACCOUNT][region]
    key = backend.keys.get(backend.any_id_to_key_id(key_id))
    if key is None:
        return f"the key {key_id} does not exist"
    policy = json.loads(key.policy)
    carried = {**context_of(source_arn), **context}
    wanted = (Request(service, action, key.arn, carried) for action in KEY_ACTIONS)
    missing = [request.action for request in wanted if not admits(policy, request)]
    return f"the key {key_id} does not allow {service} to {' and '.join(missing)}" if missing else ""


def _policy_and_key(kind: str, arn: str) -> tuple[Mapping[str, Any], str | None]:
    """The resource policy of a function, queue, topic or bucket, and the key that it is encrypted with."""
    region, name = arn.split(":")[3], arn.split(":")[6 if kind == "lambda" else 5]
    if kind == "lambda":
        functions = lambda_backends[ACCOUNT][region]._lambdas._functions  # noqa: SLF001 moto has no public method
        if name not in functions:
            raise LookupError(arn)
        return {"Statement": lambda_backends[ACCOUNT][region].get_function(name).policy.statements}, None
    if kind == "sqs":
        queue: Any = sqs_backends[ACCOUNT][region].queues[name]
        return json.loads(queue.policy or "{}"), queue.kms_master_key_id
    if kind == "sns":
        topic = sns_backends[ACCOUNT][region].topics[arn]
        return json.loads(topic.policy), topic.kms_master_key_id or None
    bucket = s3_backends[ACCOUNT]["aws"].buckets[name.partition("/")[0]]
    return json.loads(bucket.policy or b"{}"), None
