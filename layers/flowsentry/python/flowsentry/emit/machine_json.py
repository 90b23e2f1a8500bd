"""Messages for machines: JSON of one schema, bounded. docs/alert.schema.json describes it."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from flowsentry.emit.plain_text import plain
from flowsentry.findings.finding import Finding

SCHEMA_VERSION = "1"
"""Of the JSON and of the attributes. It changes when what a reader relies on does; what is only added changes
nothing."""
SCHEMA = f"flowsentry.alert/{SCHEMA_VERSION}"
MAX_JSON_BYTES = 32 << 10
MAX_FINDINGS = 100
"""Findings spelled out in the JSON about several, some 600 bytes each; SNS takes 256 KB in all."""


def finding_json(finding: Finding, more: Mapping[str, object]) -> str:
    """One finding, its own fields beside `more`; without its details where they are too large to send."""
    told = {"schema": SCHEMA, "type": "finding", "audience": finding.audience, **more}
    text = _text({**told, **asdict(finding)})
    if len(text) <= MAX_JSON_BYTES:
        return text
    names = ("id", "kind", "title", "subject", "scope", "thread", "suppressed_by")
    short = {name: plain(getattr(finding, name)) for name in names}
    return _text({**told, **asdict(finding), **short, "details": {}, "is_cut": True})


def findings_json(type_: str, findings: Sequence[Finding], more: Mapping[str, object]) -> str:
    """Several findings by number, and as many as there is room for in full, the first ones."""
    told = {"schema": SCHEMA, "type": type_, "count": len(findings), "kinds": _kinds(findings), **more}
    listed = [asdict(finding) for finding in findings[:MAX_FINDINGS]]
    while len(text := _text({**told, "findings": listed})) > MAX_JSON_BYTES and listed:
        listed = listed[: len(listed) // 2]
    return text


def _kinds(findings: Iterable[Finding]) -> dict[str, int]:
    return dict(Counter(plain(finding.kind) for finding in findings))


def _text(values: Mapping[str, Any]) -> str:
    """In ASCII, so that letters are bytes and none of them controls anything."""
    return json.dumps(values, sort_keys=True)
