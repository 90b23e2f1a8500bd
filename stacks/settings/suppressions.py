"""Suppressions: the entries of the settings, and entries for research scanners, which are disabled at first.

Research scanners scan the whole Internet and publish their networks. These are the networks that MISP's warning lists
(https://github.com/MISP/misp-warninglists) had collected in October 2026 from the operators. Networks change hands:
check the source before you enable an entry.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator

from flowsentry.findings.suppressions import read_entries
from stacks.settings.values import BrokenRulesError


def _entries(value: Any) -> Any:
    """The entries if the functions can read them."""
    _, problems = read_entries(value, "")
    if problems:
        raise BrokenRulesError(*problems)
    return tuple(value)


SuppressionEntries = Annotated[tuple[dict[str, Any], ...], BeforeValidator(_entries)]

RESEARCH_SCANNERS: tuple[dict[str, Any], ...] = (
    {
        "reason": "Research scanner: Censys",
        "source": "https://docs.censys.com/docs/scanning-faq",
        "enabled": False,
        "networks": [
            *("66.132.148.0/24", "66.132.153.0/24", "66.132.159.0/24", "66.132.172.0/24", "66.132.186.0/24"),
            *("66.132.195.0/24", "66.132.198.0/24", "66.132.224.0/24", "66.132.228.0/24", "162.142.125.0/24"),
            *("167.94.138.0/24", "167.94.145.0/24", "167.94.146.0/24", "167.248.133.0/24", "199.45.154.0/23"),
            *("206.168.32.0/22", "2602:80d:1000::/48", "2602:80d:1003::/112", "2602:80d:1004::/112"),
            *("2602:80d:1006::/47", "2602:80d:1008::/47", "2602:80d:100a::/48", "2620:96:e000::/48"),
        ],
    },
    {
        "reason": "Research scanner: Palo Alto Networks Cortex Xpanse",
        "source": "https://docs-cortex.paloaltonetworks.com/r/1/Cortex-Xpanse/Scanning-activity",
        "enabled": False,
        "networks": [
            *("35.203.210.0/23", "144.86.173.0/24", "147.185.132.0/22", "162.216.148.0/22", "172.105.147.0/24"),
            *("198.235.24.0/24", "205.210.31.0/24", "216.25.88.0/21", "2604:a940:300::/47", "2604:a940:302::/48"),
        ],
    },
    {
        "reason": "Research scanner: Rapid7 Project Sonar",
        "source": "https://github.com/MISP/misp-warninglists/tree/main/lists",
        "enabled": False,
        "networks": [
            *("5.63.151.96/27", "71.6.233.0/24", "88.202.190.128/27", "109.123.117.224/27", "146.185.25.160/27"),
        ],
    },
)
