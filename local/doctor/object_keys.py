"""Keys of the objects of flow logs, which tell what a prefix of a bucket holds."""

from collections.abc import Iterable

from local.doctor.account_state import AccountState

ANY_NAME = "any.log.gz"


def beginnings(folder: str, account: AccountState) -> tuple[str, str]:
    """What the keys of this account's flow logs begin with in the folder of their destination: without and with Hive's
    partitions.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
    """
    account_id, region = account.account_id, account.region
    above = f"{folder.strip('/')}/AWSLogs".lstrip("/")
    return (
        f"{above}/{account_id}/vpcflowlogs/{region}/",
        f"{above}/aws-account-id={account_id}/aws-service=vpcflowlogs/aws-region={region}/",
    )


def overlaps(prefix: str, keys_begin: Iterable[str]) -> bool:
    """Whether a key that begins so may have the prefix."""
    return any(each.startswith(prefix) or prefix.startswith(each) for each in keys_begin)


def example_under(prefix: str, account: AccountState) -> str:
    """A key of a flow log's object that has the prefix."""
    plain, _ = beginnings("", account)
    return f"{plain if plain.startswith(prefix) else f'{prefix}{plain}'}{ANY_NAME}"
