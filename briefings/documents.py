"""From bytes to a Document: plain text, Markdown or HTML, and what makes two documents the same."""

import hashlib
import re
import unicodedata
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from briefings.decoding import decode, is_binary
from briefings.errors import UnreadableDocument
from briefings.fragments import read_fragment
from briefings.languages import language_of
from briefings.sections import Draft, assemble, is_prose
from briefings.sources import Entry
from briefings.types import Document, Section
from briefings.words import shortened

LIMIT = 10_000_000
"""Bytes of the largest text that is read; the longest news pages known have 5 MB."""

DAY = timedelta(days=1)
"""By which a date may be ahead of the clock: it may be of the place, without its zone."""

LONGEST_TITLE = 120
"""Characters of a title made from the first sentence of a text that has none."""

_SUFFIXES = {
    "txt": "plain", "text": "plain", "md": "markdown", "markdown": "markdown",
    "html": "page", "htm": "page", "xhtml": "page", "shtml": "page",
}  # fmt: skip
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body|article)\b", re.IGNORECASE)
_MARKDOWN = re.compile(r"^#{1,6} \S", re.MULTILINE)
_TRACKING = re.compile(
    r"utm_.*|at_.*|pk_.*|mc_[ce]id|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|twclid|ttclid|yclid|igshid?|mkt_tok"
    r"|_ga|_gl|_hsenc|_hsmi|__twitter_impression|cmp|cmpid|ncid|ocid|ito|smid|xtor|wt_mc|ref_src|ref_url|spm|trk|s_cid",
    re.IGNORECASE,
)


def read(
    data: bytes,
    *,
    name: str = "",
    charset: str = "",
    limit: int = LIMIT,
    stub_ok: bool = False,
    now: datetime | None = None,
) -> Document:
    """The article in these bytes. `name` is a file name or address: its suffix, else the content, tells the kind.
    `charset` is the encoding that its server names. A date of publication later than a day after `now` is not believed.

    With `stub_ok` a page that has a title but too small an article, holds most of it back, or asks not to be indexed
    is a Document without sections: its headline and link are all there is to use.

    Raises UnreadableDocument, with what to do about it, for what is empty, binary, longer than `limit` bytes, in no
    known encoding, a page without an article, or without a single sentence.
    """
    called = _called(name)
    if len(data) > limit:
        raise UnreadableDocument(
            f"{called} has more than the {limit:,} bytes allowed: split it, or save the article alone."
        )
    if is_binary(data):
        raise UnreadableDocument(f"{called} is not text: save the article as text, Markdown or HTML and give that.")
    text = decode(data, charset)
    if text is None:
        raise UnreadableDocument(f"{called} is in no encoding that could be recognised: save it as UTF-8.")
    if not text.strip():
        raise UnreadableDocument(f"{called} is empty: give a file that holds an article.")
    kind = _kind(name, text)
    draft = _draft(kind, text, name)
    sections = assemble(draft.blocks)
    prose = any(is_prose(" ".join(paragraph)) for section in sections for paragraph in section.paragraphs)
    if stub_ok and kind == "page" and draft.title.strip() and (draft.stub or not prose):
        sections = ()
    elif not prose:
        raise UnreadableDocument(
            f"{called} is a page without an article: open the article itself and give its address or saved page."
            if kind == "page"
            else f"{called} holds no sentence to quote: give a file with the article's text."
        )
    return Document(
        title=draft.title.strip() or shortened(sections[0].sentences[0], LONGEST_TITLE),
        sections=sections,
        url=draft.url,
        source=draft.source,
        byline=draft.byline,
        published=None if now and draft.published and draft.published > now + DAY else draft.published,
        language=_language(sections) or draft.language,
    )


def of_entry(entry: Entry, *, source: str | None) -> Document:
    """An entry with the text that its feed gives, in headed sections; without sections when that is no prose."""
    sections = assemble(read_fragment(entry.html))
    if sections and sections[0].heading and sections[0].heading.casefold() == entry.title.casefold():
        sections = (Section(None, sections[0].paragraphs), *sections[1:])
    if not any(is_prose(" ".join(paragraph)) for section in sections for paragraph in section.paragraphs):
        sections = ()
    return Document(
        title=entry.title,
        sections=sections,
        url=entry.url,
        source=source,
        byline=entry.byline,
        published=entry.published,
        language=_language(sections) or entry.language,
    )


def fingerprint(document: Document) -> str:
    """64 hex digits, equal for documents whose title and text differ only in case, accents, punctuation or white space.

    Stored with every article, so what it gives for a document must never change.
    """
    text = "\n".join(
        (
            document.title,
            *(part for section in document.sections for part in (section.heading or "", *section.sentences)),
        )
    )
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(character for character in folded if character.isalnum())
    return hashlib.sha256(kept.encode()).hexdigest()


def canonical_url(url: str) -> str:
    """The mark of identity of an address: equal for addresses that differ in ways that do not change what they lead to.

    Those are scheme, case and "www." of the host, default port, fragment, tracking parameters, the order of the others
    and a slash at the end. To compare, not to fetch. What is no web address is given back, stripped.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        if parts.scheme not in ("http", "https") or host.split() != [host]:
            return text
        path = quote(unquote(parts.path), safe="/:@!$&'()*+,;=~").rstrip("/")
        fields = sorted(
            field for field in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(field[0])
        )
        query = urlencode(fields)
    except ValueError:
        return text
    if host.startswith("www.") and host.count(".") > 1:
        host = host.removeprefix("www.")
    if ":" in host:
        host = f"[{host}]"
    if port not in (None, 80, 443):
        host = f"{host}:{port}"
    return f"https://{host}{path}" + (f"?{query}" if query else "")


# Text to parts ----------------------------------------------------------------------------------------------


def _kind(name: str, text: str) -> str:
    path = urlsplit(name).path if "://" in name else name
    suffix = path.rpartition(".")[2].lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    start = text[:2000].lstrip()
    if start.startswith("<") and _PAGE.search(start):
        return "page"
    front_matter = start.startswith("---\n") and "\n---" in text[3:20_000]
    return "markdown" if front_matter or _MARKDOWN.search(text) else "plain"


def _draft(kind: str, text: str, name: str) -> Draft:
    if kind == "page":
        from briefings.pages import read_page

        return read_page(text, url=name if name.startswith(("http://", "https://")) else "")
    if kind == "markdown":
        from briefings.markdown import read_markdown

        return read_markdown(text)
    from briefings.plain import read_plain

    return read_plain(text)


def _called(name: str) -> str:
    base = name.rstrip("/").replace("\\", "/").rpartition("/")[2]
    return " ".join(base.split()) or "The text"


def _language(sections: tuple[Section, ...]) -> str | None:
    return language_of(" ".join(sentence for section in sections for sentence in section.sentences))
