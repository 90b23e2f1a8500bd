"""A reader of Thrift's compact protocol, as far as the footer and page headers of a Parquet file use it.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from typing import Any

Struct = dict[int, Any]
"""The fields of a struct by their numbers. Strings are None: they are not needed."""

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = 1, 2, 3, 7, 8, 9, 10, 11, 12, 13
_FIXED_BYTES = {_BYTE: 1, _DOUBLE: 8, _UUID: 16}
_NUMBERS = (4, 5, 6)
_LONG_LIST = 15
_MORE = 128
_MOST_BITS = 64

MAX_VALUES = 2_000_000
"""Values that one reader reads. Each becomes a Python object of up to 100 bytes, and takes 1 µs. More: a footer of
zeros, of which 200 MB compress to 200 KB, fills the memory. Fewer: files of some 2,700 row groups of 29 columns are
refused, each of which then has less than 100 KB."""


class TooManyValuesError(Exception):
    """The data has more than MAX_VALUES."""


class Reader:
    """Reads structs from bytes, one after the other; `position` is where the next begins. Memory and time follow the
    number of bytes, whatever sizes they state. Raises IndexError at the end of the bytes, ValueError for an invalid
    struct, RecursionError for one that is nested too deeply, and TooManyValuesError.
    """

    def __init__(self, data: bytes, position: int) -> None:
        self.position = position
        self._data = data
        self._left = MAX_VALUES

    def struct(self) -> Struct:
        fields: Struct = {}
        number = 0
        while head := self._byte():
            kind, step = head & 15, head >> 4
            number = number + step if step else self._number()
            if kind not in (_TRUE, _FALSE):
                fields[number] = self._value(kind)
        return fields

    def _value(self, kind: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise TooManyValuesError(f"more than {MAX_VALUES} values")
        if kind in _NUMBERS:
            return self._number()
        if kind == _BINARY:
            self._skip(self._length())
        elif kind == _STRUCT:
            return self.struct()
        elif kind in (_LIST, _SET):
            return self._list()
        elif kind == _MAP:
            self._skip_map()
        elif kind in _FIXED_BYTES:
            self._skip(_FIXED_BYTES[kind])
        else:
            raise ValueError(f"Thrift has no type {kind}")
        return None

    def _list(self) -> list[Any]:
        head = self._byte()
        length = head >> 4 if head >> 4 != _LONG_LIST else self._length()
        self._refuse_beyond(length)
        kind = _in_collection(head & 15)
        return [self._value(kind) for _ in range(length)]

    def _skip_map(self) -> None:
        if length := self._length():
            self._refuse_beyond(length)
            kinds = self._byte()
            for _ in range(length):
                self._value(_in_collection(kinds >> 4))
                self._value(_in_collection(kinds & 15))

    def _number(self) -> int:
        value = self._length()
        return value >> 1 ^ -(value & 1)

    def _length(self) -> int:
        value = shift = 0
        while (byte := self._byte()) >= _MORE:
            value |= (byte - _MORE) << shift
            shift += 7
            if shift >= _MOST_BITS:
                raise ValueError("a Thrift number of more than 64 bits")
        return value | byte << shift

    def _skip(self, size: int) -> None:
        self._refuse_beyond(size)
        self.position += size

    def _refuse_beyond(self, size: int) -> None:
        """Raises IndexError if fewer bytes are left. Each element of a list takes a byte or more."""
        if size > len(self._data) - self.position:
            raise IndexError("the Thrift data ends in the middle")

    def _byte(self) -> int:
        byte = self._data[self.position]
        self.position += 1
        return byte


def _in_collection(kind: int) -> int:
    """The type of an element: in a list or map a boolean takes a byte, in a struct it is in the head of its field."""
    return _BYTE if kind in (_TRUE, _FALSE) else kind
