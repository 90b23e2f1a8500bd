"""The sample company's afternoon as files, for the commands that the pages are compared with."""

from pathlib import Path
from typing import Any

from local.console.console_data import ConsoleData
from local.console.query import Query
from local.traffic.delivery import FlowLog, objects
from local.traffic.records import ALL_NAMES
from tests.sample_company.replay import FOLDER, sample_company, sample_traffic

INVENTORY = FOLDER / "inventory.zip"
DAY = 86_400


def written(folder: Path) -> Path:
    """The folder, with a file for each network."""
    company, traffic = sample_company(), sample_traffic()
    flow_log = FlowLog("fl-0a1b2c3d", company.account_id, company.region, ALL_NAMES)
    for network in company.networks:
        content = b"".join(body for _, body in objects(traffic.records[network.name], flow_log))
        (folder / f"{network.name}.log.gz").write_bytes(content)
    return folder


def asked(handler: Any, data: ConsoleData, **parameters: object) -> dict[str, Any]:
    """What a handler returns for these parameters."""
    answer: dict[str, Any] = handler(data, Query(parameters={name: str(value) for name, value in parameters.items()}))
    return answer
