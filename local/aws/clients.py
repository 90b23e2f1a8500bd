"""boto3 clients for the embedded AWS, from inside it: they come in by the front door, so moto checks what they ask."""

import functools
from typing import Any

import boto3

_endpoint: list[str] = []


def point_to(endpoint_url: str) -> None:
    _endpoint[:] = [endpoint_url]
    _client.cache_clear()


def client(service: str, region: str) -> Any:
    return _client(service, region, _endpoint[0])


@functools.cache
def _client(service: str, region: str, endpoint_url: str) -> Any:
    return boto3.session.Session().client(
        service,  # type: ignore[call-overload]
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id="embedded",
        aws_secret_access_key="embedded",  # noqa: S106 nobody checks it
    )
