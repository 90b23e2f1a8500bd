"""The IAM policy in docs/replay.md, from the calls of the discovery."""
# ruff: noqa: INP001 - a script beside the pages it writes; only docs/generate.py imports it

import re

from local.inventory.permissions import policy

POLICY = re.compile(r"(?<=<!-- policy -->\n```json\n).*?(?=```)", re.DOTALL)


def with_policy(page: str) -> str:
    """The page with the policy as it is now."""
    return POLICY.sub(lambda _: f"{policy()}\n", page)
