"""Page furniture: lines that stand around an article and are not its text.

Only whole paragraphs are judged; a sentence inside a paragraph is never taken out.
"""

import re

LONGEST = 240
"""Characters of the longest furniture line: longer paragraphs are text, whatever they begin with."""

# Whole lines, in lower case without punctuation at either end.
_LINES = frozenset(
    (
        "accessibility links",
        "accessibility",
        "advert",
        "advertisement",
        "advertisement continues below",
        "all rights reserved",
        "back to top",
        "breaking news",
        "close",
        "comments",
        "continue reading",
        "copy link",
        "copy link to clipboard",
        "cookie settings",
        "download",
        "e-mail",
        "email",
        "embed",
        "facebook",
        "follow",
        "follow us",
        "home",
        "instagram",
        "join the conversation",
        "latest news",
        "leave a comment",
        "link copied",
        "linkedin",
        "listen",
        "listen to this article",
        "live",
        "load more",
        "log in",
        "main menu",
        "menu",
        "more",
        "more on this story",
        "most popular",
        "most read",
        "navigation",
        "newsletter",
        "newsletters",
        "next",
        "on this page",
        "previous",
        "print",
        "print this page",
        "privacy policy",
        "read more",
        "recommended",
        "recommended stories",
        "register",
        "related",
        "related articles",
        "related content",
        "related stories",
        "related topics",
        "save",
        "search",
        "see also",
        "share",
        "share article",
        "share this",
        "show comments",
        "show more",
        "sign in",
        "sign up",
        "skip advert",
        "skip to content",
        "skip to main content",
        "skip to main navigation",
        "skip to search",
        "sponsored",
        "sponsored content",
        "subscribe",
        "subscribe now",
        "terms of use",
        "top stories",
        "toggle navigation",
        "trending",
        "tweet",
        "twitter",
        "view comments",
        "watch",
        "whatsapp",
        "you may also like",
        "you might also like",
        # What stands over boxes that lead elsewhere, in other words and languages.
        "article content",
        "don't miss",
        "explore further",
        "filed under",
        "most watched",
        "print article",
        "read also",
        "read next",
        "recommended for you",
        "recommended videos",
        "related videos",
        "story continues below",
        "what to read next",
        "auch interessant",
        "das könnte sie auch interessieren",
        "lesen sie auch",
        "mehr zum thema",
        "meistgelesen",
        "weitere videos",
        "à lire aussi",
        "lire aussi",
        "sur le même sujet",
        "lea también",
        "le puede interesar",
        "te puede interesar",
        "leggi anche",
        "leia mais",
        "leia também",
        "veja também",
        "lees ook",
        "läs mer",
        "läs också",
        "les også",
        "læs også",
        "lue myös",
        "czytaj też",
        "zobacz także",
        "čtěte také",
        "читайте также",
        "関連記事",
        "관련기사",
    )
)

# How furniture lines begin.
_BEGINNINGS = re.compile(
    r"(?:skip to \w+|share (?:this|on|via|with) |follow us on |follow \w+ on (?:facebook|twitter|x|instagram)\b"
    r"|sign up (?:for|to) (?:our|the|a)\b|subscribe to (?:our|the)\b|get (?:our|the) .{0,40}newsletter"
    r"|(?:we|this (?:web)?site) uses? cookies|by (?:clicking|continuing|using this)\b|accept (?:all )?cookies"
    r"|your browser |javascript (?:is|must|needs|seems|has|and cookies)\b|please enable |click here "
    r"|read (?:more|also|next)\s?[:|]|related\s?[:|]|more on\s?:"
    r"|watch\s?:|listen\s?:|image (?:source|credit|caption)|(?:file )?photo(?:graph)?s?\s?(?:[:/(]|by |credit)"
    r"|(?:picture|video|graphic)s?\s?(?:[:/(]|by |credit)|getty images|©|\(c\) ?\d{4}|copyright (?:©|\d{4})"
    r"|\d+ (?:min(?:ute)?s?) read$|\d+ (?:comments?|shares?)$|last (?:updated|modified)\b|updated\s?[:\d]"
    r"|estimated reading time|reading time\b|tempo de leitura\b|lesedauer\b|temps de lecture\b|most read in\b"
    r"|story continues below\b|advertisement \d|copyright ⓒ|order reprints\b|see more:)"
)


def is_furniture(text: str) -> bool:
    """Whether a paragraph or heading is page furniture: a menu word, a share or cookie line, a picture credit."""
    if len(text) > LONGEST:
        return False
    line = text.strip(" \t*•·|>»«‹›[]()-–—:.!…").casefold()
    return line in _LINES or _BEGINNINGS.match(line) is not None
