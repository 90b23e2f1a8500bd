"""Lambda: runs functions from their deployed zip files and layers, synchronously or not, and writes their logs."""

import concurrent.futures
import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.awslambda.models import LambdaFunction, LayerVersion
from moto.awslambda.utils import get_backend

from local.aws.compute import function_limits, packages
from local.aws.compute.asynchronous import AsynchronousInvocations
from local.aws.compute.runtime_interface import Answer, ExecutionEnvironment, Package
from local.aws.deployment.cloudformation import ResourceType
from local.aws.monitoring import cloudwatch, logs
from local.aws.moto_patches import adds, replaces
from local.aws.settings import Settings


class Pool:
    """The execution environments of the last deployed version of a function."""

    def __init__(self, package: Package, settings: Settings, concurrency: int) -> None:
        self.package = package
        self._settings = settings
        self._slots = threading.BoundedSemaphore(concurrency)
        self._idle: list[ExecutionEnvironment] = []
        self._all: set[ExecutionEnvironment] = set()
        self._is_retired = False
        self._is_killed = False

    @contextlib.contextmanager
    def environment(self) -> Iterator[ExecutionEnvironment]:
        """A warm execution environment, or a new one; waits while all are in use."""
        with self._slots:
            environment = self._idle.pop() if self._idle else self._new()
            try:
                yield environment
            finally:
                if environment.is_alive and not self._is_retired:
                    self._idle.append(environment)
                else:
                    self._all.discard(environment)
                    environment.stop()

    def retire(self) -> None:
        """Stops idle environments now and busy ones after their invocation."""
        self._is_retired = True
        while self._idle:
            environment = self._idle.pop()
            self._all.discard(environment)
            environment.stop()

    def kill(self) -> None:
        """Kills all environments; invocations in progress end with a Runtime.ExitError."""
        self._is_killed = True
        self.retire()
        for environment in tuple(self._all):
            environment.kill()

    def _new(self) -> ExecutionEnvironment:
        if self._is_killed:
            raise RuntimeError(f"the embedded AWS has stopped; {self.package.name} cannot run")
        environment = ExecutionEnvironment(self.package, self._settings.init_seconds)
        self._all.add(environment)
        return environment


class Functions:
    """All functions of the account: one pool each, created by the first invocation and again after each change."""

    def __init__(self, settings: Settings, variables: Mapping[str, str]) -> None:
        self._settings = settings
        self._variables = variables
        self._pools: dict[str, Pool] = {}
        self._by_key: dict[str, LambdaFunction] = {}
        self._lock = threading.Lock()
        self._running = 0
        self.asynchronous = AsynchronousInvocations(self.invoke, settings)

    def by_access_key(self, key: str) -> LambdaFunction | None:
        """The function that signs its requests with this access key."""
        return self._by_key.get(key)

    @property
    def is_quiet(self) -> bool:
        """True if no invocation is running or queued."""
        return not self._running and self.asynchronous.is_quiet

    def invoke(self, function: LambdaFunction, event: bytes) -> Answer:
        """Invokes the function; when this returns, its output is in its log group."""
        with self._counted():
            pool = self._pool(function)
            with pool.environment() as environment:
                answer = environment.invoke(event)
        logs.write(function.region, pool.package.log_group, answer)
        cloudwatch.count_invocation(function.region, function.function_name, answer)
        return answer

    def stop(self) -> None:
        self.asynchronous.is_stopped = True
        with concurrent.futures.ThreadPoolExecutor(8) as executor:
            list(executor.map(Pool.kill, self._pools.values()))
        self.asynchronous.stop()

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def _pool(self, function: LambdaFunction) -> Pool:
        key = _access_key(function)
        package = _package(function, {**self._variables, "AWS_ACCESS_KEY_ID": key})
        with self._lock:
            self._by_key[key] = function
            pool = self._pools.get(function.function_name)
            if pool is None or pool.package != package:
                if pool is not None:
                    pool.retire()
                concurrency = min(self._settings.concurrency, int(function.reserved_concurrency or 1000))
                pool = self._pools[function.function_name] = Pool(package, self._settings, concurrency)
            return pool


_functions: Functions | None = None


def start(settings: Settings, variables: Mapping[str, str]) -> Functions:
    """Makes functions invocable; `variables` is the environment with which they reach this AWS."""
    global _functions  # noqa: PLW0603 moto's own objects are global, and reach Lambda through this one
    _functions = Functions(settings, variables)
    return _functions


def running() -> Functions:
    """The functions of the running embedded AWS."""
    if _functions is None:
        raise RuntimeError("the embedded AWS has not been started")
    return _functions


def invoke_later(region: str, account: str, function_arn: str, event: Mapping[str, Any]) -> None:
    """Invokes a function asynchronously: the event is queued, retried, and sent to the failure destination at last."""
    function = get_backend(account, region).get_function(function_arn)
    running().asynchronous.add(function, json.dumps(event).encode())


def _package(function: LambdaFunction, variables: Mapping[str, str]) -> Package:
    logging = getattr(function, "logging_config", {})
    layers = [_layer(function, layer["Arn"]) for layer in function.layers]
    return Package(
        name=function.function_name,
        arn=function.function_arn,
        handler=str(function.handler),
        task_root=packages.unpacked(function.code_digest, function.code_bytes),
        layers=tuple(packages.unpacked(layer.code_digest, layer.code_bytes) for layer in layers),
        environment={**{name: str(value) for name, value in function.environment_vars.items()}, **variables},
        timeout_seconds=float(function.timeout),
        memory_mb=int(function.memory_size),
        log_group=function.logs_group_name,
        log_format=logging.get("LogFormat", "Text"),
    )


