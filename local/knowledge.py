"""What commands may be told of a network beside its flow logs: an inventory's snapshot, and databases of addresses."""

import argparse
import json
from dataclasses import fields
from pathlib import Path

from flowsentry.aws.ingest.geo_databases import DatabaseError, Databases, opened
from flowsentry.findings.suppressions import Suppressions, UnreadableSuppressionsError
from flowsentry.inventory.geoip import Geography, NoGeography
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.snapshot import UnreadableSnapshotError, unpack
from stacks.settings.allowed import Problems, section
from stacks.settings.detection import DetectionSettings


class KnowledgeError(Exception):
    """A file can't be used; the message says which and why."""


def add_knowledge_to(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="the snapshot of an inventory (inventory/snapshot.zip in the output bucket): names owners and rules",
    )
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="a deployment's settings (cdk.json): its networks, public login services, thresholds and suppressions",
    )
    parser.add_argument(
        "--suppressions",
        type=Path,
        metavar="FILE",
        help="what nobody is to be told of (suppressions/suppressions.json in the output bucket)",
    )
    parser.add_argument(
        "--geo",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a database of countries or networks in MaxMind's format (.mmdb); may be given twice",
    )


def knowledge_of(options: argparse.Namespace) -> tuple[Inventory, Geography]:
    """What the options name. Raises KnowledgeError."""
    return inventory_in(options.inventory) if options.inventory else Inventory(), _geography_in(options.geo)


def inventory_in(path: Path) -> Inventory:
    """The inventory in a file. Raises KnowledgeError."""
    try:
        return unpack(path.read_bytes())
    except OSError as error:
        raise KnowledgeError(f"{path}: {error.strerror}") from error
    except UnreadableSnapshotError as error:
        raise KnowledgeError(f"{path}: {error}") from error


def suppressions_in(path: Path | None) -> Suppressions:
    """The suppressions in a file; none without one. Raises KnowledgeError."""
    try:
        return Suppressions.of_json(path.read_text()) if path else Suppressions()
    except OSError as error:
        raise KnowledgeError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, UnreadableSuppressionsError) as error:
        raise KnowledgeError(f"{path}: {error}") from error


def settings_in(path: Path | None) -> DetectionSettings:
    """What the file of a deployment's settings (cdk.json) says of detection; without one, what is so by default. Raises
    KnowledgeError.
    """
    if path is None:
        return DetectionSettings()
    problems = Problems()
    try:
        given = json.loads(path.read_text())["context"]["flowsentry"]
        of_detection = {each.name: given[each.name] for each in fields(DetectionSettings) if each.name in given}
    except OSError as error:
        raise KnowledgeError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise KnowledgeError(f'{path} has no "context" with "flowsentry" in it, as cdk.json has: {error}') from error
    settings: DetectionSettings = section(DetectionSettings).read("flowsentry", of_detection, problems)
    if problems:
        raise KnowledgeError(f"{path}: {'; '.join(problems)}")
    return settings


def _geography_in(paths: list[Path]) -> Geography:
    try:
        return Databases([opened(path) for path in paths]) if paths else NoGeography()
    except DatabaseError as error:
        raise KnowledgeError(str(error)) from error
