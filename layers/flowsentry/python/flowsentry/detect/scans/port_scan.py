"""Many ports of one host: someone asks what this host has open.

Why it matters: it comes before an attack on whatever answers; from inside it means a host does what its owner does not.
Innocent look-alikes: a monitoring system that checks many ports, and a host that answers nothing since it was stopped
(its clients try one or two ports each, not ten). Replies of a server to many ephemeral ports are no contacts at all.
Probes without SYN (nmap -sF -sN -sX -sA) count from five ports of a host in one batch on: fewer may be late packets of
closed connections. So such a scan that is slower than that stays unseen, and so does one of ports from 32768 on.
ATT&CK T1046, Network Service Discovery.
"""

from flowsentry.detect.scans.shape import MOSTLY, ScanShape

PORT_SCAN = ScanShape("port_scan", "scans ports of", "T1046", lambda hosts, ports: ports >= MOSTLY * hosts)
