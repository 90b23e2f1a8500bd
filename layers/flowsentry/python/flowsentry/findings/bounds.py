"""How much evidence and findings keep. Messages say which numbers are exact by these bounds; it imports no polars."""

MAX_ENDPOINTS = 64
"""Failed endpoints, and answered endpoints, kept for each source and day. More: larger items, and a better estimate of
the ratio for very busy sources. Fewer: below about 32, whether a busy source is classified as a scanner is chance."""
MAX_DOUBTFUL = 32
"""Endpoints kept of doubtful contacts, which could also be replies. More: larger items. Fewer: a scanner with a fixed
source port is found later, because doubtful contacts count only together with others."""
MAX_SOURCE_PORTS = 8
MAX_ATTEMPTS = 64
"""Connections to login ports kept for each source and day. More: larger items. Fewer: a threshold above this number
could not be reached."""
MAX_SESSIONS = 16
"""Login sessions kept for each source and day. More: larger items. Fewer: if a source has sessions on many hosts, an
alert names fewer of them, and its attempts are estimated from a smaller sample."""
MAX_FAILED_ADDRESSES, MAX_ANSWERED_ADDRESSES, MAX_ATTEMPTS_ADDRESSES, MAX_SESSIONS_ADDRESSES = 10, 5, 6, 4
"""IPv6 members kept with their address, in addition to the hashes of all: those with the smallest ranks. More: larger
items (25 bytes each; a full item costs a read and a write of 4 KB instead of 3). Fewer: an alert lists fewer
addresses."""
MAX_SOURCE_IDS = 8
"""Addresses kept of a source that is a /64. More: larger items, and a better estimate of how many addresses it used.
Fewer: an alert about a /64 with few addresses does not list all of them."""
MAX_EXTERNAL_CLIENTS = 64
"""External clients kept for each login service and day. More: larger items, and a better estimate of large numbers.
Fewer: a threshold above this number could not be reached."""
MAX_SAMPLE_ENDPOINTS = 10
"""Endpoints that a finding about a scan or password guessing lists. More: longer findings and messages. Fewer: people
see less of what was tried."""
