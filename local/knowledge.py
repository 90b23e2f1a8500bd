"""Command-line options for the files that replay reads beside flow logs: inventory, settings, suppressions, GeoIP."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from flowsentry.aws.geo_databases import DatabaseError, Databases, opened
from flowsentry.findings.suppressions import Suppressions, UnreadableSuppressionsError
from flowsentry.inventory.geoip import Geography, NoGeography
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.snapshot import UnreadableSnapshotError, unpack
from local.terminal.command import Options
from stacks.settings.detection import DetectionSettings
from stacks.settings.reading import SettingsError, read_section, section_in


class KnowledgeError(Exception):
    """A file is invalid; the message says which and why."""


FILES = "Files beside the logs"
"""A group of options in --help."""


@dataclass(frozen=True, kw_only=True)
class KnowledgeOptions(Options):
    """Files that are read beside flow logs."""

    inventory: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=FILES,
            help="inventory snapshot (inventory/snapshot.zip in the output bucket), to name owners and rules",
        ),
    ] = None
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=FILES,
            help="settings of a deployment (cdk.json): networks, public login services, thresholds and suppressions",
        ),
    ] = None
    suppressions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=FILES,
            help="suppressions (suppressions/suppressions.json in the output bucket); replaces those of --settings",
        ),
    ] = None
    geo: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE",
            rich_help_panel=FILES,
            help="country or network database in MaxMind format (.mmdb); may be given twice",
        ),
    ] = field(default_factory=list)


def knowledge_of(options: KnowledgeOptions) -> tuple[Inventory, Geography]:
    """The inventory and the GeoIP databases in the files that the options name. Raises KnowledgeError."""
    return inventory_in(options.inventory) if options.inventory else Inventory(), _geography_in(options.geo)


def inventory_in(path: Path) -> Inventory:
    """The inventory in a file. Raises KnowledgeError."""
    try:
        return unpack(path.read_bytes())
    except OSError as error:
        raise KnowledgeError(f"{path}: {error.strerror}") from error
    except UnreadableSnapshotError as error:
        raise KnowledgeError(
            f"--inventory {path}: {error}; use a snapshot such as inventory/snapshot.zip in the output bucket"
        ) from error


def suppressions_in(path: Path | None) -> Suppressions:
    """The suppressions in a file; without a file, none. Raises KnowledgeError."""
    try:
        return Suppressions.of_json(path.read_text()) if path else Suppressions()
    except OSError as error:
        raise KnowledgeError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, UnreadableSuppressionsError) as error:
        raise KnowledgeError(f"{path}: {error}") from error


def settings_in(path: Path | None) -> DetectionSettings:
    """The detection settings in a deployment's settings file (cdk.json); without a file, the defaults. Raises
    KnowledgeError.
    """
    if path is None:
        return DetectionSettings()
    try:
        given = section_in(path, "flowsentry")
    except SettingsError as error:
        raise KnowledgeError("; ".join(error.problems)) from error
    of_detection = {name: given[name] for name in DetectionSettings.model_fields if name in given}
    try:
        return read_section(DetectionSettings, "flowsentry", of_detection)
    except SettingsError as error:
        raise KnowledgeError(f"{path}: {'; '.join(error.problems)}") from error


def _geography_in(paths: list[Path]) -> Geography:
    try:
        return Databases([opened(path) for path in paths]) if paths else NoGeography()
    except DatabaseError as error:
        raise KnowledgeError(str(error)) from error