def _access_key(function: LambdaFunction) -> str:
    """The access key of a function: each has its own, which identifies its requests."""
    return "FUNCTION" + hashlib.sha256(function.function_name.encode()).hexdigest()[:12].upper()


def _layer(function: LambdaFunction, arn: str) -> LayerVersion:
    layer = get_backend(function.account_id, function.region).layers_versions_by_arn(arn)
    if layer is None:
        raise LookupError(f"{function.function_name} uses the layer {arn}, which does not exist")
    return layer


@replaces(LambdaFunction, "_invoke_lambda")
def run_in_runtime_interface(_original: Callable[..., Any], function: LambdaFunction, event: Any = None) -> Any:
    """Moto runs functions in Docker; here the runtime interface client runs each in its own process."""
    answer = running().invoke(function, json.dumps(event if event is not None else {}).encode())
    return answer.payload.decode(), answer.is_error, "\n".join(answer.lines)


@replaces(LambdaFunction, "invoke")
def queue_asynchronous_invocations(
    _original: Callable[..., Any], function: LambdaFunction, body: Any, request_headers: Any, response_headers: Any
) -> str | bytes:
    """Moto runs invocations of type Event, and those by S3, SNS and Logs, before it responds; AWS queues them.

    Invocations by moto's own triggers have no headers, those of clients do.
    """
    event = (body.encode() if isinstance(body, str) else body) or b"{}"
    kind = request_headers.get("x-amz-invocation-type", "RequestResponse") if request_headers else "Event"
    if kind != "RequestResponse":
        if kind == "Event":
            running().asynchronous.add(function, event)
        return ""
    answer = running().invoke(function, event)
    if answer.is_error:
        response_headers["x-amz-function-error"] = "Unhandled"
    response_headers["x-amz-log-result"] = logs.tail(answer)
    return answer.payload


@replaces(LambdaFunction, "create_from_cloudformation_json")
def create_with_all_properties(
    original: Callable[..., Any], cls: Any, name: str, resource: Any, *rest: Any, **more: Any
) -> Any:
    """Moto's CloudFormation ignores a function's layers, architectures, logging, tracing and reserved concurrency."""
    function = original(cls, name, resource, *rest, **more)
    _apply(function, resource["Properties"])
    function_limits.validate_or_delete(function)
    return function


@replaces(LambdaFunction, "update_from_cloudformation_json")
def update_all_properties(
    original: Callable[..., Any],
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    **rest: Any,
) -> Any:
    """Moto ignores the same properties when a stack is updated, and keeps properties that were removed."""
    function = original(
        cls,
        original_resource=original_resource,
        new_resource_name=new_resource_name,
        cloudformation_json=cloudformation_json,
        **rest,
    )
    _apply(function, cloudformation_json["Properties"])
    function_limits.validate(function)
    return function


def _apply(function: Any, properties: Mapping[str, Any]) -> None:
    function.layers = function._get_layers_data(properties.get("Layers", []))  # noqa: SLF001 moto has no public method
    function.architectures = properties.get("Architectures", ["x86_64"])
    function.logging_config = properties.get("LoggingConfig", {})
    function.logs_group_name = function.logging_config.get("LogGroup", f"/aws/lambda/{function.function_name}")
    function.tracing_config = properties.get("TracingConfig", {"Mode": "PassThrough"})
    function.environment_vars = properties.get("Environment", {}).get("Variables", {})
    function.reserved_concurrency = properties.get("ReservedConcurrentExecutions")
    function.snap_start_properties = properties


@replaces(LambdaFunction, "get_configuration")
def describe_logging(original: Callable[..., Any], function: Any, *rest: Any, **more: Any) -> Any:
    """Moto does not return the log group and format of a function."""
    logging = getattr(function, "logging_config", {})
    described = {"LogFormat": logging.get("LogFormat", "Text"), "LogGroup": function.logs_group_name}
    return {**original(function, *rest, **more), "LoggingConfig": {**logging, **described}}


@adds(LayerVersion, "physical_resource_id", property)
def layer_version_ref(layer: LayerVersion) -> str:
    """Moto's Ref of a layer version is not its ARN, so functions of the template cannot refer to their layers."""
    return str(layer.arn)


@adds(LayerVersion, "delete")
def delete_layer_version(layer: LayerVersion, account_id: str, region_name: str) -> None:
    """Moto keeps the layer versions of deleted stacks."""
    get_backend(account_id, region_name).delete_layer_version(str(layer.name), str(layer.version))


class EventInvokeConfig(ResourceType):
    """Configuration of asynchronous invocations; moto's CloudFormation does not support the type."""

    type_name = "AWS::Lambda::EventInvokeConfig"

    def create(self) -> str:
        wanted = {key: value for key, value in self.properties.items() if key not in {"FunctionName", "Qualifier"}}
        self.client("lambda").put_function_event_invoke_config(FunctionName=self.properties["FunctionName"], **wanted)
        return f"{self.properties['FunctionName']}:$LATEST"

    def delete(self) -> None:
        self.client("lambda").delete_function_event_invoke_config(FunctionName=self.properties["FunctionName"])
