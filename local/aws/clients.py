"""boto3 clients for code inside the embedded AWS. They call its HTTP endpoint, so moto validates their requests."""

import functools
from typing import Any

import boto3

_endpoint: list[str] = []


def point_to(endpoint_url: str) -> None:
    """Makes `client` return clients of this endpoint."""
    _endpoint[:] = [endpoint_url]
    _client.cache_clear()


def endpoint_url() -> str:
    """The address of the embedded AWS, which functions call."""
    return _endpoint[0]


def client(service: str, region: str) -> Any:
    """A cached boto3 client of the embedded AWS."""
    return _client(service, region, _endpoint[0])


@functools.cache
def _client(service: str, region: str, endpoint_url: str) -> Any:
    return boto3.session.Session().client(
        service,  # type: ignore[call-overload]
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id="embedded",
        aws_secret_access_key="embedded",  # noqa: S106 no secret: the signature is not verified
    )
