"""Long links as short texts that can be clicked (OSC 8), on terminals; whole elsewhere, so that they can be copied."""

import os
import re
from urllib.parse import urlsplit

from rich.console import Console
from rich.style import Style
from rich.text import Text

from local.terminal.complaints import in_one_line
from local.terminal.screen import is_interactive, screen

WITHOUT_LINKS = frozenset({"", "dumb", "linux", "unknown"})
"""Values of TERM of terminals that show no hyperlinks: the short text would be all that is seen of one.
https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda"""
MAX_LETTERS = 60
"""Of a link that is shown whole. More: links of the console fill lines. Fewer: short ones are cut that can be read."""
_LINK = re.compile(r"https://\S+")


def print_text(text: str) -> None:
    """Prints text of several lines, each without control characters, however long. On a terminal, links can be clicked
    and the long ones are cut to their host and first folder.
    """
    console = screen()
    if not shows_links(console):
        print(*map(in_one_line, text.split("\n")), sep="\n", flush=True)
        return
    for line in text.split("\n"):
        console.print(_linked(line), soft_wrap=True)


def shows_links(console: Console) -> bool:
    """Whether it is a terminal that is known to take links."""
    return is_interactive(console) and os.environ.get("TERM", "") not in WITHOUT_LINKS


def _linked(line: str) -> Text:
    """The line with its links. Rich prints the target of a link as it is, so control characters are taken out first."""
    text, end, shown = Text(), 0, in_one_line(line)
    for link in _LINK.finditer(shown):
        text.append(shown[end : link.start()])
        text.append(_short(link[0]), Style(link=link[0], underline=True))
        end = link.end()
    return text.append(shown[end:])


def _short(link: str) -> str:
    """`eu-central-1.console.aws.amazon.com/cloudwatch/…` of a long link."""
    if len(link) <= MAX_LETTERS:
        return link
    parts = urlsplit(link)
    return "/".join([parts.netloc, *parts.path.split("/")[1:2], "…"])
