"""Markdown of text widgets as a tree of elements and texts, of which the page makes elements: no HTML is passed on."""

from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

ELEMENTS = frozenset(
    {*("h1", "h2", "h3", "p", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote", "hr", "br")}
    | {*("table", "thead", "tbody", "tr", "th", "td", "a")}
)
"""What a text widget may show; of anything else, the text inside it."""
Tree = list[Any]


def tree_of(markdown: str) -> Tree:
    """The blocks of a text: each is a text, or `{"tag", "children"}`, with `href` for a link. HTML in it is text."""
    return [*_children(SyntaxTreeNode(_parser().parse(markdown)))]


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _children(node: SyntaxTreeNode) -> Iterator[Any]:
    for child in node.children:
        yield from _shown(child)


def _shown(node: SyntaxTreeNode) -> Iterator[Any]:
    if node.type in {"text", "html_inline", "html_block"}:
        yield node.content
    elif node.type == "softbreak":
        yield "\n"
    elif node.type in {"code_inline", "fence", "code_block"}:
        yield {"tag": "code" if node.type == "code_inline" else "pre", "children": [node.content]}
    elif node.tag == "a" and (href := _safe(str(node.attrs.get("href", "")))):
        yield {"tag": "a", "href": href, "children": [*_children(node)]}
    elif node.tag in ELEMENTS and node.tag != "a":
        yield {"tag": node.tag, "children": [*_children(node)]}
    else:
        yield from _children(node)


def _safe(address: str) -> str:
    """The address of a link to a website; nothing for any other."""
    return address if urlsplit(address).scheme in {"http", "https"} else ""
