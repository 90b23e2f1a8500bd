"""Evaluates IAM policies for requests of functions. moto allows every request, so a missing permission would fail
on AWS only.

For functions, the identity policies of the role are evaluated: actions, resources, Allow and Deny. Conditions are
assumed to be met. Resource policies are ignored: within an account AWS accepts either kind, so this is stricter than
AWS. What services may do with a resource is decided by `resource_policies`.
"""

import io
import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.iam.models import iam_backends

from local.aws.compute.key_permissions import key_actions
from local.aws.compute.policy_documents import covers_call, listed
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
FLOW_LOG_ACTIONS = {"CreateFlowLogs", "DeleteFlowLogs"}
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
    effects = {
        statement["Effect"] for statement in _statements(role_arn) if covers_call(statement, call.action, call.resource)
    }
    return call.action in ALWAYS_ALLOWED or effects == {"Allow"}


def key_calls(call: Call) -> list[Call]:
    """The calls of KMS that this call makes on behalf of its caller, if the resource is encrypted."""
    return [Call(action, key_arn) for action, key_arn in key_actions(call.action, call.resource)]


def trusts(role_arn: str, service: str) -> bool:
    """True if the service may assume the role; conditions are assumed to be met."""
    role = _role(role_arn)
    if role is None:
        return False
    document: Any = role.assume_role_policy_document
    policy = json.loads(document) if isinstance(document, str) else document
    return any(
        statement["Effect"] == "Allow" and service in listed(statement.get("Principal", {}).get("Service", []))
        for statement in listed(policy.get("Statement", []))
    )


def _role(role_arn: str) -> Any:
    return next((each for each in iam_backends[ACCOUNT]["aws"].roles.values() if each.arn == role_arn), None)


def denied(function: LambdaFunction, environ: Mapping[str, Any]) -> list[str]:
    """A message for each action of the request that the function's role does not allow."""
    made = [each for call in calls(environ) for each in (call, *key_calls(call))]
    denied_calls = (call for call in made if not is_allowed(function.role, call))
    return [f"{function.function_name} is not allowed to {call.action} on {call.resource}" for call in denied_calls]


def access_key(environ: Mapping[str, Any]) -> str:
    """The access key that signed the request; empty if unsigned."""
    found = re.search(r"Credential=([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    return found.group(1) if found else ""


def _statements(role_arn: str) -> Iterator[Mapping[str, Any]]:
    role = _role(role_arn)
    if role is None:
        return
    managed: list[Any] = [version.document for each in role.managed_policies.values() for version in _current(each)]
    for document in [*role.policies.values(), *managed]:
        policy = json.loads(document) if isinstance(document, str) else document
        yield from listed(policy["Statement"])


def _current(policy: Any) -> Sequence[Any]:
    return [version for version in policy.versions if version.is_default]


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
        yield from _flow_logs(region, form) if form.get("Action") in FLOW_LOG_ACTIONS else _form(service, form)


def _form(service: str, form: Mapping[str, str]) -> Iterator[Call]:
    resource = next((form[name] for name in ("TopicArn", "RoleArn") if name in form), "*")
    yield Call(f"{service}:{form.get('Action', '?')}", resource)


def _flow_logs(region: str, form: Mapping[str, str]) -> Iterator[Call]:
    """What EC2 checks before it creates or deletes flow logs, in its own name and in that of other services.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    """
    own = f"arn:aws:ec2:{region}:{ACCOUNT}:"
    action = f"ec2:{form['Action']}"
    yield from (Call(action, f"{own}vpc-flow-log/{id_}") for name, id_ in form.items() if name.startswith("FlowLogId."))
    resources = [id_ for name, id_ in form.items() if name.startswith("ResourceId.")]
    yield from (Call(action, f"{own}{id_.rpartition('-')[0]}/{id_}") for id_ in resources)
    if resources:
        yield Call(action, f"{own}vpc-flow-log/*")
        yield Call("logs:CreateLogDelivery", "*") if form["LogDestinationType"] == "s3" else _passed(form)
    if any(name.startswith("TagSpecification.") for name in form):
        yield Call("ec2:CreateTags", f"{own}vpc-flow-log/*")


def _passed(form: Mapping[str, str]) -> Call:
    return Call("iam:PassRole", form.get("DeliverLogsPermissionArn", "*"))


def _body(environ: Any) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _s3(environ: Mapping[str, Any]) -> Call:
    """Listing and reading versions need permissions of their own.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
    """
    bucket, _, key = environ["PATH_INFO"].removeprefix("/").partition("/")
    asked = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    if not key:
        return Call(f"s3:ListBucket{'Versions' if 'versions' in asked else ''}", f"arn:aws:s3:::{bucket}")
    action = S3_ACTIONS.get(environ["REQUEST_METHOD"], "s3:DeleteObject")
    of_version = "Version" if action == "s3:GetObject" and "versionId" in asked else ""
    return Call(f"{action}{of_version}", f"arn:aws:s3:::{bucket}/{key}")


def _json(region: str, service: str, operation: str, body: Mapping[str, Any]) -> Iterator[Call]:
    action = BATCH_ACTIONS.get(f"{service}:{operation}", f"{service}:{operation}")
    if service == "dynamodb":
        yield from _dynamodb(f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/", operation, body)
    elif service == "sqs":
        yield Call(action, f"arn:aws:sqs:{region}:{ACCOUNT}:{body.get('QueueUrl', '*').split('/')[-1]}")
    elif service == "logs" and "logStreamName" in body:
        group = f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{body.get('logGroupName', '*')}"
        yield Call(action, f"{group}:log-stream:{body['logStreamName']}")
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
