"""The dependency audit: every package is pinned, installed as pinned, licensed, not yanked and not known vulnerable.

The registry is queried through its own clients and their configuration, and only for the packages of the layer. A
registry that cannot be reached is reported, and is no failure.
"""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from campaigns.process_memory import peak_mb
from campaigns.report import Report

ROOT = Path(__file__).parent.parent
LAYER = ROOT / "layers" / "dependencies" / "requirements.txt"
REQUIREMENTS = (ROOT / "requirements.txt", ROOT / "requirements-run.txt", ROOT / "requirements-dev.txt", LAYER)
COPYLEFT = re.compile(r"\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)
NOT_INSTALLED_HERE = "-"
WAIT_SECONDS = 30
OLDEST_PYTHON = "3.11"


def run(seconds: float, seed: int) -> Report:  # noqa: ARG001 - nothing is left to chance
    """The report of the audit; messages without a problem are printed and do not fail it."""
    pins = pinned(ROOT / "constraints.txt")
    layer = _closure([requirement.name for requirement in _requirements(LAYER)])
    failures = [*_unpinned(), *_not_as_pinned(pins), *_of_python(), *_layer(pins, layer), *_licences(layer)]
    messages, wrong = _registry(pins, layer, min(seconds, WAIT_SECONDS))
    for line in (_licence_line(layer), *messages):
        print(f"    {line}")
    return Report("dependencies", len(pins), 0, 0, peak_mb(), (*failures, *wrong))


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text().splitlines():
        if (text := line.partition(" #")[0].strip()) and not text.startswith(("#", "-")):
            yield text


def _requirements(path: Path) -> list[Requirement]:
    return [Requirement(line) for line in _lines(path)]


def pinned(path: Path) -> dict[str, tuple[str, bool]]:
    """The pinned version of each package, and whether it applies to this machine."""
    found: dict[str, tuple[str, bool]] = {}
    for each in _requirements(path):
        is_here = each.marker is None or each.marker.evaluate()
        version = str(each.specifier).removeprefix("==")
        if is_here or each.name not in found:
            found[canonicalize_name(each.name)] = (version, is_here)
    return found


def _unpinned() -> Iterator[str]:
    for path in REQUIREMENTS:
        for line in _lines(path):
            try:
                specifier = str(Requirement(line).specifier)
            except InvalidRequirement as error:
                yield f"{path.name}: {line!r} is no requirement: {error}"
                continue
            if not re.fullmatch(r"==[^*,]+", specifier):
                yield f"{path.name}: {line!r} is not pinned to one version"


def _not_as_pinned(pins: dict[str, tuple[str, bool]]) -> Iterator[str]:
    for name, (version, is_here) in pins.items():
        if is_here and (installed := _version(name)) != version:
            yield f"{name} is pinned to {version}, and {installed} is installed"


def _version(name: str) -> str:
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return NOT_INSTALLED_HERE


def _of_python() -> Iterator[str]:
    """Packages that do not support the oldest supported Python."""
    for each in distributions():
        wanted = _metadata_field(each, "Requires-Python")
        if wanted and OLDEST_PYTHON not in SpecifierSet(wanted.replace(".*", "")):
            yield f"{each.name} {each.version} needs Python {wanted}"


def _closure(names: list[str]) -> set[str]:
    """The packages and their dependencies on this machine, without extras."""
    found: set[str] = set()
    waiting = [canonicalize_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        needed = [Requirement(text) for text in _requires(name)]
        waiting += [
            canonicalize_name(each.name) for each in needed if not each.marker or each.marker.evaluate({"extra": ""})
        ]
    return found


def _requires(name: str) -> list[str]:
    try:
        return distribution(name).requires or []
    except PackageNotFoundError:
        return []


def _layer(pins: dict[str, tuple[str, bool]], layer: set[str]) -> Iterator[str]:
    """Packages of the layer, including dependencies, that are not pinned."""
    for name in sorted(layer - set(pins)):
        yield f"{name} is in the layer but not pinned"


def _licences(layer: set[str]) -> Iterator[str]:
    for name in sorted(layer):
        licence = _licence(name)
        if COPYLEFT.search(licence):
            yield f"{name}, which is in the layer, is under {licence}"
        if not licence:
            yield f"{name}, which is in the layer, names no licence"


def _licence(name: str) -> str:
    """The licence in the package's metadata; empty when it names none."""
    try:
        found: Distribution = distribution(name)
    except PackageNotFoundError:
        return NOT_INSTALLED_HERE
    classifiers = [line for line in found.metadata.get_all("Classifier") or [] if "License ::" in line]
    of_classifiers = ", ".join(line.rpartition(" :: ")[2] for line in classifiers)
    return (
        _metadata_field(found, "License-Expression")
        or of_classifiers
        or _metadata_field(found, "License").partition("\n")[0]
    )


def _metadata_field(found: Distribution, name: str) -> str:
    """A field of a package's metadata; empty when missing."""
    return str(found.metadata[name]) if name in found.metadata else ""


def _licence_line(layer: set[str]) -> str:
    return f"the layer: {', '.join(f'{name} ({_licence(name)})' for name in sorted(layer))}"


def _registry(pins: dict[str, tuple[str, bool]], layer: set[str], seconds: float) -> tuple[list[str], list[str]]:
    """Messages about the registry's answers, and the problems they show."""
    wanted = {name: pins[name][0] for name in sorted(layer & set(pins))}
    yanked, messages = _yanked(wanted, seconds)
    messages += [_newer(wanted, seconds)]
    vulnerable, asked = _vulnerabilities(wanted, seconds)
    return [*messages, asked], [*yanked, *vulnerable]


def _client(arguments: list[str], given: str, seconds: float) -> subprocess.CompletedProcess[str] | None:
    """The result of a uv command; None when it times out or uv is not installed."""
    uv = Path(sys.executable).parent / "uv"
    try:
        return subprocess.run(  # noqa: S603 - our own arguments
            [str(uv), *arguments], input=given, capture_output=True, text=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _yanked(wanted: dict[str, str], seconds: float) -> tuple[list[str], list[str]]:
    given = "".join(f"{name}=={version}\n" for name, version in wanted.items())
    answer = _client(["pip", "compile", "--no-deps", "--no-header", "-"], given, seconds)
    if answer is None or answer.returncode:
        return [], ["yanked versions: the registry is not reachable"]
    found = [line.strip() for line in answer.stderr.splitlines() if "yanked" in line]
    return found, [f"yanked versions: {len(found)} of {len(wanted)} of the layer"]


def _newer(wanted: dict[str, str], seconds: float) -> str:
    answer = _client(["pip", "compile", "--no-deps", "--no-header", "--no-annotate", "-"], "\n".join(wanted), seconds)
    if answer is None or answer.returncode:
        return "newer versions: the registry is not reachable"
    newest = dict(line.split("==") for line in answer.stdout.splitlines() if "==" in line)
    newer = [
        f"{name} {wanted[name]} → {newest[name]}" for name in wanted if newest.get(name, wanted[name]) != wanted[name]
    ]
    return f"newer versions: {', '.join(newer) or 'none'}"


def _vulnerabilities(wanted: dict[str, str], seconds: float) -> tuple[list[str], str]:
    """Known vulnerabilities, from the metadata of the registry that pip and uv are configured to use."""
    index = next(
        (os.environ[name] for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL") if name in os.environ), ""
    )
    found: list[str] = []
    asked = 0
    for name, version in wanted.items():
        about = _metadata(index, f"{name}/{version}", seconds)
        if about is None:
            return found, f"vulnerabilities: not reachable (asked {asked} of {len(wanted)})"
        asked += 1
        found += [
            f"{name} {version}: {each.get('id')} {each.get('summary') or ''}" for each in about["vulnerabilities"]
        ]
    return found, f"vulnerabilities: {len(found)} in {asked} packages of the layer"


def _metadata(index: str, path: str, seconds: float) -> dict[str, Any] | None:
    """The registry's JSON about a version; None when it has none or cannot be reached."""
    root = index.rstrip("/").removesuffix("/simple")
    if urllib.parse.urlsplit(root).scheme != "https":
        return None
    try:
        with urllib.request.urlopen(f"{root}/pypi/{path}/json", timeout=seconds) as answer:  # noqa: S310 - https only
            about: dict[str, Any] = json.load(answer)
    except (OSError, ValueError, urllib.error.URLError):
        return None
    return about if isinstance(about.get("vulnerabilities"), list) else None
