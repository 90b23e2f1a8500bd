"""Settings for detection: which networks are inside or trusted, thresholds, and suppressions."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, create_model
from pydantic_core import CoreSchema, core_schema

from flowsentry.findings.thresholds import Number, Thresholds, known_thresholds
from flowsentry.inventory.named_services import LOGIN_PORTS, named_service, words
from stacks.settings.suppressions import RESEARCH_SCANNERS, SuppressionEntries
from stacks.settings.values import Network, Section

MAX_NETWORKS, MAX_SERVICES = 1_000, 5_000
"""Networks, and services, of one setting. Higher: a function starts more slowly (10 µs a service), and each batch of
addresses is compared with each inside network (40 ms at 1,000). Lower: no room for those who list hosts one by one.
"""


def _named(*ports: int) -> Callable[[str], str]:
    """A validator of the name of a service, as `named_service` reads it; with `ports`, on one of these ports."""

    def checked(text: str) -> str:
        named_service(text, ports)
        return text.strip()

    return checked


NamedService = Annotated[str, AfterValidator(_named()), Field(title=words())]
LoginService = Annotated[str, AfterValidator(_named(*LOGIN_PORTS)), Field(title=words(LOGIN_PORTS))]
Networks = Annotated[tuple[Network, ...], Field(max_length=MAX_NETWORKS)]


def _as_fraction(value: Any) -> Any:
    """A number that the command line keeps as text."""
    return float(value) if isinstance(value, str) else value


def _about(section: str) -> str:
    """The docstring of a section of thresholds."""
    return str(type(getattr(Thresholds(), section)).__doc__)


def _models_of_thresholds() -> dict[str, type[Section]]:
    """A model for each section of thresholds, with the names, defaults, bounds and descriptions of the functions."""
    fields: dict[str, dict[str, Any]] = {}
    defaults = asdict(Thresholds())
    for full_name, bounds in known_thresholds().items():
        section, _, name = full_name.partition(".")
        default = defaults[section][name]
        kind = int if isinstance(default, int) else Annotated[float, BeforeValidator(_as_fraction)]
        field = Field(default=default, ge=bounds.low, le=bounds.high, description=bounds.meaning)
        fields.setdefault(section, {})[name] = (kind, field)
    return {
        section: create_model(f"{section.title()}Thresholds", __base__=Section, **of_section)
        for section, of_section in fields.items()
    }


_MODELS = _models_of_thresholds()
ThresholdSettings = create_model(  # type: ignore[call-overload]  # the sections are known at run time
    "ThresholdSettings",
    __base__=Section,
    __doc__="Thresholds by section.",
    **{section: (model, Field(default=model(), description=_about(section))) for section, model in _MODELS.items()},
)


class _AsThresholds:
    """Validates with the models, and makes the dataclass that the functions use."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        models = handler.generate_schema(ThresholdSettings)
        return core_schema.no_info_after_validator_function(lambda made: Thresholds.of(made.model_dump()), models)


class DetectionSettings(Section):
    """What detection compares with: networks, services, thresholds and suppressions."""

    inside_networks: Networks = ()
    """CIDR blocks that count as inside, beside those of the VPCs: a data centre, an office. Without it, the private
    ranges; with it, only these."""
    own_public_networks: Networks = ()
    """Public CIDR blocks of yours, which count as inside too: `["198.51.100.0/24"]`. A scanner with such an address is
    one of your hosts, and traffic to it does not leave your network."""
    trusted_networks: Networks = ()
    """CIDR blocks outside from which your people log in: an office, a partner. A login from there is expected; a scan
    from there is a line in the digest. For IPv6 give a /64 or larger: a session is judged by its address, a password
    guess or a scan by its /64, which is trusted if all the addresses it used (up to seven) are."""
    public_login_services: tuple[LoginService, ...] = Field(default=(), max_length=MAX_SERVICES)
    """Login services (SSH, RDP, WinRM) that are open to everybody, such as a Git or SFTP server: an address, a CIDR
    block, an address with a port (`"10.0.0.5:22"`, `"[2001:db8::5]:22"`), or the ID or name of an owner (`"git-1"`), as
    in your VPC; behind a load balancer give the load balancer too. Sessions of external clients and password guesses
    there are not reported, because short fetches and guesses have the same records. Guesses by your own hosts are
    reported. A service that is not listed and has many external clients makes [one alert a
    day](detectors.md#public_login_service)."""
    important_services: tuple[NamedService, ...] = Field(default=(), max_length=MAX_SERVICES)
    """Services whose outage is an urgent message instead of a line in the digest: an address, a CIDR block, or the ID,
    name or kind of an owner, each with a port after a colon for that port only: `["orders-db:5432", "10.0.3.0/24", "rds
    database"]`."""
    thresholds: Annotated[Thresholds, _AsThresholds] = Field(default_factory=Thresholds)
    """When something is reported: `{"scan": {"min_endpoints": 20}}`. Each threshold is described in
    [detectors](detectors.md#thresholds). `make replay` with `--set scan.min_endpoints=20` shows what a threshold would
    change before you deploy it."""
    suppressions: SuppressionEntries = ()
    """Findings that no alert is sent for, as entries of the [suppressions object](suppressions.md). The first
    deployment writes them to the object; after that, edit the object."""

    @property
    def changed_thresholds(self) -> str:
        """The thresholds that differ from their defaults, in JSON by section; empty if none do."""
        sections: dict[str, dict[str, Number]] = {}
        for name, value in self.thresholds.differences().items():
            section, _, own_name = name.partition(".")
            sections.setdefault(section, {})[own_name] = value
        return json.dumps(sections) if sections else ""

    @property
    def first_suppressions(self) -> str:
        """The first content of the suppressions object, in JSON: the settings, then research scanners, disabled."""
        return json.dumps({"suppressions": [*self.suppressions, *RESEARCH_SCANNERS]})
