"""How large an item is, what a call of DynamoDB weighs, and what that costs: by its documented rules.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html. Nothing is said there
about sets, so each member is counted with the overhead of a list's: it may be less, and is not more.
"""

from collections.abc import Mapping
from typing import Any

OVERHEAD_BYTES, MEMBER_OVERHEAD_BYTES = 3, 1
WRITE_UNIT_BYTES, READ_UNIT_BYTES = 1024, 4096
DOLLARS_A_MILLION_WRITES, DOLLARS_A_MILLION_READS = 0.625, 0.125
"""On demand in us-east-1 (https://aws.amazon.com/dynamodb/pricing/on-demand/); elsewhere up to a half more."""


def item_bytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The size of an item, given as the low-level client gives it."""
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
    raise NotImplementedError(f"how large is {kind}?")


def write_units(before: int, after: int) -> int:
    """What an update weighs: by the larger of the sizes before and after, also where its condition did not hold."""
    return max(1, -(-max(before, after) // WRITE_UNIT_BYTES))


def read_units(size: int) -> int:
    """What a consistent read of one key weighs: one for a key without an item. Another read weighs half."""
    return max(1, -(-size // READ_UNIT_BYTES))
