"""Lines are counted alike in small and large texts."""

import pytest

from flowsentry import line_count
from flowsentry.line_count import lines_in


@pytest.mark.parametrize("least_bytes", [1, 1_000])
@pytest.mark.parametrize("text", [b"\n", b"\n\n", b'a b\n\n"c\r\n', b"a\r\nb", b"\xef\xbb\xbf\xff\n \n", b"#a\n\0\n"])
def test_newlines_are_counted_whatever_is_between_them(
    monkeypatch: pytest.MonkeyPatch, text: bytes, least_bytes: int
) -> None:
    monkeypatch.setattr(line_count, "MIN_BYTES_OF_A_QUERY", least_bytes)
    assert lines_in(text) == text.count(b"\n")
