"""From bytes to text: which encoding a page, feed or file is in, whatever it says of itself."""

import codecs
import re
from collections.abc import Callable
from functools import partial

SAMPLE = 200_000
"""Bytes from which an undeclared encoding is guessed; the guess must then decode the whole."""

# Only encodings that pages and feeds come in: Python knows others that are slow or no encodings of text.
_KNOWN = re.compile(r"(?:utf-?8|ascii|us-ascii|iso|latin|windows|cp|koi8|shift|sjis|euc|gb|big5|mac|tis)[\w-]{0,30}")
_DECLARED = re.compile(
    rb"(?:<meta[^>]{0,200}?charset|<\?xml[^>]{0,200}?encoding)\s*=\s*[\"']?([\w-]{2,40})", re.IGNORECASE
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]{2,40})", re.IGNORECASE)
# A mark at the beginning, or "<" in two or four bytes.
_BEGINNINGS = (
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"<\x00\x00\x00", "utf-32-le"), (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"),
)  # fmt: skip
_SIGNATURES = (
    b"%PDF-", b"PK\x03\x04", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"{\\rtf", b"BZh9",
    b"\xfd7zXZ",
)  # fmt: skip
_CONTROL_BYTES = bytes({*range(32), 127} - set(b"\t\n\r\f\v\x1b"))
_ACCENTS = re.compile(r"[^\x00-\x7f]")
_WESTERN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøœùúûüÿßÀÁÂÄÅÆÇÈÉÊËÍÎÑÓÔÖØŒÚÜ“”‘’„‚«»–—…•·€£°§¿¡\xa0")
# Characters that show nothing or turn the direction of what follows: soft hyphens, zero-width spaces, overrides.
_INVISIBLE = re.compile(
    "[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]"
)


def is_binary(data: bytes) -> bool:
    """Whether the bytes are an archive, a picture or something else that no encoding makes text of."""
    start = data[:8192]
    if any(start.startswith(mark) for mark, _ in _BEGINNINGS):
        return False
    controls = len(start) - len(start.translate(None, _CONTROL_BYTES))
    strays = data.count(0) > len(data) / 1000  # One here and there is a fault of whatever wrote the text.
    return data.startswith(_SIGNATURES) or strays or controls > len(start) / 50


def decode(data: bytes, charset: str = "") -> str | None:
    """The text, without what is invisible and with one kind of line end; None when it is in no known encoding.

    A mark at the beginning decides, then whether it is UTF-8, then `charset`, which the server named, then what the
    text declares; what nobody names is guessed. Servers and feeds name others while they send UTF-8, hardly the
    reverse.
    """
    marked = next((encoding for mark, encoding in _BEGINNINGS if data.startswith(mark)), "")
    text = _as_named(data, marked) if marked else _unmarked(data, charset)
    return None if text is None else visible(text.replace("\r\n", "\n").replace("\r", "\n"))


def charset_of(content_type: str) -> str:
    """The encoding named by a Content-Type header, "" when it names none."""
    named = _CHARSET.search(content_type)
    return named[1] if named else ""


def visible(text: str) -> str:
    """Text without the characters that show nothing or turn the direction of what follows."""
    return _INVISIBLE.sub("", text)


def _unmarked(data: bytes, charset: str) -> str | None:
    declared = _DECLARED.search(data, 0, 4096)
    named = [name.lower() for name in (charset, declared[1].decode() if declared else "")]
    named = [name for name in named if _KNOWN.fullmatch(name)]
    ways: list[Callable[[bytes], str | None]] = [partial(_as_named, encoding=name) for name in named]
    if b"\x1b" in data and any(name.startswith("iso-2022") for name in named):
        ways.append(_as_utf8)
    else:
        ways.insert(0, _as_utf8)
    texts = (way(data) for way in (*ways, _as_western, _as_detected))
    return next((text for text in texts if text is not None), None)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _as_utf8(data: bytes) -> str | None:
    """UTF-8, single bytes of Windows-1252 within it forgiven where it has far more characters of its own."""
    text = _decoded(data, "utf-8")
    if text is not None:
        return text
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return data.decode("utf-8", _FORGIVING) if len(_ACCENTS.findall(text)) > 10 * wrong else None


def _forgive(error: UnicodeError) -> tuple[str, int]:
    """The bytes that are no UTF-8, read as Windows-1252."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_FORGIVING = "sidelines-forgiving"
codecs.register_error(_FORGIVING, _forgive)


def _as_named(data: bytes, encoding: str) -> str | None:
    """Text in the encoding named for it, a wrong character here and there forgiven, as browsers do."""
    if encoding in ("iso-8859-1", "latin-1", "latin1", "ascii", "us-ascii"):
        encoding = "cp1252"
    try:
        text = data.decode(encoding, "replace")
    except (LookupError, ValueError):
        return None
    return text if text.count("\ufffd") <= len(text) / 100 else None


def _as_western(data: bytes) -> str | None:
    """Text in Windows-1252 or ISO 8859-1 with a few accents, which detectors mistake for other code pages."""
    text = _decoded(data, "cp1252")
    if text is None:
        return None
    accents = _ACCENTS.findall(text)
    return text if len(accents) <= len(text) / 8 and _WESTERN.issuperset(accents) else None


def _as_detected(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    match = from_bytes(data[:SAMPLE]).best()
    return None if match is None else _decoded(data, match.encoding)
