"""Lambda: what makes a function or its resource policy invalid.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html and
https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

import base64
import functools
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.policy import Policy
from moto.awslambda.utils import get_backend

from local.aws.compute.permissions import trusts
from local.aws.compute.versions import snap_start_defects
from local.aws.moto_patches import replaces

MOST_BYTES_OF_VARIABLES = 4096
"""Of all environment variables as one JSON object: Lambda's error message states the "string measured"."""
MOST_BYTES_UNZIPPED = 262_144_000
MOST_BYTES_OF_A_POLICY = 20_480
MOST_LAYERS = 5
MOST_CHARACTERS = {"functionName": 64, "description": 256, "handler": 128}
RANGES = {"timeout": (1, 900), "memorySize": (128, 10_240)}
RESERVED_VARIABLES = re.compile(
    r"AWS_(REGION|DEFAULT_REGION|ACCESS_KEY(_ID)?|SECRET_ACCESS_KEY|SESSION_TOKEN)|_HANDLER|AWS_LAMBDA_.*|LAMBDA_(TASK_ROOT|RUNTIME_DIR)"
)
LEAST_UNRESERVED = 100
"""Concurrency that must stay unreserved in an account; all of it in a new account, which has 10."""

account_concurrency = [1000]
"""The account's concurrency limit, which the server sets from its settings."""


def validate(function: Any) -> None:
    """Raises Lambda's error if the function, with its layers and reserved concurrency, is invalid."""
    values = {"functionName": function.function_name, "description": function.description, "handler": function.handler}
    for name, most in MOST_CHARACTERS.items():
        if len(values[name] or "") > most:
            raise invalid(name, values[name], f"Member must have length less than or equal to {most}")
    numbers = {"timeout": int(function.timeout), "memorySize": int(function.memory_size)}
    for name, (least, most) in RANGES.items():
        if not least <= numbers[name] <= most:
            limit = f"less than or equal to {most}" if numbers[name] > most else f"greater than or equal to {least}"
            raise invalid(name, numbers[name], f"Member must have value {limit}")
    if not re.fullmatch(r"[a-zA-Z0-9_-]+", function.function_name):
        pattern = "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+"
        raise invalid("functionName", function.function_name, pattern)
    if defect := next(defects(function), None):
        raise InvalidParameterValueException(defect)


def invalid(name: str, value: object, constraint: str) -> LambdaClientError:
    """Lambda's error for a parameter that does not satisfy its constraint."""
    text = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
    return LambdaClientError("ValidationException", text)


def defects(function: Any) -> Iterator[str]:
    """What else is wrong with the function."""
    yield from _wrong_variables(function.environment_vars)
    yield from snap_start_defects(function)
    if not trusts(function.role, "lambda.amazonaws.com"):
        yield "The role defined for the function cannot be assumed by Lambda."
    if len(function.layers) > MOST_LAYERS:
        yield f"Layers consist of more than {MOST_LAYERS} layers: {len(function.layers)}"
    yield from _wrong_sizes(function)
    reserved = int(function.reserved_concurrency or 0)
    least = min(LEAST_UNRESERVED, account_concurrency[0])
    if reserved and account_concurrency[0] - _reserved_by_others(function) - reserved < least:
        text = "decreases account's UnreservedConcurrentExecution below its minimum value of"
        yield f"Specified ReservedConcurrentExecutions for function {text} [{least}]."


def _wrong_variables(variables: Mapping[str, Any]) -> Iterator[str]:
    unable = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided"
    )
    measured = json.dumps(
        {name: str(value) for name, value in variables.items()}, separators=(",", ":"), ensure_ascii=False
    )
    if variables and len(measured.encode()) > MOST_BYTES_OF_VARIABLES:
        yield f"{unable} exceeded the 4KB limit. String measured: {measured}"
    if reserved := [name for name in variables if RESERVED_VARIABLES.fullmatch(name)]:
        text = "contains reserved keys that are currently not supported for modification."
        yield f"{unable} {text} Reserved keys used in this request: {', '.join(reserved)}"


