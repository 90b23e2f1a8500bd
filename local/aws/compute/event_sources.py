"""Lambda: which event source mappings are refused.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaBackend
from moto.sqs.models import sqs_backends

from local.aws.compute.function_limits import invalid
from local.aws.compute.permissions import Call, is_allowed, key_calls
from local.aws.moto_patches import replaces

RANGES = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "ParallelizationFactor": (1, 10),
    "MaximumRetryAttempts": (-1, 10_000),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
    "TumblingWindowInSeconds": (0, 900),
}
CONCURRENCY = (2, 1000)
"""MaximumConcurrency of a queue's mapping: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html."""
MOST_WITHOUT_WINDOW = 10
QUEUE_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
"""What the function's role must allow for a queue."""


def validate(function: Any, spec: Mapping[str, Any]) -> None:
    """Raises Lambda's error if the mapping is invalid."""
    concurrency = (spec.get("ScalingConfig") or {}).get("MaximumConcurrency")
    ranges = {**RANGES, "MaximumConcurrency": CONCURRENCY}
    for name, (least, most) in ranges.items():
        value = concurrency if name == "MaximumConcurrency" else spec.get(name)
        if value is not None and not least <= int(value) <= most:
            limit = f"less than or equal to {most}" if int(value) > most else f"greater than or equal to {least}"
            raise invalid(name[0].lower() + name[1:], value, f"Member must have value {limit}")
    if ":sqs:" in spec["EventSourceArn"] and (defect := next(queue_defects(function, spec, concurrency), None)):
        raise InvalidParameterValueException(defect)


def queue_defects(function: Any, spec: Mapping[str, Any], concurrency: Any) -> Iterator[str]:
    """Why a queue's mapping is refused.

    Two things are refused here that AWS accepts: more concurrency than the function has reserved, because messages of
    throttled batches go to the dead-letter queue; and a role that may not use the queue's key, which receives nothing.
    """
    arn = spec["EventSourceArn"]
    queue: Any = sqs_backends[function.account_id][function.region].queues.get(arn.split(":")[-1])
    if int(spec.get("BatchSize") or 0) > MOST_WITHOUT_WINDOW and not int(
        spec.get("MaximumBatchingWindowInSeconds") or 0
    ):
        yield "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    for action in QUEUE_ACTIONS:
        if not is_allowed(function.role, Call(f"sqs:{action}", arn)):
            yield f"The provided execution role does not have permissions to call {action} on SQS"
    for call in key_calls(Call("sqs:ReceiveMessage", arn)):
        if not is_allowed(function.role, call):
            yield f"The provided execution role does not have permissions to call {call.action} on {call.resource}"
    if queue is not None and int(queue.visibility_timeout) < int(function.timeout):
        text = f"{queue.visibility_timeout} seconds is less than Function timeout: {function.timeout} seconds"
        yield f"Queue visibility timeout: {text}"
    reserved = function.reserved_concurrency
    if concurrency is not None and reserved is not None and int(concurrency) > int(reserved):
        yield f"MaximumConcurrency {concurrency} is greater than the function's reserved concurrency {reserved}"


@replaces(LambdaBackend, "create_event_source_mapping")
def validate_new_mapping(original: Callable[..., Any], backend: Any, spec: dict[str, Any]) -> Any:
    """Moto accepts mappings that Lambda refuses, and two of one source and function."""
    function = backend.get_function(spec["FunctionName"])
    validate(function, spec)
    for known in backend._event_source_mappings.values():  # noqa: SLF001 moto has no public attribute
        same_function = known.function_arn.split(":")[:7] == function.function_arn.split(":")[:7]
        if known.event_source_arn == spec["EventSourceArn"] and same_function:
            text = f"({spec['EventSourceArn']} ) and function ({function.function_name}) already exists"
            mend = f"Please update or delete the existing mapping with UUID {known.uuid}"
            raise LambdaClientError(
                "ResourceConflictException", f"An event source mapping with event source arn {text}. {mend}"
            )
    return original(backend, spec)


@replaces(LambdaBackend, "update_event_source_mapping")
def validate_changed_mapping(original: Callable[..., Any], backend: Any, uuid: str, spec: dict[str, Any]) -> Any:
    """Moto accepts mappings that Lambda refuses."""
    mapping = backend.get_event_source_mapping(uuid)
    if mapping is not None:
        known = {
            key: value for key, value in mapping.get_configuration().items() if key in RANGES or key == "ScalingConfig"
        }
        function = backend.get_function(spec.get("FunctionName") or mapping.function_arn)
        validate(function, {**known, "EventSourceArn": mapping.event_source_arn, **spec})
    return original(backend, uuid, spec)
