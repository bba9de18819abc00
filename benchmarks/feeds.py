from typing import Any
from briefings.errors import UnreadableFeed
from briefings.feeds import entry_of, read_parts
def entries(raw: bytes) -> list[dict[str, Any]]:
    try:
        parts = read_parts(raw, url="https://feeds.example/feed")
    except UnreadableFeed:
        return []
    found = map(entry_of, parts.entries)
    return [{"title": e.title, "link": e.url, "date": e.published} for e in found]
