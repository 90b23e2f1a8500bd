"""Sizes of DynamoDB items, capacity units of calls, and their cost, by the documented rules.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html. The page
does not mention sets, so each member is counted with the overhead of a list element: an upper bound.
"""

from collections.abc import Mapping
from typing import Any

from stacks.prices import services

OVERHEAD_BYTES, MEMBER_OVERHEAD_BYTES = 3, 1
WRITE_UNIT_BYTES, READ_UNIT_BYTES = 1024, 4096
DOLLARS_A_MILLION_WRITES = services.DYNAMODB_WRITES.dollars(1e6)
DOLLARS_A_MILLION_READS = services.DYNAMODB_READS.dollars(1e6)
"""On demand in us-east-1; up to 50 % more in other Regions."""


def item_bytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The size in bytes of an item in the format of the low-level client."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(typed: Mapping[str, Any]) -> int:
    [(kind, value)] = typed.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return (len(value.lstrip("-").strip("0").replace(".", "")) + 1) // 2 + 1
        case "B":
            return len(value)
        case "BOOL" | "NULL":
            return 1
        case "BS" | "NS" | "SS":
            members = (_value_bytes({kind[0]: member}) + MEMBER_OVERHEAD_BYTES for member in value)
            return OVERHEAD_BYTES + sum(members)
    raise NotImplementedError(f"the size of type {kind} is not implemented")


def write_units(before: int, after: int) -> int:
    """The write units of an update: by the larger of the sizes before and after, even if its condition failed."""
    return max(1, -(-max(before, after) // WRITE_UNIT_BYTES))


def read_units(size: int) -> int:
    """Read units of a consistent read of one key; one for a missing item. Eventually consistent reads cost half."""
    return max(1, -(-size // READ_UNIT_BYTES))
