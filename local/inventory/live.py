"""Reads the inventory of an account and Region with read-only calls, and keeps its snapshot for the next time."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from flowsentry.aws.inventory.changes import RunResults, with_results
from flowsentry.aws.inventory.region import NotPermittedError, RegionDiscovery
from flowsentry.errors import RetryableError
from flowsentry.inventory.inventory import Discovery, Inventory
from flowsentry.inventory.snapshot import UnreadableSnapshotError, pack, unpack
from local.inventory.kept_files import replace_file
from local.terminal.next_steps import next_step

MISSING: Mapping[str, str] = {
    "rules": "no rule is named that refused packets",
    "route tables": "owners in other VPCs are not named, and paths of the bill are not known",
    "peering connections": "owners in peered VPCs are not named",
    "transit gateways": "owners behind transit gateways are not named",
    "prefix lists of routes": "owners behind prefix lists of routes are not named",
    "ec2 describe_flow_logs": "the state of flow logs is not known",
    "ec2 describe_addresses": "Elastic IP addresses without an interface are not named",
}
"""What an answer that is refused leaves out; of the other calls, names."""
NO_NAMES = "ids stand for the names that it returns"


class LiveError(Exception):
    """The account can't be read; the message is a sentence with the next step."""


@dataclass(frozen=True)
class LiveInventory:
    """The inventory, the account and Region (`ACCOUNT/REGION`) that it is of, the file that it was saved in, and what
    is missing in it, a sentence for each call that was refused or failed.
    """

    inventory: Inventory
    target: str
    path: Path
    missing: Sequence[str] = ()


def live_inventory(profile: str | None, region: str | None, folder: Path, now: float | None = None) -> LiveInventory:
    """The inventory as it is now, with the interfaces that an earlier snapshot in the folder remembers. The new one
    replaces that snapshot; only its owner can read it. Raises LiveError.
    """
    import boto3  # noqa: PLC0415 - only --live needs it

    with _asked():
        session = boto3.Session(profile_name=profile, region_name=region)
        if not session.region_name:
            raise LiveError("no AWS Region is set; give one with --region")
        account = session.client("sts").get_caller_identity()["Account"]
        source = RegionDiscovery.of(session, f"{account}/{session.region_name}")
        discovery = source.discover()
    return saved(discovery, source.failed_calls, folder, time.time() if now is None else now)


def saved(discovery: Discovery, failed_calls: Sequence[str], folder: Path, now: float) -> LiveInventory:
    """The inventory of a discovery, after it was added to the snapshot in the folder. Raises LiveError."""
    path = folder / f"{discovery.target.replace('/', '-')}.zip"
    inventory = with_results(_before(path), RunResults(now, [discovery]), [discovery.target])
    _write(path, pack(inventory))
    return LiveInventory(inventory, discovery.target, path, [_sentence(each) for each in failed_calls])


@contextmanager
def _asked() -> Iterator[None]:
    """Turns what AWS or boto3 raise into LiveError."""
    try:
        yield
    except NotPermittedError as error:
        raise LiveError(f"{error}; docs/replay.md has the policy for it") from error
    except (BotoCoreError, ClientError, RetryableError) as error:
        step = next_step(error) or "check the credentials, --profile and --region"
        raise LiveError(f"the account can't be read: {error}; {step}") from error


def _before(path: Path) -> Inventory:
    """What an earlier snapshot remembers; nothing without one, or for a damaged one, which is replaced."""
    try:
        return unpack(path.read_bytes())
    except (OSError, UnreadableSnapshotError):
        return Inventory()


def _write(path: Path, content: bytes) -> None:
    try:
        replace_file(path, content)
    except OSError as error:
        raise LiveError(f"the inventory can't be saved in {path}: {error.strerror}") from error


def _sentence(failed_call: str) -> str:
    """`elbv2 describe_load_balancers: AccessDenied; ids stand for the names that it returns`."""
    return f"{failed_call}; {MISSING.get(failed_call.partition(':')[0], NO_NAMES)}"
