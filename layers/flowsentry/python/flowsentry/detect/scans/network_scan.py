"""Many ports of many hosts: someone maps a network.

Why it matters: the whole picture of what runs where is what the next step needs; few things inside do this by design.
Innocent look-alikes: a vulnerability scanner of your own, peer-to-peer software with many dead
peers.
ATT&CK T1046, Network Service Discovery.
"""

from flowsentry.detect.scans.shape import ScanShape

NETWORK_SCAN = ScanShape("network_scan", "scans", "T1046", lambda _hosts, _ports: True)
