"""Thrift's compact protocol, as much of it as a Parquet file's footer and page headers are written in.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from typing import Any

Struct = dict[int, Any]
"""The fields of a struct by their numbers. Texts are left out: nothing here needs them."""

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = 1, 2, 3, 7, 8, 9, 10, 11, 12, 13
_FIXED_BYTES = {_BYTE: 1, _DOUBLE: 8, _UUID: 16}
_NUMBERS = (4, 5, 6)
_LONG_LIST = 15
_MORE = 128


class Reader:
    """Reads structs from bytes, one after the other; `place` is where the next begins. Raises IndexError at the end of
    the bytes and ValueError for what is no struct.
    """

    def __init__(self, data: bytes, place: int) -> None:
        self.place = place
        self._data = data

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
        kind = _BYTE if head & 15 in (_TRUE, _FALSE) else head & 15
        return [self._value(kind) for _ in range(length)]

    def _skip_map(self) -> None:
        if length := self._length():
            kinds = self._byte()
            for _ in range(length):
                self._value(kinds >> 4)
                self._value(kinds & 15)

    def _number(self) -> int:
        value = self._length()
        return value >> 1 ^ -(value & 1)

    def _length(self) -> int:
        value = shift = 0
        while (byte := self._byte()) >= _MORE:
            value |= (byte - _MORE) << shift
            shift += 7
        return value | byte << shift

    def _skip(self, size: int) -> None:
        self.place += size
        if self.place > len(self._data):
            raise IndexError("the Thrift data ends in the middle")

    def _byte(self) -> int:
        byte = self._data[self.place]
        self.place += 1
        return byte
