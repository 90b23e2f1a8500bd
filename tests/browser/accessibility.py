"""What axe-core finds wrong with a page for people who use a keyboard, a screen reader, or see little contrast.

https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md
"""

from pathlib import Path

from playwright.sync_api import Page

from tests.browser.visit import Visit

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = "rules => axe.run(document, { resultTypes: ['violations'], ...(rules.length ? { runOnly: rules } : {}) })"


def violations(visit: Visit, *rules: str) -> list[str]:
    """A sentence for each element that violates a rule, of all rules or of these; empty for an accessible page."""
    return violations_in(visit.page, *rules)


def violations_in(page: Page, *rules: str) -> list[str]:
    """The same of a page of the browser."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())  # by the debugger, which the content security policy does not concern
    found = page.evaluate(RUN, rules)["violations"]
    return [f"{rule['id']}: {rule['help']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]