def _wrong_sizes(function: Any) -> Iterator[str]:
    own = _unzipped(function.code_digest, function.code_bytes) if function.code_bytes else 0
    if own > MOST_BYTES_UNZIPPED:
        yield f"Unzipped size must be smaller than {MOST_BYTES_UNZIPPED} bytes"
    backend = get_backend(function.account_id, function.region)
    layers: Any = (backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers)
    total = own + sum(_unzipped(layer.code_digest, layer.code_bytes) for layer in layers if layer is not None)
    if total > MOST_BYTES_UNZIPPED:
        text = f"exceeds the maximum allowed size of {MOST_BYTES_UNZIPPED} bytes. The actual size is {total} bytes."
        yield f"Function code combined with layers {text}"


class _Content:
    """The bytes of a zip file, compared by their digest, so that a cache does not compare them."""

    def __init__(self, digest: str, content: bytes) -> None:
        self.digest, self.content = digest, content

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and self.digest == other.digest


def _unzipped(digest: str, content: bytes) -> int:
    return _size(_Content(digest, content))


@functools.lru_cache(maxsize=64)
def _size(content: _Content) -> int:
    try:
        return sum(each.file_size for each in zipfile.ZipFile(io.BytesIO(content.content)).infolist())
    except zipfile.BadZipFile:
        return len(content.content)


def _reserved_by_others(function: Any) -> int:
    others = get_backend(function.account_id, function.region).list_functions()
    return sum(int(each.reserved_concurrency or 0) for each in others if each.function_name != function.function_name)


@replaces(LambdaBackend, "create_function")
def validate_new_function(original: Callable[..., Any], backend: Any, spec: dict[str, Any]) -> Any:
    """Moto accepts functions of any size."""
    function = original(backend, spec)
    validate_or_delete(function)
    return function


def validate_or_delete(function: Any) -> None:
    """Deletes a new function that is invalid, and raises Lambda's error."""
    try:
        validate(function)
    except LambdaClientError:
        get_backend(function.account_id, function.region).delete_function(function.function_name)
        raise


@replaces(LambdaFunction, "update_configuration")
def validate_new_configuration(original: Callable[..., Any], function: Any, updates: dict[str, Any]) -> Any:
    """Moto accepts functions of any size."""
    return _unless_invalid(function, lambda: original(function, updates))


@replaces(LambdaFunction, "update_function_code")
def validate_new_code(original: Callable[..., Any], function: Any, spec: dict[str, Any]) -> Any:
    """Moto accepts functions of any size, and of an updated template no code as plain text."""
    return _unless_invalid(function, lambda: original(function, _packed(spec)))


def _packed(spec: dict[str, Any]) -> dict[str, Any]:
    """The code of the request; that of a template, which is plain text, as the API takes it."""
    text = spec.get("ZipFile")
    if not isinstance(text, str) or not re.search(r"\s|\(", text):
        return spec
    packed = LambdaFunction._create_zipfile_from_plaintext_code(text)  # noqa: SLF001 moto has no public function
    return {**spec, "ZipFile": base64.b64encode(packed).decode()}


@replaces(LambdaBackend, "put_function_concurrency")
def validate_concurrency(original: Callable[..., Any], backend: Any, name: str, reserved: str) -> Any:
    """Moto ignores the account's concurrency limit."""
    return _unless_invalid(backend.get_function(name), lambda: original(backend, name, reserved))


def _unless_invalid(function: Any, change: Callable[[], Any]) -> Any:
    """Changes the function; restores it and raises Lambda's error if it is then invalid."""
    before = dict(vars(function))
    answer = change()
    try:
        validate(function)
    except LambdaClientError:
        vars(function).update(before)
        raise
    return answer


@replaces(Policy, "add_statement")
def limit_policy(original: Callable[..., Any], policy: Any, raw: str, qualifier: str | None = None) -> Any:
    """Moto accepts resource policies of any size, and several statements with one id."""
    before = list(policy.statements)
    answer = original(policy, raw, qualifier)
    added = policy.statements[-1]
    size = len(
        json.dumps({"Version": "2012-10-17", "Id": "default", "Statement": policy.statements}, separators=(",", ":"))
    )
    if any(each.get("Sid") == added.get("Sid") for each in before):
        policy.statements = before
        text = f"The statement id ({added.get('Sid')}) provided already exists."
        mend = "Please provide a new statement id, or remove the existing statement."
        raise LambdaClientError("ResourceConflictException", f"{text} {mend}")
    if size > MOST_BYTES_OF_A_POLICY:
        policy.statements = before
        text = f"The final policy size ({size}) is bigger than the limit ({MOST_BYTES_OF_A_POLICY})."
        raise LambdaClientError("PolicyLengthExceededException", text)
    return answer
