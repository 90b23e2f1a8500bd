"""Why a step of the set-up failed: one sentence with the next step, from the output of pip, npm and venv."""

import re

NEEDED_MB = 1_200
"""Of disk space, for the packages and the files that pip keeps while it installs them. Lower: a full disk is found in
the middle. Higher: a machine with enough is refused."""
FULL = (
    f"The disk is full: the set-up needs {NEEDED_MB:,} MB in this folder, and the demo as many again; free some, and "
    "run the same command again."
)
NOT_WRITABLE = "A file or folder here can't be written: check who owns this folder, then run the same command again."
PROXY = "The proxy that HTTPS_PROXY names can't be used: correct it or unset it, then run the same command again."
NOT_TRUSTED = (
    "The certificate of the package registry is not trusted here: name the right authority (PIP_CERT for pip, "
    "NODE_EXTRA_CA_CERTS for npm), then run the same command again."
)
UNREACHABLE = (
    "The package registry can't be reached: check the network, and which registry `pip config list` and `npm config "
    "list` name, then run the same command again."
)
TOO_OLD = (
    "The package registry lacks a version that Flowsentry needs: check which registry `pip config list` and `npm "
    "config list` name, then run the same command again."
)
_NO_CONNECTION = (
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|Connection (refused|reset|broken)|"
    r"Network is unreachable|name resolution|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|"
    r"SOCKET_TIMEOUT"
)

_REASONS = (
    (r"No space left on device|ENOSPC|Disk quota exceeded|EDQUOT|File too large|File size limit|EFBIG", FULL),
    (r"Permission denied|EACCES|Read-only file system|EROFS|Operation not permitted|EPERM", NOT_WRITABLE),
    (r"ProxyError|proxy connection|tunneling socket could not|ERR_INVALID_PROXY", PROXY),
    (r"CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_HAS_EXPIRED", NOT_TRUSTED),
    (_NO_CONNECTION, UNREACHABLE),
    (r"No matching distribution found|ETARGET|E404", TOO_OLD),
)


class SetUpError(Exception):
    """The set-up can't go on; the message is for the user."""


def reason_of(output: str) -> str:
    """The sentence for the first known reason in the output; empty for none."""
    return next((sentence for pattern, sentence in _REASONS if re.search(pattern, output)), "")
