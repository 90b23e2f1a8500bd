"""Whether a rule refused a flow."""

import polars as pl


def with_rejection(flows: pl.DataFrame) -> pl.DataFrame:
    """Adds `is_rejected`: the action is REJECT. Without an action, as in every record of a transit gateway, a flow was
    not refused as far as is known.
    """
    is_rejected = (flows["action"] == "REJECT").fill_null(value=False)
    return flows.hstack([is_rejected.alias("is_rejected")])
