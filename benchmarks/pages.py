"""Reading web pages: the main text and the headed sections, ours beside other programs', on real pages.

    BENCH_SHARED=DATA python -m benchmarks.pages [--sets zyte_articles fundus_pages] [--limit 50]
        [--systems sidelines trafilatura]

newspaper4k and readability-lxml are measured where they are installed.

DATA is a folder of NAME/dev.jsonl.gz, one page a line: `html`, `url`, and what is known of it: `text` (the article as
typed by a person), `sections` (`heading` and `text` of each), or strings `present` in the article and `absent` from it.

The figures, printed for each set:
    F1      agreement of the text in runs of four words; precision and recall are means over the pages. For sets
            of strings instead: of the strings wanted how many were found, and of those found how many were wanted
    headF1  headings found, all pages together; two are the same when their words overlap by 0.8 F1 or more
    sectF1  mean over the true sections of the agreement of the text found under the same heading, 0 where none was
    time    CPU time of all pages, beside trafilatura's, which does not look for title, date and byline
"""

import argparse
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from statistics import mean
from typing import Any

from benchmarks.data import read_set
from briefings.pages import read_page
from briefings.sections import assemble

SETS = ("zyte_articles", "fundus_pages", "readability_pages", "trafilatura_pages")
_WORD = re.compile(r"\w+")

Sections = list[tuple[str, str]]
"""Heading ("" for the lead) and text of each section of a page."""


def ours(html: str, url: str) -> Sections:
    """The sections as every part of the program gets them."""
    return [
        (section.heading or "", " ".join(section.sentences)) for section in assemble(read_page(html, url=url).blocks)
    ]


def trafilatura_alone(html: str, url: str, **options: Any) -> Sections:
    """The sections of trafilatura's own result, cut at its headings."""
    import trafilatura

    page = trafilatura.bare_extraction(html, url=url or None, include_comments=False, **options)
    if page is None or isinstance(page, dict):
        return []
    blocks = ("head", "p", "list", "quote", "table", "code")
    sections: list[tuple[str, list[str]]] = [("", [])]
    for block in page.body.iter(*blocks):
        text = " ".join("".join(block.itertext(with_tail=False)).split())
        if block.tag == "head":
            sections.append((text, []))
        elif not any(parent.tag in blocks for parent in block.iterancestors()):
            sections[-1][1].append(" ".join(" ".join(block.itertext()).split()))
    return [(heading, "\n".join(texts)) for heading, texts in sections if heading or texts]


def trafilatura_precise(html: str, url: str) -> Sections:
    """The same with trafilatura told to prefer precision."""
    return trafilatura_alone(html, url, favor_precision=True)


def newspaper(html: str, url: str) -> Sections:
    """The sections of newspaper4k's cleaned page."""
    peer = import_module("newspaper")

    def parsed(**language: Any) -> Any:
        article = peer.Article(url or "http://localhost/a", fetch_images=False, clean_article_html=True, **language)
        article.download(input_html=html)
        article.parse()
        return article

    try:
        article = parsed()
    except (ImportError, LookupError):  # of some languages it lacks the words
        article = parsed(language="en")
    return cut(article.article_html)


def readability(html: str, url: str) -> Sections:
    """The sections of the page that readability-lxml leaves."""
    return cut(import_module("readability").Document(html, url=url or None).summary(html_partial=True))


def cut(page: str) -> Sections:
    """The sections of a cleaned page, cut at its headings."""
    from lxml.html import fromstring

    headings = ("h1", "h2", "h3", "h4")
    blocks = (*headings, "p", "li", "blockquote", "pre", "td")
    sections: list[tuple[str, list[str]]] = [("", [])]
    for block in fromstring(page).iter(*blocks) if page.strip() else ():
        text = " ".join(block.text_content().split())
        if any(parent.tag in blocks for parent in block.iterancestors()):
            continue
        if block.tag in headings:
            sections.append((text, []))
        else:
            sections[-1][1].append(text)
    return [(heading, "\n".join(texts)) for heading, texts in sections if heading or texts]


SYSTEMS: dict[str, Callable[[str, str], Sections]] = {
    "trafilatura": trafilatura_alone,
    "trafilatura, precision": trafilatura_precise,
    "newspaper4k": newspaper,
    "readability-lxml": readability,
    "sidelines": ours,
}
MODULES = {"newspaper4k": "newspaper", "readability-lxml": "readability"}
"""What a peer that is not always installed is imported by."""


# Agreement --------------------------------------------------------------------------------------------------


