"""The object with the settings of detection, which is uploaded with the code of the functions."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack

from flowsentry.settings import UploadedDetectionSettings
from stacks.processing.detection_object import DetectionObject, detection_settings
from tests.stacks.test_deployment import read

NETWORKS = [f"203.0.{number}.0/24" for number in range(256)]
SERVICES = [f"orders-database-{number}.internal.example:5432" for number in range(2_000)]


def uploaded(folder: Path, settings: dict[str, Any]) -> tuple[str, str, list[Path]]:
    """The address and ARN of the object, and the files to upload, of a stack of its own."""
    app = App(outdir=str(folder))
    stack = Stack(app, "Stack")
    made = DetectionObject(stack, "Detection", deployment=read(settings))
    address, arn = (json.dumps(stack.resolve(text)) for text in (made.address, made.arn))
    app.synth()
    return address, arn, sorted(folder.glob("asset.*.json"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("synthesised")


def test_256_networks_and_2_000_services_are_uploaded_as_the_functions_read_them(folder: Path) -> None:
    address, arn, (file,) = uploaded(folder / "many", {"trusted_networks": NETWORKS, "important_services": SERVICES})
    given = UploadedDetectionSettings.from_json(file.read_bytes())
    assert (len(given.trusted_networks), len(given.important_services)) == (256, 2_000)
    key = file.name.removeprefix("asset.")
    assert key in address
    assert key in arn


def test_a_changed_setting_is_another_address_and_an_equal_one_the_same(folder: Path) -> None:
    one, again, other = (
        uploaded(folder / name, {"thresholds": {"scan": {"min_endpoints": number}}})[0]
        for name, number in (("one", 20), ("again", 20), ("other", 21))
    )
    assert one == again
    assert one != other


def test_defaults_upload_nothing(folder: Path) -> None:
    assert uploaded(folder / "none", {}) == ('""', '""', [])


def test_every_setting_reaches_the_functions() -> None:
    given = read(
        {
            "inside_networks": NETWORKS[:1],
            "own_public_networks": NETWORKS[1:2],
            "trusted_networks": NETWORKS[2:3],
            "important_services": SERVICES[:1],
            "public_login_services": ["git-1:22"],
            "thresholds": {"scan": {"min_endpoints": 20}},
        }
    )
    assert json.loads(detection_settings(given).to_json()) == {
        "inside_networks": NETWORKS[:1],
        "own_public_networks": NETWORKS[1:2],
        "trusted_networks": NETWORKS[2:3],
        "important_services": SERVICES[:1],
        "public_login_services": ["git-1:22"],
        "thresholds": '{"scan": {"min_endpoints": 20}}',
    }
