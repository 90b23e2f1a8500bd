"""Places: where in an account people look further: logs, tables, and the command that says what they made of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Places:
    """What messages may point to; what is empty is not pointed to. `log_groups` are those that flow logs are in,
    `vpcs_in_s3` those whose flow logs are in none; `athena_table` is `database.table` of the enriched flows.
    """

    region: str = ""
    partition: str = "aws"
    account_id: str = ""
    log_groups: tuple[str, ...] = ()
    vpcs_in_s3: tuple[str, ...] = ()
    athena_table: str = ""
    athena_workgroup: str = ""
    deployment: str = "flowsentry"
