"""`help`: every command, short, with examples made of what is really in the archive."""

from collections import Counter

from bot.commands.context import Context, refused
from bot.commands.words import OTHER_NAMES, meant
from briefings.types import Action, Article, Item, Listing, Notice, Reply

GUIDE = {
    "ask": (
        "ask [in PLACE:] QUESTION [TIME]",
        "quotes the archive with its sources; words that are no command are a question too",
    ),
    "brief": ("brief [TOPIC, HEADLINE, SECTION or ID]", "a briefing now, for you alone"),
    "latest": ("latest [TOPIC]", "newest headlines with dates and links"),
    "subscribe": ("subscribe TOPIC [WHEN] [in #channel]", "posts new stories on a topic in a channel, on time"),
    "subscriptions": ("subscriptions [in #channel]", "what is subscribed, its next run, last delivery and state"),
    "unsubscribe": ("unsubscribe NUMBER or TOPIC", "ends a subscription"),
    "pause": ("pause NUMBER or TOPIC", "posts nothing until you resume it"),
    "resume": ("resume NUMBER or TOPIC", "goes on; what came meanwhile is in the next briefing"),
    "reschedule": ("reschedule NUMBER WHEN", "gives a subscription other times"),
    "topics": ("topics", "the named topics there are"),
    "topic": ("topic add NAME = QUERY, topic remove NAME", "names a query, so that it can be subscribed by name"),
    "sources": ("sources", "the feeds that are read, and how that goes"),
    "source": (
        "source add ADDRESS, source remove NUMBER",
        "reads a feed, or a site's; also pause, resume, check",
    ),
    "feeds": ("feeds import ADDRESS, feeds export", "takes feeds in from another reader, or out, as OPML"),
    "settings": ("settings [NAME VALUE] [in #channel]", "zone, style, stories, sentences, quiet, empty, managers"),
    "why": ("why LINK, ID or HEADLINE", "at which step an article was or was not posted here"),
    "more": ("more", "what the last answer or briefing left out"),
    "preview": ("preview NUMBER", "what a subscription would post now, for you alone"),
    "post": ("post NUMBER", "posts what a subscription has now, ahead of its time"),
    "help": ("help [COMMAND]", "this, or more about one command"),
}

FIRST_EXAMPLES = ["ask what was agreed?", "latest", "subscribe G7 weekdays at 9"]
"""Shown while the archive is empty, so that there is none of its own."""

WHEN = (
    "WHEN is `as it happens`, `hourly`, `daily at 9`, `weekdays at 09:00`, `mondays and thursdays at 18:30`,\n"
    "`every 2 hours from 8 to 20`, `first monday at 9` or a five-field cron line, each with an optional zone\n"
    "such as `Asia/Seoul`."
)
QUERY = 'A QUERY is words (all must match), "exact phrase", OR, -without, title:word, source:name, prefix*.'
MORE = {
    "ask": (
        "PLACE is a headline, the heading of a section, the number of either, or the name of a topic.\n"
        "TIME stands at the end: `since Monday`, `since 14 May`, `before last week`, `yesterday`, `this week`,\n"
        "`in the last 3 days`, `on Friday` or `in May 2026`; days are those of your zone."
    ),
    "subscribe": f"{WHEN}\n{QUERY}",
    "reschedule": WHEN,
    "topic": QUERY,
    "brief": "Without anything after it, the newest stories. A section is found by its heading.",
    "settings": (
        "zone Asia/Seoul · style headlines, brief or full · stories 1 to 25 · sentences 1 to 10 ·\n"
        "quiet 22:00-07:00 or off · empty say or silent ·\n"
        "managers managers, everyone, add @person or remove @person · ping @role or off, on Discord.\n"
        "Without a channel it is for all of {whole}."
    ),
    "source": (
        "`source add` takes the address of a feed (RSS, Atom, JSON Feed) or of a site that names one.\n"
        "`source check NUMBER` fetches it now and says what is wrong; `source accept NUMBER` lets in what was held\n"
        "back because too much of a feed was suddenly new, `source skip NUMBER` leaves it out."
    ),
    "feeds": "`feeds import ADDRESS dry run` says line by line what would be added, and adds nothing.",
    "why": (
        "It checks each step in turn: listed by which source, stored, visible here, matched by which subscription and\n"
        "rule, posted when."
    ),
}


