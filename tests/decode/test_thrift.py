"""Thrift's compact protocol: every type is read or passed over, and what is no struct is told."""

import pytest

from flowsentry.decode import thrift
from flowsentry.decode.thrift import Reader, TooManyValuesError

# Field headers have the step from the last number in their upper four bits and the type in the lower: 1 true, 2 false,
# 3 byte, 4 to 6 numbers, 7 double, 8 text, 9 list, 10 set, 11 map, 12 struct, 13 UUID.
TEXT = b"\x03abc"


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"\x00", {}),
        (b"\x15\x02\x00", {1: 1}),
        (b"\x15\x01\x16\x0f\x14\x80\x01\x00", {1: -1, 2: -8, 3: 64}),
        (b"\x16\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", {1: 2**63 - 1}),
        (b"\xf5\x06\x05\x80\x01\x04\x00", {15: 3, 64: 2}),
        (b"\x11\x12\x15\x02\x00", {3: 1}),
        (b"\x18" + TEXT + b"\x15\x02\x00", {1: None, 2: 1}),
        (b"\x13\xff\x17" + bytes(8) + b"\x1d" + bytes(16) + b"\x15\x02\x00", {1: None, 2: None, 3: None, 4: 1}),
        (b"\x19\x35\x02\x04\x06\x00", {1: [1, 2, 3]}),
        (b"\x19\xf5\x10" + b"\x02" * 16 + b"\x00", {1: [1] * 16}),
        (b"\x1a\x28" + TEXT + TEXT + b"\x00", {1: [None, None]}),
        (b"\x19\x21\x01\x02\x15\x02\x00", {1: [None, None], 2: 1}),
        (b"\x19\x1c\x15\x02\x00\x00", {1: [{1: 1}]}),
        (b"\x1c\x15\x02\x00\x15\x04\x00", {1: {1: 1}, 2: 2}),
        (b"\x1b\x00\x15\x02\x00", {1: None, 2: 1}),
        (b"\x1b\x02\x21\x01\x02\x02\x01\x15\x02\x00", {1: None, 2: 1}),
        (b"\x1b\x01\x85" + TEXT + b"\x02\x15\x02\x00", {1: None, 2: 1}),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else str(value),
)
def test_a_struct_is_its_fields_by_number(data: bytes, fields: dict[int, object]) -> None:
    reader = Reader(b"before" + data + b"after", 6)
    assert reader.struct() == fields
    assert reader.position == 6 + len(data)


@pytest.mark.parametrize("data", [b"", b"\x15", b"\x18\x7f", b"\x13", b"\x19\xf3\xff\xff\xff\xff\x7f"], ids=len)
def test_half_a_struct_raises(data: bytes) -> None:
    with pytest.raises(IndexError):
        Reader(data, 0).struct()


def test_an_unknown_type_raises() -> None:
    with pytest.raises(ValueError, match="no type 14"):
        Reader(b"\x1e\x00", 0).struct()


@pytest.mark.parametrize("size", [1, 9, 10, 10_000])
def test_a_number_of_more_than_64_bits_raises(size: int) -> None:
    with pytest.raises((ValueError, IndexError)):
        Reader(b"\x16" + b"\xff" * size, 0).struct()
    with pytest.raises(ValueError, match="64 bits"):
        Reader(b"\x16" + b"\xff" * 10 + b"\x01\x00", 0).struct()


HEADS = [b"\x18", b"\x1b", *(bytes([head, 0xF0 | kind]) for head in (0x19, 0x1A) for kind in range(1, 14))]


@pytest.mark.parametrize("head", HEADS, ids=bytes.hex)
def test_a_length_is_believed_only_when_that_many_bytes_are_left(head: bytes) -> None:
    with pytest.raises(IndexError, match="in the middle"):
        Reader(head + b"\x80\x80\x80\x80\x80\x80\x80\x80\x01" + bytes(100), 0).struct()


def test_more_values_than_a_reader_reads_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thrift, "MAX_VALUES", 20)
    reader = Reader(b"\x19\xf5\x08" + b"\x02" * 8 + b"\x00", 0)
    reader.struct()
    reader.position = 0
    reader.struct()
    reader.position = 0
    with pytest.raises(TooManyValuesError):
        reader.struct()


def test_a_struct_that_is_nested_too_deeply_raises() -> None:
    with pytest.raises(RecursionError):
        Reader(b"\x1c" * 100_000, 0).struct()
