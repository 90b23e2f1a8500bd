"""Signs from tcp-flags, which say it plainly: SYN without ACK opens, SYN-ACK answers, RST refuses.

Flags are OR-ed over the interval and ACK alone is not reported
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html). A later interval of a long connection has no
SYN and is no sign of anything, and so are late packets of a closed connection, which are REJECT as well.
"""

import polars as pl

from flowsentry.contacts.signs import is_syn_sized, opener_signs, reply_signs

FIN, SYN, RST, ACK = 1, 2, 4, 16


def signs_by_flags(tcp: pl.DataFrame) -> pl.DataFrame:
    """What the TCP records of a chunk are signs of.

    An opening is established when it was accepted and the opener's own record has more than SYNs in it: then it was
    answered somewhere, even when the reply is in another file or payload. That makes the outcome independent of how
    CloudWatch Logs cuts its payloads. A SYN-ACK without a SYN in the batch is no contact (backscatter).
    """
    accepted = pl.col("action") == "ACCEPT"
    flagged = tcp.filter(_has(SYN | RST))
    opener = flagged.filter(_has(SYN) & ~_has(ACK))
    answer = flagged.filter(_has(SYN) & _has(ACK) & accepted)
    reset = flagged.filter(_has(RST) & ~_has(SYN) & accepted)
    no_packets = pl.lit(0, pl.Int64)
    return pl.concat(
        [
            opener_signs(
                opener,
                rejected_packets=pl.when(~accepted).then("packets").otherwise(0),
                is_established=accepted & (_has(FIN) | ~is_syn_sized()),
                is_certain=pl.lit(value=True),
            ),
            reply_signs(answer, is_answered=pl.lit(value=True), reply_packets=no_packets),
            reply_signs(reset, is_refused=pl.lit(value=True), reply_packets=no_packets),
        ]
    )


def _has(bits: int) -> pl.Expr:
    return (pl.col("tcp_flags") & bits) != 0
