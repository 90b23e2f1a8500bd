"""Signs from tcp-flags, which say it plainly: SYN without ACK opens, SYN-ACK answers, RST refuses.

Flags are OR-ed over the interval and ACK alone is not reported
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html). A later interval of a long connection has no
SYN and is no sign of anything, and so are late packets of a closed connection, which are REJECT as well.
"""

import polars as pl

from flowsentry.contacts.signs import TCP, Signs, established_signs, is_syn_sized, opening_signs, reply_signs

FIN, SYN, RST, ACK = 1, 2, 4, 16


def signs_by_flags(flows: pl.DataFrame) -> Signs:
    """What the TCP records among a chunk's are signs of.

    An opening is established when it was accepted and the opener's own record has more than SYNs in it: then it was
    answered somewhere, even when the reply is in another file or payload. That makes the outcome independent of how
    CloudWatch Logs cuts its payloads. A SYN-ACK without a SYN in the batch is no contact (backscatter).
    """
    accepted = pl.col("action") == "ACCEPT"
    flagged = flows.filter((pl.col("protocol") == TCP) & _has(SYN | RST))
    opener = flagged.filter(_has(SYN) & ~_has(ACK))
    established = accepted & (_has(FIN) | ~is_syn_sized())
    answer = flagged.filter(_has(SYN) & _has(ACK) & accepted)
    reset = flagged.filter(_has(RST) & ~_has(SYN) & accepted)
    yes, no_packets = pl.lit(value=True), pl.lit(0, pl.Int64)
    return Signs(
        established_signs(opener.filter(established)),
        opening_signs(opener.filter(~established), is_certain=yes),
        pl.concat(
            [
                reply_signs(answer, is_answered=yes, reply_packets=no_packets),
                reply_signs(reset, is_refused=yes, reply_packets=no_packets),
            ]
        ),
    )


def _has(bits: int) -> pl.Expr:
    return (pl.col("tcp_flags") & bits) != 0
