"""Table of TCP stacks: the SYNs that each sends, its SYN-ACK retries, and the size of its packets without data.

All bounds on the size of an opening follow from this table. Sizes are of IPv4 packets with their header; IPv6 adds
IPV6_MORE_BYTES to each packet.

Wrong for a host with other settings than the defaults (tcp_syn_retries, tcp_timestamps, TcpInitialRtt).
"""

from collections.abc import Iterator
from typing import NamedTuple

IPV6_MORE_BYTES = 20
HEADER_BYTES = 40
"""A packet without options and data: the RST that refuses is one, and the probe of a scanner without a stack."""
TIMESTAMPED_BYTES = 52
"""A packet without data where both ends use time stamps (https://www.rfc-editor.org/rfc/rfc7323): an ACK, a FIN, and
the keep-alive of Linux."""
OPTION_BYTES = 4
"""Options fill words of this size."""


class Stack(NamedTuple):
    """A stack as a client: the bytes of each SYN in the order sent, and the second at which it is sent; the bytes of
    its later packets without data, None where it sends none (a scanner acknowledges nothing; with Fast Open and MPTCP
    the packets after the answer carry data or further options). As a server: how often it repeats a SYN-ACK that is not
    acknowledged; it also answers each repeated SYN.
    """

    name: str
    syns: tuple[int, ...]
    seconds: tuple[int, ...]
    ack_bytes: int | None
    syn_ack_retries: int
    source: str

    def syns_within(self, seconds: int) -> int:
        """How many SYNs a record of that many seconds may hold."""
        return sum(second < seconds for second in self.seconds)


_DOUBLED = (0, 1, 3, 7, 15, 31, 63)
_LINEAR = (0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67)
"""Four retries a second apart, then doubled: ten SYNs in the first minute, eleven in one of ten minutes."""
_TCP_7 = "https://man7.org/linux/man-pages/man7/tcp.7.html (tcp_syn_retries 6, tcp_synack_retries 5)"
_LINEAR_COMMIT = "https://git.kernel.org/torvalds/c/ccce324dabfe2143519daf50ed8b1ef1d0c542f7 (tcp_syn_linear_timeouts)"
_XNU = "https://github.com/apple-oss-distributions/xnu bsd/netinet/tcp_timer.c (tcp_syn_backoff, TCPTV_KEEP_INIT 75 s)"
_FREEBSD = "https://github.com/freebsd/freebsd-src sys/netinet/tcp_timer.c (tcp_syn_backoff, TCPTV_KEEP_INIT 75 s)"
_FAST_OPEN = "https://www.rfc-editor.org/rfc/rfc7413#section-4.1.1 (a cookie of 4 to 16 bytes; the plain SYN after it)"
_MPTCP = "https://git.kernel.org/torvalds/c/6982826fe5e53ef115836de7dd397bd970030937 (a plain SYN after two retries)"
_WINDOWS_OLD = "https://learn.microsoft.com/windows/win32/api/mstcpip/ns-mstcpip-tcp_initial_rto_parameters"
_WINDOWS = "netsh int tcp show global (Max SYN Retransmissions 4); SIO_TCP_INITIAL_RTO of Windows 10 and Server 2016"
_NMAP = "https://nmap.org/book/synscan.html (an MSS and no other option; a retry has another port)"
_MASSCAN = "https://github.com/robertdavidgraham/masscan (templ-pkt.c: no option, or an MSS; --retries)"
_LWIP = "https://www.nongnu.org/lwip (TCP_SYNMAXRTX 6: devices, printers, cameras)"

