"""Findings → JSON for machines, of the schema in docs/alert.schema.json and of bounded size."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from flowsentry.emit.plain_text import plain
from flowsentry.findings.finding import Finding

SCHEMA_VERSION = "1"
"""Of the JSON and of the attributes. It changes only if a field is removed or its meaning changes."""
SCHEMA = f"flowsentry.alert/{SCHEMA_VERSION}"
MAX_JSON_BYTES = 32 << 10
MAX_FINDINGS = 100
"""Findings in the JSON of a digest or overflow, about 600 bytes each; SNS accepts 256 KB in all."""


def finding_json(finding: Finding, more: Mapping[str, object]) -> str:
    """The fields of one finding, and `more`; without its details if they are too large."""
    common = {"schema": SCHEMA, "type": "finding", "audience": finding.audience, **more}
    text = _text({**common, **asdict(finding)})
    if len(text) <= MAX_JSON_BYTES:
        return text
    names = ("id", "kind", "title", "subject", "scope", "thread", "suppressed_by")
    short = {name: plain(getattr(finding, name)) for name in names}
    return _text({**common, **asdict(finding), **short, "details": {}, "is_cut": True})


def findings_json(type_: str, findings: Sequence[Finding], more: Mapping[str, object]) -> str:
    """The number of findings by kind, and the first of them in full, as many as fit."""
    common = {"schema": SCHEMA, "type": type_, "count": len(findings), "kinds": _kinds(findings), **more}
    listed = [asdict(finding) for finding in findings[:MAX_FINDINGS]]
    while len(text := _text({**common, "findings": listed})) > MAX_JSON_BYTES and listed:
        listed = listed[: len(listed) // 2]
    return text


def _kinds(findings: Iterable[Finding]) -> dict[str, int]:
    return dict(Counter(plain(finding.kind) for finding in findings))


def _text(values: Mapping[str, Any]) -> str:
    """In ASCII, so that each letter is one byte and no control character is left."""
    return json.dumps(values, sort_keys=True)
