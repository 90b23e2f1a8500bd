"""AWS with stubbed answers: boto3's own clients, validated requests and responses, and no network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore import xform_name
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.validate import ParamValidator

from tests.moto_world import REGION

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass
class StubbedAws:
    """Clients that return the given answers by operation; other operations are denied, as to a role without the
    permission. `calls` are the IAM actions of all calls, in order.
    """

    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def respond(self, service: str, operation: str, answer: Mapping[str, Any] | Answer) -> None:
        """Sets the answer of an operation, which may depend on the arguments."""
        self.answers[service, operation] = answer if callable(answer) else lambda _: answer

    def __call__(self, service: str) -> Any:
        client = _client(service)
        for event, handler in (("before-parameter-build", self._remember), ("before-call", self._answer)):
            client.meta.events.unregister(event, unique_id=event)
            client.meta.events.register(event, handler, unique_id=event)
        return client

    def _remember(self, params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["arguments"] = params

    def _answer(self, model: Any, context: Mapping[str, Any], **_: Any) -> tuple[AWSResponse, Mapping[str, Any]]:
        self.calls.append(_action(model))
        answer = self.answers.get((model.service_model.service_name, xform_name(model.name)))
        if answer is None:
            return _response(403), {"Error": {"Code": "AccessDenied", "Message": f"no {model.name}"}}
        response = answer(context["arguments"])
        if "Error" in response:
            return _response(response["Status"]), response
        problems = ParamValidator().validate(response, model.output_shape)
        assert not problems.has_errors(), problems.generate_report()
        return _response(200), response


@cache
def _client(service: str) -> Any:
    """One client per service for all tests, since creating one takes longer than most tests; it answers for its latest
    user.
    """
    untyped: Any = boto3
    return untyped.client(service, region_name=REGION, aws_access_key_id="none", aws_secret_access_key="none")


def _response(status: int) -> Any:
    headers: Any = HeadersDict()
    return AWSResponse("https://aws.invalid", status, headers, None)


def _action(model: Any) -> str:
    """The IAM action of an operation: nearly always its name, after the service's signing name.

    https://docs.aws.amazon.com/service-authorization/latest/reference/
    """
    prefix = model.service_model.signing_name
    return "apigateway:GET" if prefix == "apigateway" else f"{prefix}:{model.name}"


def paged(rows_of: str, *pages: list[Any], names: tuple[str, str] = ("NextToken", "NextToken")) -> Answer:
    """An answer in several pages: each but the last contains the next page's number. `names` are the service's names of
    this token in the response and in the request.
    """
    response_key, request_key = names

    def answer(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        number = int(arguments.get(request_key, 0))
        more = {response_key: str(number + 1)} if number + 1 < len(pages) else {}
        return {rows_of: pages[number], **more}

    return answer


def failure(code: str, status: int = 400) -> Mapping[str, Any]:
    return {"Error": {"Code": code, "Message": "no"}, "Status": status}