STACKS = (
    Stack("Linux before 6.5", (60,) * 7, _DOUBLED, TIMESTAMPED_BYTES, 5, _TCP_7),
    Stack("Linux since 6.5", (60,) * 11, _LINEAR, TIMESTAMPED_BYTES, 5, _LINEAR_COMMIT),
    Stack("Windows XP", (48,) * 3, (0, 3, 9), HEADER_BYTES, 2, _WINDOWS_OLD),
    Stack("Windows before 10", (52, 52, 48), (0, 3, 9), HEADER_BYTES, 2, _WINDOWS_OLD),
    Stack("Windows since 10", (52,) * 5, (0, 1, 3, 7, 15), HEADER_BYTES, 4, _WINDOWS),
    Stack("macOS and iOS", (64,) * 11, _LINEAR, TIMESTAMPED_BYTES, 12, _XNU),
    Stack("FreeBSD", (60,) * 11, _LINEAR, TIMESTAMPED_BYTES, 3, _FREEBSD),
    *(
        Stack(f"Linux, Fast Open with {size - 60} bytes", (size, *(60,) * 10), _LINEAR, None, 5, _FAST_OPEN)
        for size in (64, 68, 72, 76, 80)
    ),
    *(Stack(f"macOS, with {size - 64} bytes more", (size,) * 11, _LINEAR, None, 12, _XNU) for size in (68, 72, 76, 80)),
    Stack("Linux, MPTCP", (64,) * 3 + (60,) * 8, _LINEAR, None, 5, _MPTCP),
    Stack("nmap -sS", (44,) * 2, (0, 1), None, 0, _NMAP),
    Stack("masscan, zmap", (40,) * 2, (0, 1), None, 0, _MASSCAN),
    Stack("lwIP", (44,) * 7, _DOUBLED, HEADER_BYTES, 5, _LWIP),
)

MAX_SYNS = max(len(stack.syns) for stack in STACKS)
"""SYNs of one connection."""
MAX_SYN_ACKS = MAX_SYNS + 5
"""SYN-ACKs of one connection: one for each SYN, and those that Linux repeats by itself."""
Sizes = frozenset[tuple[int, int]]
"""Pairs of how many packets a record has and how many bytes, as of IPv4."""


def _sent_together(stack: Stack) -> Iterator[tuple[int, int]]:
    """Every run of consecutive SYNs: an aggregation interval may begin and end anywhere."""
    for first in range(len(stack.syns)):
        for last in range(first, len(stack.syns)):
            syns = stack.syns[first : last + 1]
            yield len(syns), sum(syns)


def _begun(stack: Stack, syns: int = 1) -> Iterator[tuple[int, int]]:
    """`syns` SYNs, the last of which was answered, and packets without data after it."""
    if stack.ack_bytes:
        for acks in range(1, MAX_SYNS):
            yield syns + acks, sum(stack.syns[:syns]) + acks * stack.ack_bytes


def _cut_short(stack: Stack) -> Iterator[tuple[int, int]]:
    """The same, ended by an RST, which has no options; also with an RST in place of the ACK."""
    if stack.ack_bytes:
        for syns in range(1, MAX_ANSWERED_SYN + 1):
            alone = syns, sum(stack.syns[:syns])
            yield from ((packets + 1, size + HEADER_BYTES) for packets, size in (alone, *_begun(stack, syns)))


MAX_ANSWERED_SYN = 3
"""The last SYN that may be the answered one of a client that resets at once."""
SYNS: Sizes = frozenset(pair for stack in STACKS for pair in _sent_together(stack))
"""Sizes of records of nothing but SYNs."""
MAX_REPEATED_SYNS = 4 * MAX_SYNS
"""SYNs in a record of ten minutes of a client that retries from the same port. More: a long record of tiny messages
counts as SYNs when its average size happens to be that of a SYN. Fewer: a client that retries that often counts as
answered."""
REPEATED: Sizes = frozenset(
    (packets, packets * size) for packets in range(1, MAX_REPEATED_SYNS + 1) for stack in STACKS for size in stack.syns
)
"""SYNs of one size, possibly of several tries. Only flags distinguish them from ACKs."""
BEGUN: Sizes = frozenset(pair for stack in STACKS for pair in _begun(stack))
"""Sizes of the client's record of an answered connection that carries no data and is not closed yet."""
CUT_SHORT: Sizes = frozenset(pair for stack in STACKS for pair in _cut_short(stack))
"""The same, reset by the client."""
IDLE: Sizes = frozenset((packets, TIMESTAMPED_BYTES * packets) for packets in range(1, MAX_SYNS + 1))
"""ACKs, FINs or keep-alives of an open connection, with time stamps."""
HEADERS: Sizes = frozenset((packets, HEADER_BYTES * packets) for packets in range(1, MAX_SYNS + 1))
"""Packets of nothing but a header: probes of a scanner with any flags, and the last packets of a connection."""
