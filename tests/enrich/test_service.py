"""Which service a flow is about."""

import pytest

from tests.builders import enriched, line


@pytest.mark.parametrize(
    ("source_port", "destination_port", "service"),
    [
        (45000, 5432, "postgresql"),
        (5432, 45000, "postgresql"),
        (443, 22, "ssh"),
        (45000, 45001, None),
        (0, 0, None),
        ("-", "-", None),
        (65535, 65535, None),
    ],
)
def test_the_destination_port_names_the_service_else_the_source_port(
    source_port: object, destination_port: object, service: str | None
) -> None:
    assert enriched([line(srcport=source_port, dstport=destination_port)])["service"].item() == service
