"""What refuses before groups and network ACLs are asked, and says so in the record: reject-reason.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

from flowsentry.explain.observation_point import direction_seen
from flowsentry.findings.explanation import Judgement, Layer, Resource, Verdict
from flowsentry.findings.rejected_packet import RejectedPacket


def judge_other_layers(refusal: RejectedPacket) -> Judgement | None:
    """The judgement of the layer that the record names; None where it names none that is known."""
    is_egress = direction_seen(refusal) == "egress"
    near = refusal.source if is_egress else refusal.destination
    vpc_id = near.interface.vpc_id if near.interface else ""
    if refusal.reject_reason == "BPA":
        return _block_public_access(vpc_id, is_egress=is_egress)
    if refusal.reject_reason == "EC":
        return _encryption_controls(vpc_id, is_egress=is_egress)
    return None


def _block_public_access(vpc_id: str, *, is_egress: bool) -> Judgement:
    """A setting of an account in a region: https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html ."""
    for_vpc = f" for {vpc_id} or its subnet" if vpc_id else ""
    return Judgement(
        layer=Layer.BLOCK_PUBLIC_ACCESS,
        is_egress=is_egress,
        verdict=Verdict.REFUSED,
        reason="it blocks internet gateways in the whole account and region",
        resources=(Resource("VPC Block Public Access"),),
        change=f"an exclusion{for_vpc} would admit it",
    )


def _encryption_controls(vpc_id: str, *, is_egress: bool) -> Judgement:
    """A setting of a VPC: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-encryption-controls.html ."""
    of_vpc = f" of {vpc_id}" if vpc_id else ""
    return Judgement(
        layer=Layer.ENCRYPTION_CONTROLS,
        is_egress=is_egress,
        verdict=Verdict.REFUSED,
        reason="they enforce encryption, and the traffic was not encrypted",
        resources=(Resource(f"VPC encryption controls{of_vpc}"),),
        change="encrypted, or with an exclusion for what it passes through, it would be admitted",
    )
