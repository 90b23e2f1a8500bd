"""SCENARIOS: the scenarios of the company's traffic, one per file. To add one, add a file and a row here."""

from local.traffic.scenario import Scenario
from local.traffic.scenarios.backscatter import BACKSCATTER
from local.traffic.scenarios.blocked_path import BLOCKED_PATH
from local.traffic.scenarios.denied_reply import DENIED_REPLY
from local.traffic.scenarios.horizontal_sweep import HORIZONTAL_SWEEP
from local.traffic.scenarios.inside_scan import INSIDE_SCAN
from local.traffic.scenarios.internet_background_noise import INTERNET_BACKGROUND_NOISE
from local.traffic.scenarios.late_packets import LATE_PACKETS
from local.traffic.scenarios.load_balancer_health_checks import LOAD_BALANCER_HEALTH_CHECKS
from local.traffic.scenarios.logins import GUESSED_PASSWORD, STRANGERS_SESSION
from local.traffic.scenarios.no_way_out import NO_WAY_OUT
from local.traffic.scenarios.quiet_office_hours import QUIET_OFFICE_HOURS
from local.traffic.scenarios.service_down import SERVICE_DOWN
from local.traffic.scenarios.slow_scan import SLOW_SCAN
from local.traffic.scenarios.vertical_scan import VERTICAL_SCAN

SCENARIOS: tuple[Scenario, ...] = (
    QUIET_OFFICE_HOURS,
    INTERNET_BACKGROUND_NOISE,
    VERTICAL_SCAN,
    HORIZONTAL_SWEEP,
    SLOW_SCAN,
    INSIDE_SCAN,
    BLOCKED_PATH,
    NO_WAY_OUT,
    DENIED_REPLY,
    STRANGERS_SESSION,
    GUESSED_PASSWORD,
    LATE_PACKETS,
    BACKSCATTER,
    SERVICE_DOWN,
    LOAD_BALANCER_HEALTH_CHECKS,
)
