"""Values behave as frozen dataclasses do, for those who use them and for the module `dataclasses`."""

from dataclasses import MISSING, FrozenInstanceError, asdict, fields, is_dataclass, replace

import pytest

from flowsentry.value import Value
from tests.architecture.sources import python_files


class Port(Value, frozen=True):
    number: int
    name: str = ""


class Service(Port, frozen=True, kw_only=True):
    ends: tuple[Port, ...]


def test_values_with_equal_fields_are_equal_and_have_one_hash() -> None:
    assert Port(22, "ssh") == Port(22, "ssh") != Port(22)
    assert len({Port(22), Port(22), Port(23)}) == 2


def test_a_value_of_another_class_is_unequal() -> None:
    assert Port(22) != (22, "")


def test_a_value_that_is_changed_raises_as_a_frozen_dataclass_does() -> None:
    with pytest.raises(AttributeError):
        Port(22).number = 23  # type: ignore[misc]
    assert issubclass(FrozenInstanceError, AttributeError)


def test_dataclasses_take_values() -> None:
    service = Service(22, ends=(Port(1),))
    assert is_dataclass(service)
    assert replace(service, number=23) == Service(23, ends=(Port(1),))
    assert asdict(service) == {"number": 22, "name": "", "ends": ({"number": 1, "name": ""},)}


def test_the_fields_of_a_class_are_its_own_whichever_class_was_asked_first() -> None:
    assert [(each.name, each.type, each.default) for each in fields(Port)] == [
        ("number", int, MISSING),
        ("name", str, ""),
    ]
    assert {each.name for each in fields(Service)} == {"number", "name", "ends"}


def test_annotations_are_asked_for_since_classes_of_python_3_14_have_none_in_their_dictionary() -> None:
    files = python_files("layers/flowsentry", "lambdas")
    assert [path for path in files if "__annotations__" in path.read_text()] == []
