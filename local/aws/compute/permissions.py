"""Evaluates IAM policies for requests of functions. moto allows every request, so a missing permission would fail
on AWS only.

For functions, the identity policies of the role are evaluated: actions, resources, Allow and Deny. Conditions are
assumed to be met. Resource policies are ignored: within an account AWS accepts either kind, so this is stricter than
AWS. For a service that sends to a queue, the queue policy is evaluated with its conditions.
"""

import fnmatch
import io
import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.iam.models import iam_backends
from moto.sqs.models import Queue

from local.aws.settings import ACCOUNT

ALWAYS_ALLOWED = {"sts:GetCallerIdentity"}
BATCH_ACTIONS = {
    f"sqs:{call}Batch": f"sqs:{call}" for call in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
}
"""Calls that require the permission of another action: https://docs.aws.amazon.com/service-authorization/latest/reference/."""
S3_ACTIONS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "POST": "s3:PutObject"}
REST_ACTIONS = {
    "GET /2015-02-01/file-systems": "elasticfilesystem:DescribeFileSystems",
    "GET /2015-03-31/functions": "lambda:ListFunctions",
    "POST /findings/import": "securityhub:BatchImportFindings",
}
"""IAM actions of REST operations that functions call, by method and path."""
TRANSACTION_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


@dataclass(frozen=True)
class Call:
    """One IAM action on one resource that a request performs."""

    action: str
    resource: str


def is_allowed(role_arn: str, call: Call) -> bool:
    """True if a policy of the role allows the call and none denies it."""
    effects = {statement["Effect"] for statement in _statements(role_arn) if _covers(statement, call)}
    return call.action in ALWAYS_ALLOWED or effects == {"Allow"}


def admits(queue: Queue, service: str, source_arn: str) -> bool:
    """True if the queue policy lets this service send messages on behalf of the source."""
    policy = json.loads(queue.policy or '{"Statement": []}')
    context = {"aws:SourceArn": source_arn, "aws:SourceAccount": ACCOUNT}
    return any(
        statement["Effect"] == "Allow"
        and service in _listed(statement["Principal"].get("Service", []))
        and "sqs:SendMessage" in _listed(statement["Action"])
        and all(_is_met(condition, context) for condition in statement.get("Condition", {}).values())
        for statement in policy["Statement"]
    )


def _is_met(condition: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """True if each context key has one of the condition's values; for operators that compare strings."""
    return all(any(fnmatch.fnmatchcase(context[key], each) for each in _listed(condition[key])) for key in condition)


def denied(function: LambdaFunction, environ: Mapping[str, Any]) -> list[str]:
    """A message for each action of the request that the function's role does not allow."""
    denied_calls = (call for call in calls(environ) if not is_allowed(function.role, call))
    return [f"{function.function_name} is not allowed to {call.action} on {call.resource}" for call in denied_calls]


def access_key(environ: Mapping[str, Any]) -> str:
    """The access key that signed the request; empty if unsigned."""
    found = re.search(r"Credential=([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    return found.group(1) if found else ""


def _statements(role_arn: str) -> Iterator[Mapping[str, Any]]:
    role = next((each for each in iam_backends[ACCOUNT]["aws"].roles.values() if each.arn == role_arn), None)
    if role is None:
        return
    managed: list[Any] = [version.document for each in role.managed_policies.values() for version in _current(each)]
    for document in [*role.policies.values(), *managed]:
        policy = json.loads(document) if isinstance(document, str) else document
        yield from _listed(policy["Statement"])


def _current(policy: Any) -> Sequence[Any]:
    return [version for version in policy.versions if version.is_default]


def _covers(statement: Mapping[str, Any], call: Call) -> bool:
    actions = [action.lower() for action in _listed(statement.get("Action", []))]
    resources = _listed(statement.get("Resource", []))
    return any(fnmatch.fnmatchcase(call.action.lower(), each) for each in actions) and any(
        fnmatch.fnmatchcase(call.resource, each) for each in resources
    )


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def calls(environ: Mapping[str, Any]) -> Iterator[Call]:
    """The IAM actions that a signed request performs. The body can still be read afterwards."""
    scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/", environ["HTTP_AUTHORIZATION"])
    if scope is None:
        return
    region, service = scope.groups()
    if service == "s3":
        yield _s3(environ)
    elif target := environ.get("HTTP_X_AMZ_TARGET"):
        yield from _json(region, service, target.split(".")[-1], json.loads(_body(environ) or b"{}"))
    elif action := REST_ACTIONS.get(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].rstrip('/')}"):
        body = json.loads(_body(environ) or b"{}")
        yield from (Call(action, each["ProductArn"]) for each in body.get("Findings", [{"ProductArn": "*"}]))
    else:
        form = dict(urllib.parse.parse_qsl(_body(environ).decode()))
        resource = next((form[name] for name in ("TopicArn", "RoleArn") if name in form), "*")
        yield Call(f"{service}:{form.get('Action', '?')}", resource)


def _body(environ: Any) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _s3(environ: Mapping[str, Any]) -> Call:
    bucket, _, key = environ["PATH_INFO"].removeprefix("/").partition("/")
    if not key:
        return Call("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    return Call(S3_ACTIONS.get(environ["REQUEST_METHOD"], "s3:DeleteObject"), f"arn:aws:s3:::{bucket}/{key}")


def _json(region: str, service: str, operation: str, body: Mapping[str, Any]) -> Iterator[Call]:
    action = BATCH_ACTIONS.get(f"{service}:{operation}", f"{service}:{operation}")
    if service == "dynamodb":
        yield from _dynamodb(f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/", operation, body)
    elif service == "sqs":
        yield Call(action, f"arn:aws:sqs:{region}:{ACCOUNT}:{body.get('QueueUrl', '*').split('/')[-1]}")
    elif service == "events":
        for each in body.get("Entries", [{}]):
            yield Call(action, _bus(region, each.get("EventBusName", "default")))
    elif service == "ssm":
        for name in body.get("Names", [body.get("Name", "*")]):
            yield Call(action, f"arn:aws:ssm:{region}:{ACCOUNT}:parameter/{name.removeprefix('/')}")
    else:
        yield Call(action, "*")


def _bus(region: str, name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:events:{region}:{ACCOUNT}:event-bus/{name}"


def _dynamodb(tables: str, operation: str, body: Mapping[str, Any]) -> Iterator[Call]:
    for table in body.get("RequestItems", {}):
        yield Call(f"dynamodb:{operation}", tables + table)
    for item in body.get("TransactItems", []):
        for kind, wanted in item.items():
            yield Call(f"dynamodb:{TRANSACTION_ACTIONS.get(kind, 'GetItem')}", tables + wanted["TableName"])
    if "TableName" in body:
        index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
        yield Call(f"dynamodb:{operation}", tables + body["TableName"] + index)
