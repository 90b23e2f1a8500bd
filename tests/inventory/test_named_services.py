"""Entries that name services, and which services they cover."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.inventory.named_services import LOGIN_PORTS, NamedServices, named_service
from flowsentry.records.code_names import LOGIN_PORTS as PORTS_OF_SERVICES
from tests.builders import interface

GIT = interface("10.0.0.5", name="git-1")


def test_the_login_ports_equal_those_of_service_ports() -> None:
    assert tuple(PORTS_OF_SERVICES) == LOGIN_PORTS


@pytest.mark.parametrize(
    ("entry", "address", "port", "is_covered"),
    [
        ("10.0.0.5", "10.0.0.5", 22, True),
        ("10.0.0.5", "10.0.0.5", 3389, True),
        ("10.0.0.5", "10.0.0.6", 22, False),
        ("10.0.0.5:22", "10.0.0.5", 22, True),
        ("10.0.0.5:22", "10.0.0.5", 3389, False),
        ("10.0.0.0/24", "10.0.0.9", 22, True),
        ("10.0.0.0/24:22", "10.0.0.9", 22, True),
        ("2001:db8::5", "2001:db8::5", 22, True),
        ("2001:db8::/64", "2001:db8::5", 22, True),
        ("[2001:db8::5]:22", "2001:db8::5", 22, True),
        ("[2001:db8::5]:22", "2001:db8::5", 5985, False),
        ("10.0.0.5", "2001:db8::5", 22, False),
        ("10.0.0.5", "no address", 22, False),
    ],
)
def test_an_address_or_network_covers_its_services(entry: str, address: str, port: int, is_covered: bool) -> None:  # noqa: FBT001
    assert NamedServices.of([entry]).cover(address, port, None) == is_covered


@pytest.mark.parametrize("entry", ["git-1", "GIT-1", "i-git-1", " git-1 "])
def test_an_owner_covers_all_its_services(entry: str) -> None:
    assert NamedServices.of([entry]).cover("10.0.0.5", 22, GIT)
    assert not NamedServices.of([entry]).cover("10.0.0.5", 22, None)
    assert not NamedServices.of([entry]).cover("10.0.0.5", 22, interface("10.0.0.5", name="web-1"))


@pytest.mark.parametrize(
    "entry",
    [
        "",
        " ",
        "a,b",
        "a\nb",
        "x" * 201,
        "10.0.0.5/24",
        "2001:db8::5/64",
        "10.0.0.5:0",
        "10.0.0.5:99999",
        "[db]:22",
        "10.0.0.256",
        "10.0.3.0/33",
        "10.0.0.5:",
    ],
)
def test_an_invalid_entry_is_rejected(entry: str) -> None:
    with pytest.raises(ValueError, match=r"address|port|host bits"):
        NamedServices.of([entry])


@given(st.text())
def test_any_text_is_parsed_or_rejected(entry: str) -> None:
    try:
        NamedServices.of([entry])
    except ValueError:
        return
    assert "," not in entry


def test_the_default_covers_no_service() -> None:
    assert not NamedServices()
    assert not NamedServices().cover("10.0.0.5", 22, GIT)


def test_if_only_some_ports_are_valid_others_are_rejected() -> None:
    assert named_service("git-1:22", LOGIN_PORTS).port == 22
    with pytest.raises(ValueError, match="port 80 is none of 22, 3389"):
        named_service("10.0.0.5:80", LOGIN_PORTS)


@pytest.mark.parametrize("entry", ["git-1:22", "instance:22", "Instance"])
def test_an_owner_can_be_named_by_kind_and_with_a_port(entry: str) -> None:
    assert NamedServices.of([entry]).cover("10.0.0.5", 22, GIT)
    assert NamedServices.of([entry]).cover("10.0.0.5", 23, GIT) == (":" not in entry)
