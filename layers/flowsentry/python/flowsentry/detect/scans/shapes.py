"""The shapes of a scan: many ports of one host, one port of many hosts, or many ports of many hosts.

The docstring of each shape is its section of docs/detectors.md.
"""

from collections.abc import Callable

from flowsentry.findings.kinds import KINDS, Kind
from flowsentry.value import Value

MIN_RATIO = 3
"""Ratio of hosts to ports from which a scan is a host sweep, and of ports to hosts from which it is a port scan.
Higher: more scans are network scans. Lower: a scan of a few ports on a few hosts is called a sweep or a port scan by
chance."""


class ScanShape(Value, frozen=True):
    """A kind of scan. `fits` takes the numbers of distinct failed hosts and ports; `verb` stands in the title."""

    kind: Kind
    verb: str
    fits: Callable[[int, int], bool]


PORT_SCAN = ScanShape(KINDS["port_scan"], "scans ports of", lambda hosts, ports: ports >= MIN_RATIO * hosts)
"""A source tries many ports of one host to find out which are open.

Why it matters: a port scan comes before an attack on the services that answer; by an internal host, it is a sign that
its owner no longer controls it.
Innocent look-alikes: a monitoring system that checks many ports, and clients of a host that was stopped (they try one
or two ports each, not ten). Replies of a server to many ephemeral ports are no contacts. Missed: probes without SYN
(nmap -sF -sN -sX -sA) count only from five ports of a host in one batch on, because fewer may be late packets of closed
connections; slower scans of this kind are missed, and scans without SYN of ports from 32768 on.
ATT&CK T1046, Network Service Discovery."""

HOST_SWEEP = ScanShape(KINDS["host_sweep"], "sweeps", lambda hosts, ports: hosts >= MIN_RATIO * ports)
"""A source tries one port of many hosts to find the hosts that run a service.

Why it matters: worms and human attackers find the next host this way (SMB, SSH, RDP, databases).
Innocent look-alikes: a load balancer or monitoring system whose targets are down (load balancers are never a subject),
service discovery with addresses that are no longer used, a crawler whose sites were removed. A resolver that falls back
to TCP at dead servers is no scanner, because answers over UDP count, nor are late packets of a connection pool to one
port of many hosts. Missed: a sweep without SYN that uses a new source port for each host, because it looks like such
late packets; and, without tcp-flags, a sweep by an internal host whose SYNs have no TCP options, or whose SYNs come
from Windows and are rejected by a rule after one or two.
ATT&CK T1018, Remote System Discovery."""

NETWORK_SCAN = ScanShape(KINDS["network_scan"], "scans", lambda _hosts, _ports: True)
"""A source tries many ports of many hosts to map a network.

Why it matters: an attacker needs the map for the next step, and few internal hosts do this by design.
Innocent look-alikes: your own vulnerability scanner, and peer-to-peer software with many dead peers.
ATT&CK T1046, Network Service Discovery.
"""

SHAPES = (PORT_SCAN, HOST_SWEEP, NETWORK_SCAN)
"""The shapes of a scan, in the order in which they are tried; the last one fits every scan."""
