"""Keys of the objects of flow logs, which tell what a prefix of a bucket holds."""

from collections.abc import Iterable

from local.doctor.picture import Picture

ANY_NAME = "any.log.gz"


def beginnings(folder: str, picture: Picture) -> tuple[str, str]:
    """What the keys of this account's flow logs begin with in the folder of their destination: without and with Hive's
    partitions.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
    """
    account, region = picture.account_id, picture.region
    above = f"{folder.strip('/')}/AWSLogs".lstrip("/")
    return (
        f"{above}/{account}/vpcflowlogs/{region}/",
        f"{above}/aws-account-id={account}/aws-service=vpcflowlogs/aws-region={region}/",
    )


def overlaps(prefix: str, keys_begin: Iterable[str]) -> bool:
    """Whether a key that begins so may have the prefix."""
    return any(each.startswith(prefix) or prefix.startswith(each) for each in keys_begin)


def example_under(prefix: str, picture: Picture) -> str:
    """A key of a flow log's object that has the prefix."""
    plain, _ = beginnings("", picture)
    return f"{plain if plain.startswith(prefix) else f'{prefix}{plain}'}{ANY_NAME}"
