"""One port of many hosts: someone looks for a service wherever it runs.

Why it matters: worms and their hands-on kin look for the next host this way (SMB, SSH, RDP, databases).
Innocent look-alikes: a load balancer or monitoring system whose targets are down (load balancers are never a subject),
service discovery over addresses that are no longer used, a crawler whose sites are gone. A
resolver that falls back to TCP at dead servers is none: what answers it over UDP counts. Late packets of a pool of
connections to one port of many hosts are none, either; so a sweep without SYN that uses a new port for each host, which
looks the same, stays unseen, and without tcp-flags one of ours whose SYNs have no options, or that a rule refuses after
one or two SYNs of Windows.
ATT&CK T1018, Remote System Discovery.
"""

from flowsentry.detect.scans.shape import MOSTLY, ScanShape

HOST_SWEEP = ScanShape("host_sweep", "sweeps", "T1018", lambda hosts, ports: hosts >= MOSTLY * ports)
