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
        "register",
        "related topics",
        "save",
        "search",
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
        "article content",
        "filed under",
        "for immediate release",
        "media release",
        "news release",
        "press release",
        "print article",
        "story continues below",
    )
)

# What stands over boxes that lead elsewhere, or before the title of what they lead to.
_ELSEWHERE = frozenset(
    (
        "auch interessant",
        "czytaj też",
        "das könnte sie auch interessieren",
        "don't miss",
        "explore further",
        "le puede interesar",
        "lea también",
        "lees ook",
        "leggi anche",
        "leia mais",
        "leia também",
        "les også",
        "lesen sie auch",
        "lire aussi",
        "lue myös",
        "läs mer",
        "läs också",
        "læs også",
        "mehr dazu",
        "mehr zu diesem thema",
        "mehr zum thema",
        "meistgelesen",
        "more like this",
        "more on this story",
        "most watched",
        "pour aller plus loin",
        "read also",
        "read next",
        "recommended for you",
        "recommended stories",
        "recommended videos",
        "recommended",
        "related articles",
        "related content",
        "related stories",
        "related videos",
        "related",
        "see also",
        "sur le même sujet",
        "te puede interesar",
        "veja também",
        "weitere videos",
        "what to read next",
        "you may also like",
        "you might also like",
        "zobacz także",
        "à lire aussi",
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

_LABEL = re.compile(r"[^:：|]+")
# A news agency's note to the desks, and a paragraph that is a picture's caption: its last words say whose it is.
_NOTE = re.compile(
    r"\((?:adds?|recasts?|updates?|corrects?|repeats?|refiles?|(?:reporting|writing|editing) by) .+\)", re.I
)
_CREDIT = re.compile(
    r"(?:^|[.!?)»”\"] )\(?(?:file )?(?:photos?|pictures?|images?|fotos?|bild(?:er)?|credit|quelle)\s?(?: by|[:/])\s?"
    r"[^.!?]{2,60}$",
    re.IGNORECASE,
)


def is_furniture(text: str) -> bool:
    """Whether a paragraph or heading is page furniture: a menu word, a share or cookie line, a picture credit."""
    if len(text) > LONGEST:
        return False
    if _NOTE.fullmatch(text) or _CREDIT.search(text):
        return True
    line = text.strip(" \t*•·|>»«‹›[]()-–—:.!…").casefold()
    above = _LABEL.match(line)
    return (
        line in _LINES or (above is not None and above[0].rstrip() in _ELSEWHERE) or _BEGINNINGS.match(line) is not None
    )
