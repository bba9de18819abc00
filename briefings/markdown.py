"""Reading Markdown: front matter for the facts, headings for the sections.

Images, code blocks, tables and markup are left out; links leave their text.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from briefings.dates import parse_date
from briefings.sections import Block, Draft, is_prose

if TYPE_CHECKING:
    from markdown_it.token import Token

_FIELD = re.compile(r"^([A-Za-z_]+):[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)

_WEB = re.compile(r"https?://", re.IGNORECASE)


def read_markdown(text: str) -> Draft:
    """The parts of a Markdown text; its title is the front matter's, or else the first heading of the first level."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.front_matter import front_matter_plugin

    tokens = MarkdownIt("commonmark").enable("table").use(front_matter_plugin).parse(text)
    facts = _facts(tokens[0].content) if tokens and tokens[0].type == "front_matter" else {}
    title = facts.get("title", "")
    blocks = []
    for block, tag in _blocks(tokens):
        if tag == "h1" and not title:
            title = block.text
        elif not (block.heading and block.text == title):
            blocks.append(block)
    return Draft(
        blocks=tuple(blocks),
        title=title,
        url=url if _WEB.match(url := facts.get("url", "")) else None,
        source=facts.get("source"),
        byline=facts.get("byline") or facts.get("author"),
        published=parse_date(facts.get("date")),
        language=facts.get("language"),
    )


def _facts(front_matter: str) -> dict[str, str]:
    """The single values of the front matter as text, lists joined; of faulty YAML what its plain lines say."""
    import yaml

    try:
        fields = yaml.safe_load(front_matter)
    except (yaml.YAMLError, ValueError, RecursionError):
        fields = {name: value.strip("\"'") for name, value in _FIELD.findall(front_matter)}
    if not isinstance(fields, dict):
        return {}
    facts = {}
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        texts = [
            part.isoformat() if isinstance(part, datetime) else " ".join(str(part).split())
            for part in values
            if part is not None and not isinstance(part, dict | list)
        ]
        if any(texts):
            facts[str(name).lower()] = ", ".join(texts)
    return facts


def _blocks(tokens: "Sequence[Token]") -> Iterator[tuple[Block, str]]:
    """Each heading and paragraph with the tag it stands in."""
    in_table = False
    tag = ""
    for token in tokens:
        if token.type in ("table_open", "table_close"):
            in_table = token.type == "table_open"
        elif token.nesting == 1:
            tag = token.tag
        elif token.type == "inline" and not in_table:
            children = token.children or []
            text = " ".join("".join(map(_text, children)).split())
            heading = tag.startswith("h") or (tag == "p" and _is_strong(children) and not is_prose(text))
            if text:
                yield Block(text, heading=heading), tag


def _text(token: "Token") -> str:
    if token.type in ("text", "text_special", "code_inline"):
        return token.content
    return " " if token.type in ("softbreak", "hardbreak") else ""


def _is_strong(children: "Sequence[Token]") -> bool:
    """Whether a paragraph is one run of bold text, which many writers use for a heading."""
    kinds = [child.type for child in children if child.type != "text" or child.content.strip()]
    return kinds[:1] == ["strong_open"] and kinds[-1:] == ["strong_close"] and kinds.count("strong_open") == 1