def harmonic(precision: float, recall: float) -> float:
    """F1."""
    return 2 * precision * recall / (precision + recall) if precision and recall else 0.0


def runs(text: str) -> Counter[tuple[str, ...]]:
    """How often each run of four words stands in a text; a text shorter than that is one run."""
    words = _WORD.findall(text)
    return Counter(tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3))) if words else Counter()


def agreement(true: str, found: str) -> tuple[float | None, float]:
    """Precision (None of nothing) and recall of `found`, in runs of four words."""
    wanted, got = runs(true), runs(found)
    common = (wanted & got).total()
    return (common / got.total() if got else None), (common / wanted.total() if wanted else 0.0)


def same_heading(one: str, other: str) -> bool:
    """Whether two headings have the words in common that make them the same."""
    left, right = Counter(_WORD.findall(one.casefold())), Counter(_WORD.findall(other.casefold()))
    return 2 * (left & right).total() >= 0.8 * (left.total() + right.total()) > 0


def matched(true: Iterable[str], found: list[str]) -> list[int | None]:
    """For each true heading the place of the first heading found that is the same and not taken yet."""
    free = dict(enumerate(found))
    places = []
    for heading in true:
        place = next((at for at, other in free.items() if same_heading(heading, other)), None)
        if place is not None:
            del free[place]
        places.append(place)
    return places


def measure(pages: list[dict[str, Any]], found: list[Sections]) -> dict[str, float]:
    """The figures that these pages allow."""
    figures: dict[str, float] = {}
    texts = ["\n".join(f"{heading}\n{text}" for heading, text in sections) for sections in found]
    if "text" in pages[0]:
        shares = [agreement(page["text"], text) for page, text in zip(pages, texts, strict=True)]
        precise = [precision for precision, _ in shares if precision is not None]
        figures["F1"] = harmonic(mean(precise or [0.0]), mean(recall for _, recall in shares))
    if "present" in pages[0]:
        wanted = sum(len(page["present"]) for page in pages)
        right, wrong = (
            sum(string in text for page, text in zip(pages, texts, strict=True) for string in page[kind])
            for kind in ("present", "absent")
        )
        figures["F1"] = harmonic(right / max(1, right + wrong), right / wanted)
    true_count = found_count = both = 0
    scores = []
    for page, sections in zip(pages, found, strict=True):
        true = [section for section in page.get("sections", ()) if section["heading"]]
        title = page.get("title", "").casefold()
        headed = [(heading, text) for heading, text in sections if heading and heading.casefold() != title]
        if not true:
            continue
        places = matched((section["heading"] for section in true), [heading for heading, _ in headed])
        true_count, found_count = true_count + len(true), found_count + len(headed)
        both += sum(place is not None for place in places)
        for section, place in zip(true, places, strict=True):
            if section["text"]:
                precision, recall = agreement(section["text"], headed[place][1] if place is not None else "")
                scores.append(harmonic(precision or 0.0, recall))
    if true_count:
        figures["headF1"] = harmonic(both / max(1, found_count), both / true_count)
        figures["sectF1"] = mean(scores)
    return figures


def sections_of(system: str, page: dict[str, Any]) -> Sections:
    """What a system makes of a page; nothing where a peer fails, whatever it raises."""
    try:
        return SYSTEMS[system](page["html"], page["url"])
    except Exception:
        if system not in MODULES:
            raise
        return []


def main() -> None:
    """Reads the pages of each set with each system and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--limit", type=int, help="pages of each set")
    parser.add_argument("--systems", nargs="+", default=SYSTEMS, choices=SYSTEMS)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    print(f"{'set':<18} {'system':<23} {'pages':>5} {'F1':>6} {'headF1':>7} {'sectF1':>7} {'ms/page':>8} {'time':>6}")
    for name in options.sets:
        pages = list(islice(read_set(name), options.limit))
        first: float | None = None
        for system in options.systems:
            if system in MODULES and find_spec(MODULES[system]) is None:
                continue
            sections_of(system, pages[0])  # so that importing is not measured
            begun = time.process_time()
            found = [sections_of(system, page) for page in pages]
            spent = time.process_time() - begun
            first = first or spent
            figures = measure(pages, found)
            shown = " ".join(
                f"{figures[key]:>{wide}.3f}" if key in figures else " " * wide
                for key, wide in (("F1", 6), ("headF1", 7), ("sectF1", 7))
            )
            each = 1_000 * spent / len(pages)
            print(f"{name:<18} {system:<23} {len(pages):>5} {shown} {each:>8.1f} {spent / first:>6.2f}", flush=True)


if __name__ == "__main__":
    main()