def give_help(context: Context, argument: str) -> Reply:
    """All commands, or one in full."""
    name = argument.casefold()
    name = OTHER_NAMES.get(name, name)
    if not name:
        return Reply((_overview(context),), private=True)
    if name not in GUIDE:
        near = meant(name)
        hint = f"Did you mean `help {near}`?" if near else "`help` lists all there are."
        return refused(f"There is no command “{argument}”. {hint}")
    usage, says = GUIDE[name]
    details = [says[0].upper() + says[1:] + "."]
    if name in MORE:
        details.append(MORE[name].replace("{whole}", context.asker.whole))
    examples = _examples(context).get(name, ())
    details += [f"For example: `{example}`" for example in examples]
    return Reply((Listing(f"`{usage}`", tuple(Item(line) for detail in details for line in [detail])),), private=True)


def greeting(context: Context) -> Notice:
    """What the bot says when it comes into a channel: what it can do, with three examples that work right now."""
    examples = _examples(context)
    names = ("ask", "brief", "subscribe")
    shown = [next((each for each in examples.get(name, ()) if "`" not in each), "") for name in names]
    firsts = [example for example in shown if example] or FIRST_EXAMPLES
    return Notice(
        "I am Sidelines. I read articles and tell what is in them in their own sentences, each with its source: "
        "on the topics and at the times that you choose, or whenever you ask.\n"
        f"Mention me with any of these: {', '.join(f'`{example}`' for example in firsts)}.",
        actions=(Action("subscribe", "subscribe"), Action("latest headlines", "latest"), Action("help", "help")),
    )


def _overview(context: Context) -> Listing:
    examples = _examples(context)
    items = []
    for name, (usage, says) in GUIDE.items():
        shown = [f"`{example}`" for example in examples.get(name, ())[:1]]
        items.append(Item(f"{usage}: {says}", f"for example {shown[0]}" if shown else ""))
    return Listing("What you can type", tuple(items))


def _examples(context: Context) -> dict[str, tuple[str, ...]]:
    """Examples that work right now; none while the archive is empty."""
    heads = context.storage.articles.heads(context.workspace, limit=1)
    newest = context.storage.articles.get(heads[0].id, context.workspace) if heads else None
    if newest is None:
        return {}
    word = _subject(context, newest)
    headings = [section.heading for section in newest.sections if section.heading]
    examples = {
        "ask": (
            f"ask what about {word}?",
            f"ask in {newest.id}: what about {word}?",
            f"ask what about {word} this week?",
        ),
        "brief": (f"brief {(headings or [newest.title])[0]}", f"brief {newest.id}"),
        "latest": (f"latest {word}",),
        "subscribe": (f"subscribe {word} weekdays at 9", f"subscribe {word} as it happens in #news"),
        "topic": (f"topic add {word} news = {word} -opinion",),
        "why": (f"why {newest.id}",),
        "settings": ("settings zone Asia/Seoul", "settings quiet 22:00-07:00 in #news"),
    }
    sources = context.storage.sources.list(context.workspace)
    if sources:
        examples |= {"source": (f"source pause {sources[0].id}",), "feeds": ("feeds export",)}
    subscriptions = context.storage.subscriptions.list(context.workspace)
    if subscriptions:
        number = subscriptions[0].id
        examples |= {
            "reschedule": (f"reschedule {number} mondays and thursdays at 18:30",),
            "pause": (f"pause {number}",),
            "resume": (f"resume {number}",),
            "unsubscribe": (f"unsubscribe {number}",),
            "preview": (f"preview {number}",),
            "post": (f"post {number}",),
        }
    return examples


def _subject(context: Context, article: Article) -> str:
    """The word of the title that the article uses most."""
    used = Counter(
        token
        for section in article.sections
        for sentence in section.sentences
        for token in context.keywords.of(sentence)
        if not context.keywords.is_stop(token)
    )
    words = [(used[token], typed) for typed, token in context.keywords.typed(article.title)]
    return max(words, key=lambda pair: pair[0], default=(0, article.title))[1]
