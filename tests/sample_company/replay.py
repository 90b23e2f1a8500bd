"""A small replay for tests of the console: an afternoon of the invented company, with its scenarios and inventory."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from flowsentry.inventory.snapshot import unpack
from flowsentry.pipeline import Context
from local.console.subjects.recording import Recording
from local.traffic.company.network import Company
from local.traffic.company.plan import TRUSTED_NETWORKS
from local.traffic.delivery import FlowLog, objects
from local.traffic.generation import MIN_HOURS, Traffic, generate
from local.traffic.records import ALL_NAMES

FOLDER = Path(__file__).parent
AFTERNOON = int(datetime(2026, 11, 19, 17, 0, 20, tzinfo=UTC).timestamp())
"""The end of the traffic, three hours long."""


class SampleObject:
    """A LogSource: one object as AWS delivers it."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name, self.size, self._content = name, len(content), content

    def blocks(self) -> Iterator[bytes]:
        yield self._content


def sample_company() -> Company:
    return TypeAdapter(Company).validate_json((FOLDER / "company.json").read_bytes())


def sample_traffic() -> Traffic:
    return generate(sample_company(), AFTERNOON, hours=MIN_HOURS)


def sample_context() -> Context:
    inventory = unpack((FOLDER / "inventory.zip").read_bytes())
    return Context(inventory, trusted_networks=tuple(TRUSTED_NETWORKS))


@cache
def sample_objects() -> Mapping[str, Sequence[SampleObject]]:
    """The afternoon as AWS delivers it, by network: an object for each five minutes."""
    company, traffic = sample_company(), sample_traffic()
    flow_log = FlowLog("fl-0a1b2c3d", company.account_id, company.region, ALL_NAMES)
    return {
        network.name: [SampleObject(*each) for each in objects(traffic.records[network.name], flow_log)]
        for network in company.networks
    }


@cache
def sample_recording() -> Recording:
    """What the afternoon leaves; recorded once, an object for each network."""
    recording = Recording(sample_context(), clock=lambda: AFTERNOON + 60)
    for network, some in sample_objects().items():
        content = b"".join(block for each in some for block in each.blocks())
        recording.take(SampleObject(f"{network}.log.gz", content))
    return recording
