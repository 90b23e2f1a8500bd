"""Item sizes and capacity units by DynamoDB's documented rules, calculated by hand."""

from typing import Any

import pytest

from benchmarks.dynamodb.capacity import item_bytes, read_units, write_units


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "vpc-1|10.0.0.5"}, 14),
        ({"S": "ä"}, 2),
        ({"N": "20000"}, 2),
        ({"N": "1728000000"}, 3),
        ({"N": "65535"}, 4),
        ({"BOOL": True}, 1),
        ({"B": b"1234567"}, 7),
        ({"BS": [b"1234567", b"7654321"]}, 3 + 2 * (7 + 1)),
        ({"NS": ["65535"]}, 3 + 4 + 1),
    ],
)
def test_an_attribute_has_the_size_of_its_name_and_value(value: dict[str, Any], size: int) -> None:
    assert item_bytes({"name": value}) == 4 + size


def test_an_unsupported_type_raises_not_implemented_error() -> None:
    with pytest.raises(NotImplementedError):
        item_bytes({"name": {"M": {}}})


def test_units_are_rounded_up_to_at_least_one() -> None:
    assert [write_units(0, 0), write_units(0, 1024), write_units(1025, 10)] == [1, 1, 2]
    assert [read_units(0), read_units(4096), read_units(4097)] == [1, 1, 2]
