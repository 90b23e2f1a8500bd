"""The narratives of logins: sessions from outside the trusted networks, and password guessing."""

from collections.abc import Mapping

from flowsentry.emit.narratives.narrative import (
    ISOLATE_FIRST,
    WHICH_PROCESS,
    Narrative,
    NarrativeOf,
    always,
    listed_in,
    number_in,
    port_text,
)
from flowsentry.emit.owner_names import Names, responder_text
from flowsentry.emit.plain_text import counted, plain
from flowsentry.findings.bounds import MAX_ATTEMPTS, MAX_EXTERNAL_CLIENTS
from flowsentry.findings.finding import Finding

MAX_NAMED = 2


def attempts_text(finding: Finding) -> str:
    """`24 attempts over SSH on 3 hosts`. From MAX_ATTEMPTS on, the number of attempts is an estimate, and the hosts are
    those of a sample: `about 210 attempts over SSH on at least 31 hosts`.
    """
    details = finding.details
    attempts, hosts = number_in(details, "attempts"), number_in(details, "hosts")
    services = listed_in(details, "services")
    about, at_least = ("about ", "at least ") if attempts >= MAX_ATTEMPTS else ("", "")
    over = f" over {' and '.join(services)}" if services else ""
    return f"{about}{counted(attempts, 'attempt')}{over} on {at_least}{counted(hosts, 'host')}"


def _has_a_session(finding: Finding, names: Names) -> str:
    """With the service where the finding names it, else with the port."""
    service = plain(finding.details.get("service") or "")
    session = f"{service} session" if service else f"login session on {port_text(finding.details)}"
    target = responder_text(finding, names)
    return f"has {_article(session)} {session} on {target} from outside your trusted networks"


def _article(noun: str) -> str:
    """`an SSH session`, `a WinRM session`."""
    return "an" if noun.startswith(("SSH", "RDP")) else "a"


def _has_many_sources(finding: Finding, _names: Names) -> str:
    """While a day with too many sources is remembered, a day with one is reported like this as well."""
    details = finding.details
    number, service = number_in(details, "initiators"), plain(details.get("service") or "")
    sessions = f"{service} sessions" if service else f"login sessions on {port_text(details)}"
    about = "about " if number >= MAX_EXTERNAL_CLIENTS else ""
    return f"has {sessions} from {about}{counted(number, 'address')} outside your trusted networks"


def _guesses(finding: Finding, _names: Names) -> str:
    return f"is guessing passwords: {attempts_text(finding)}"


def _got_in(finding: Finding, _names: Names) -> str:
    sessions = listed_in(finding.details, "sessions")
    more = len(sessions) - MAX_NAMED
    targets = f"{', '.join(sessions[:MAX_NAMED])} and {more} more" if more > 0 else " and ".join(sessions)
    return f"guessed passwords and probably logged in to {targets}: {attempts_text(finding)}"


def _brute_force(finding: Finding) -> Narrative:
    is_outside = str(finding.details.get("relation", "")).startswith("outside")
    if listed_in(finding.details, "sessions"):
        return GOT_IN_FROM_OUTSIDE if is_outside else GOT_IN_FROM_INSIDE
    return GUESSES_FROM_OUTSIDE if is_outside else GUESSES_FROM_INSIDE


_MUST_IT_BE_OPEN = "Does this port have to be open to the internet? Session Manager needs no open port."
REMOTE_LOGIN = Narrative(
    _has_a_session,
    "Look at this today. It sent more than a failed login does: it is logged in, or something keeps it busy.",
    (
        "Is it one of your people, at home or travelling? Then add the address to trusted_networks, or use a VPN.",
        "If not: find the user in the host's own log (`last`, /var/log/auth.log, Windows event 4624).",
        _MUST_IT_BE_OPEN,
    ),
)
PUBLIC_LOGIN_SERVICE = Narrative(
    _has_many_sources,
    "Look at this today. These are the users of a public service, or the password is widely known. You get "
    "one alert for all of them.",
    (
        "Is the service meant for everybody, such as a Git or SFTP server? Then add it to public_login_services.",
        "Are they your own people? Then add their networks to trusted_networks, or use a VPN.",
        "If neither: close the port in the security group, and see in the host's own log which users logged in.",
    ),
)
GUESSES_FROM_OUTSIDE = Narrative(
    _guesses,
    "No action needed now. Every login port that is open to the internet is tried all day.",
    (
        _MUST_IT_BE_OPEN,
        "If it does: do these hosts accept keys only, and no passwords?",
    ),
)
GUESSES_FROM_INSIDE = Narrative(
    _guesses,
    "Act now. A host that guesses passwords is often controlled by somebody else.",
    (
        "Is logging in its job (deployment, monitoring), with a password that has expired? Then correct the password.",
        WHICH_PROCESS,
        ISOLATE_FIRST,
    ),
)
_FIRST_STEPS = (
    "Which user logged in at that time? See the target's own log (`last`, /var/log/auth.log, Windows event 4624).",
    "If you do not know them: isolate the target (security group without rules). A restart would destroy evidence.",
)
GOT_IN_FROM_OUTSIDE = Narrative(
    _got_in,
    "Act now. After many failed attempts, one session was too long to be a failed login.",
    (
        *_FIRST_STEPS,
        "Rotate the passwords and keys on the target and its role's credentials; see what it connected to since.",
    ),
)
GOT_IN_FROM_INSIDE = Narrative(
    _got_in,
    "Act now. After many failed attempts, one session was too long to be a failed login. Intruders move on this way.",
    (
        *_FIRST_STEPS,
        "Do the same for the source: somebody probably got into it first.",
    ),
)
NARRATIVES: Mapping[str, NarrativeOf] = {
    "remote_login": always(REMOTE_LOGIN),
    "public_login_service": always(PUBLIC_LOGIN_SERVICE),
    "login_brute_force": _brute_force,
}
