"""Writes the template for member accounts: python -m stacks.members."""

from stacks.members.template import TEMPLATE, template_text

if __name__ == "__main__":
    TEMPLATE.write_text(template_text())
