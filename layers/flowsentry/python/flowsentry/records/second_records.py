"""Which records are the second one of a flow that is logged twice: its bytes and packets count in the first one.

- VPCs: what is sent from inside is logged by the sender, and again where it arrives: at the host inside, or at a
  gateway that passes it on. The sender's record counts. What comes from outside counts where it arrives, and not where
  a gateway passes it on: there srcaddr is the gateway's, and pkt-srcaddr the packet's
  (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html#flow-log-example-nat). A NAT gateway
  is an end of two flows, one on each side of it: both count. A REJECT counts at the interface that logged it, since
  only one does.
- Transit gateways: a record is written at each attachment where traffic enters (ingress) or leaves (egress), with the
  other one as tgw-pair-attachment-id (https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html, and explicitly
  https://docs.aws.amazon.com/network-manager/latest/cloudwan/cwan-flow-logs.html). A flow log on the gateway, known by
  its resource-type, has both records. Lost packets enter and never leave, so a flow counts where it enters (for an edge
  of a core network: where it enters that edge). A flow log on an attachment has the records of that attachment only,
  and each of them counts. A flow between two attachments that both have a flow log of their own counts twice, since no
  record refers to the other; a flow log on the gateway instead avoids that.
"""

from collections.abc import Collection

import polars as pl

from flowsentry.records.fields import is_of_transit_gateway

_ON_ATTACHMENTS = ("TransitGatewayAttachment", "CoreNetworkAttachment")
_ARRIVES, _FROM_INSIDE, _PASSED = pl.col("direction") == "ingress", pl.col("source_is_inside"), ~pl.col("is_rejected")
_FROM_ANOTHER_ADDRESS = pl.col("source_address") != pl.col("srcaddr")


def is_second_record(columns: Collection[str]) -> pl.Expr:
    """Whether an enriched record with these columns is the second one of its flow; never null."""
    if not is_of_transit_gateway(columns):
        is_second = _PASSED & _FROM_INSIDE & _ARRIVES
        if "pkt_srcaddr" in columns:
            is_second |= _PASSED & ~_FROM_INSIDE & ~_ARRIVES & _FROM_ANOTHER_ADDRESS
    elif "resource_type" in columns:
        is_of_gateway = ~pl.col("resource_type").is_in(_ON_ATTACHMENTS).fill_null(value=False)
        is_second = is_of_gateway & (pl.col("direction") == "egress")
    else:
        is_second = pl.col("direction") == "egress"
    return is_second.fill_null(value=False)
