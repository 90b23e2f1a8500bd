"""The user's settings for detection: what is ours, who is trusted, from when on something is told, and what is not."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowsentry.findings.suppressions import CRITERIA, read_entries
from flowsentry.findings.thresholds import Number, ThresholdError, Thresholds
from flowsentry.inventory.named_services import LOGIN_PORTS, named_service, words
from stacks.settings.allowed import REFUSED, Allowed, Problems, list_of, network, setting
from stacks.settings.research_scanners import RESEARCH_SCANNERS

MOST_BYTES_OF_SERVICES = 1_000
"""More: with other long settings the 4 KB of a function's environment are full. Fewer: whoever names hosts one by one
runs out of room."""


def thresholds() -> Allowed:
    def read(key: str, value: Any, problems: Problems) -> Any:
        try:
            return Thresholds.of(value)
        except ThresholdError as error:
            problems.append(f"{key}: {error}")
            return REFUSED

    return Allowed('sections such as {"scan": {"min_endpoints": 20}}', read)


def service(ports: Collection[int] = ()) -> Allowed:
    """The name of a service as it is written, once it can be meant; with `ports`, of none but these."""

    def read(key: str, value: Any, problems: Problems) -> Any:
        try:
            named_service(value, ports)
        except (ValueError, AttributeError):
            return problems.refuse(key, value, words(ports))
        return value.strip()

    return Allowed(words(ports), read)


def suppressions() -> Allowed:
    """The entries as they are written, once they can be meant."""

    def read(key: str, value: Any, problems: Problems) -> Any:
        _, wrong = read_entries(value, key)
        problems.extend(wrong)
        return REFUSED if wrong else tuple(value)

    return Allowed(f"a list of objects with a reason and at least one of {', '.join(CRITERIA)}", read)


def too_many_bytes(services: Sequence[str]) -> Iterator[str]:
    """What is wrong with them together: a function is told all of them in its environment, which holds 4 KB."""
    if (size := len(",".join(services).encode())) > MOST_BYTES_OF_SERVICES:
        yield f"they have {size:,} bytes; allowed: {MOST_BYTES_OF_SERVICES:,} in all (name networks)"


@dataclass(frozen=True)
class DetectionSettings:
    """What is judged, and by what."""

    inside_networks: tuple[str, ...] = setting(list_of(network()), default=())
    own_public_networks: tuple[str, ...] = setting(list_of(network()), default=())
    trusted_networks: tuple[str, ...] = setting(list_of(network()), default=())
    public_login_services: tuple[str, ...] = setting(list_of(service(LOGIN_PORTS), together=too_many_bytes), default=())
    important_services: tuple[str, ...] = setting(list_of(service(), together=too_many_bytes), default=())
    thresholds: Thresholds = setting(thresholds(), default_factory=Thresholds)  # noqa: RUF009 - it is field()
    suppressions: tuple[Mapping[str, Any], ...] = setting(suppressions(), default=())

    @property
    def changed_thresholds(self) -> str:
        """Those that are not as by default, in JSON by section; nothing when all are."""
        sections: dict[str, dict[str, Number]] = {}
        for name, value in self.thresholds.differences().items():
            section, _, own_name = name.partition(".")
            sections.setdefault(section, {})[own_name] = value
        return json.dumps(sections) if sections else ""

    @property
    def first_suppressions(self) -> str:
        """What the object of suppressions begins with, in JSON: those of the settings, then research scanners, off."""
        return json.dumps({"suppressions": [*self.suppressions, *RESEARCH_SCANNERS]})
