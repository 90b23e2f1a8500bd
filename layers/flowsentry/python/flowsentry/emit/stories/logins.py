"""The stories of logins: sessions from where nobody is trusted, and passwords that somebody guesses."""

from flowsentry.emit.party_names import Names, responder_text
from flowsentry.emit.plain_text import counted, plain
from flowsentry.emit.stories.story import Story, listed_in, number_in, port_text
from flowsentry.findings.finding import Finding

MAX_NAMED = 2
MAX_STRANGERS_COUNTED = 63
"""More strangers than that at one service are estimated."""
MAX_TRIES_TOLD_APART = 64
"""Beyond so many tries of a day a sample of them is known, and with it not every host."""


def login_story(finding: Finding) -> Story | None:
    """The story of a finding about logins; None for any other."""
    if finding.kind == "remote_login":
        return REMOTE_LOGIN
    if finding.kind == "public_login_service":
        return PUBLIC_LOGIN_SERVICE
    if finding.kind != "login_brute_force":
        return None
    is_outside = str(finding.details.get("relation", "")).startswith("outside")
    if listed_in(finding.details, "sessions"):
        return GOT_IN_FROM_OUTSIDE if is_outside else GOT_IN_FROM_INSIDE
    return GUESSES_FROM_OUTSIDE if is_outside else GUESSES_FROM_INSIDE


def tries_text(finding: Finding) -> str:
    """`24 tries over SSH on 3 hosts`."""
    details = finding.details
    attempts, hosts = number_in(details, "attempts"), number_in(details, "hosts")
    services = listed_in(details, "services")
    at_least = "at least " if attempts > MAX_TRIES_TOLD_APART else ""
    over = f" over {' and '.join(services)}" if services else ""
    return f"{attempts:,} {'try' if attempts == 1 else 'tries'}{over} on {at_least}{counted(hosts, 'host')}"


def _has_a_session(finding: Finding, names: Names) -> str:
    """With the service where the finding names it, else with the port."""
    service = plain(finding.details.get("service") or "")
    session = f"session ({service})" if service else f"session on {port_text(finding.details)}"
    return f"has a login {session} on {responder_text(finding, names)}, from outside your trusted networks"


def _has_many_strangers(finding: Finding, _names: Names) -> str:
    """On the days after one with many there may be few."""
    details = finding.details
    number, service = number_in(details, "initiators"), plain(details.get("service") or "")
    some = "some " if number > MAX_STRANGERS_COUNTED else ""
    session = "login sessions" if number != 1 else "a login session"
    over = f" ({service})" if service else f" on {port_text(details)}"
    whose = f"{some}{number:,} {'address' if number == 1 else 'addresses'}"
    return f"has {session}{over} from {whose} outside your trusted networks"


def _guesses(finding: Finding, _names: Names) -> str:
    return f"is guessing passwords: {tries_text(finding)}"


def _got_in(finding: Finding, _names: Names) -> str:
    sessions = listed_in(finding.details, "sessions")
    more = f" and {len(sessions) - MAX_NAMED} more" if len(sessions) > MAX_NAMED else ""
    got_into = f"{' and '.join(sessions[:MAX_NAMED])}{more}"
    return f"was guessing passwords, and seems to have got in at {got_into}: {tries_text(finding)}"


REMOTE_LOGIN = Story(
    _has_a_session,
    "Look at it today. Whoever it is could log in, or is kept talking: it sent too much for a login that failed.",
    (
        "Is it one of you, at home or travelling? Then add the address to the trusted networks, or use a VPN.",
        "If not: the machine's own log says which user logged in (`last`, /var/log/auth.log, Windows event 4624).",
        "Should this port be open to the internet at all? Session Manager needs no open port.",
    ),
)
PUBLIC_LOGIN_SERVICE = Story(
    _has_many_strangers,
    "Look at it today. So many are the users of a public service, or its password is known to the world. They are not "
    "told one by one.",
    (
        "Is it meant for everybody, as a Git or SFTP server? Then name it in the setting public_login_services.",
        "Are they people of yours? Then add their networks to the trusted networks, or use a VPN.",
        "If neither: close the port (security group), and see in the machine's own log which users logged in.",
    ),
)
GUESSES_FROM_OUTSIDE = Story(
    _guesses,
    "Nothing to do now. Whatever is open to the internet is tried all day.",
    (
        "Does this port have to be open to the internet? Session Manager needs no open port.",
        "If it has to: do those machines take keys only, and no passwords?",
    ),
)
GUESSES_FROM_INSIDE = Story(
    _guesses,
    "This matters now. A machine of yours that tries passwords is often one that somebody else controls.",
    (
        "Is it a machine whose job this is (a deployment host, a monitor) with an old password? Then mend it.",
        "If not: which process on it opens these connections, and who logged in to it before this began?",
        "Cut it off (a security group without rules) before you restart it: a restart destroys the traces.",
    ),
)
_FIRST_STEPS = (
    "Which user logged in there at that time? The machine's own log says so (`last`, auth.log, Windows event 4624).",
    "Nobody you know: cut the machine off (a security group without rules); do not restart it, that destroys traces.",
)
GOT_IN_FROM_OUTSIDE = Story(
    _got_in,
    "This matters now. After many failed tries, one was too long for a failed one.",
    (
        *_FIRST_STEPS,
        "Change the passwords and keys that were on it, and those of its instance role, and look where it went since.",
    ),
)
GOT_IN_FROM_INSIDE = Story(
    _got_in,
    "This matters now. After many failed tries, one was too long for a failed one: this is how an intruder moves on.",
    (
        *_FIRST_STEPS,
        "Do the same for the machine that was guessing: somebody was there first.",
    ),
)
