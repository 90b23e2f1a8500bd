"""Errors of single resources of a stack, as CloudFormation reports them."""

import contextlib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError
from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

AWS_ERRORS = (ClientError, HTTPException, ServiceException)
"""Refusals of AWS services. Every other exception is an error of the embedded AWS: it is no reason for a rollback."""


class ResourceError(Exception):
    """AWS refuses to create, update or delete a resource; the message is the reason in the stack's events."""

    def __init__(self, logical_id: str, resource_type: str, reason: str, properties: str = "") -> None:
        super().__init__(f"{resource_type} {logical_id}: {reason}")
        self.logical_id = logical_id
        self.resource_type = resource_type
        self.reason = reason
        self.properties = properties


@contextlib.contextmanager
def naming(logical_id: str, resource_type: str) -> Iterator[None]:
    """Raises ResourceError for refusals of AWS services."""
    try:
        yield
    except AWS_ERRORS as error:
        raise ResourceError(logical_id, resource_type, reason(error)) from error


def reason(error: Any) -> str:
    """The text with which CloudFormation passes on an error of another service."""
    if isinstance(error, ClientError):
        code, message = str(error.response["Error"]["Code"]), str(error.response["Error"]["Message"])
    else:
        code, message = str(getattr(error, "error_type", None) or error.code), str(error.message)
    return f'Resource handler returned message: "{message}" (HandlerErrorCode: {code})'
