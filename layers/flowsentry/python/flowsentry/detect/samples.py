"""What a bottom-k set says beyond its members: up to which rank it is complete, and of how many it is a sample."""

from collections.abc import Collection

from flowsentry.findings.evidence import rank_of_member

NO_BOUND = 1 << 64


def complete_up_to(members: Collection[bytes], size: int) -> int:
    """The rank up to which a bottom-k set has every member."""
    return max(map(rank_of_member, members)) if len(members) >= size else NO_BOUND
