"""Judgements of layers that the field reject-reason names, which reject before security groups and network ACLs.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

from flowsentry.explain.packet_path import reported_direction
from flowsentry.findings.explanation import Judgement, Layer, Resource, Verdict
from flowsentry.findings.rejected_packet import RejectedPacket


def judge_by_reject_reason(rejected: RejectedPacket) -> Judgement | None:
    """The judgement of the layer that the record names (BPA or EC); None if it names none, or one not known here."""
    is_egress = reported_direction(rejected) == "egress"
    near = rejected.source if is_egress else rejected.destination
    vpc_id = near.interface.vpc_id if near.interface else ""
    if rejected.reject_reason == "BPA":
        return _block_public_access(vpc_id, is_egress=is_egress)
    if rejected.reject_reason == "EC":
        return _encryption_controls(vpc_id, is_egress=is_egress)
    return None


def _block_public_access(vpc_id: str, *, is_egress: bool) -> Judgement:
    """A setting of an account in a Region: https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html ."""
    for_vpc = f" for {vpc_id} or its subnet" if vpc_id else ""
    return Judgement(
        layer=Layer.BLOCK_PUBLIC_ACCESS,
        is_egress=is_egress,
        verdict=Verdict.DENIED,
        reason="it blocks internet gateways in the whole account and Region",
        resources=(Resource("VPC Block Public Access"),),
        change=f"an exclusion{for_vpc} would admit it",
    )


def _encryption_controls(vpc_id: str, *, is_egress: bool) -> Judgement:
    """A setting of a VPC: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-encryption-controls.html ."""
    of_vpc = f" of {vpc_id}" if vpc_id else ""
    return Judgement(
        layer=Layer.ENCRYPTION_CONTROLS,
        is_egress=is_egress,
        verdict=Verdict.DENIED,
        reason="they enforce encryption, and the traffic was not encrypted",
        resources=(Resource(f"VPC encryption controls{of_vpc}"),),
        change="encryption, or an exclusion for the resource that it passes through, would admit it",
    )
