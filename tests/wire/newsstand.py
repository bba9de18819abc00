"""A site on a local web server with a feed, pages and lists of feeds, for a bot that may fetch from it."""

import json
from collections.abc import Iterable

from tests.servers.newsroom import Report, page
from tests.servers.web import Reply, WebServer

TITLE = "Valley Post"


class Newsstand(WebServer):
    """The feed is at `/feed`, unless another path is given, and its newest publication is named by the page at `/`."""

    def publish(self, *reports: Report, path: str = "/feed", title: str = TITLE) -> None:
        """Let the feed list these, and serve their pages."""
        items = [
            {
                "id": each.guid,
                "title": each.title,
                "url": each.page and self.url(each.page),
                "content_html": each.text,
                "date_published": each.date and each.date.isoformat(),
            }
            for each in reports
        ]
        kind = "application/feed+json"
        feed = {"version": "https://jsonfeed.org/version/1.1", "title": title, "items": items}
        self.serve(path, Reply(json.dumps(feed).encode(), type=kind))
        self.serve("/", Reply(f'<html><head><link rel="alternate" type="{kind}" href="{path}"></head></html>'.encode()))
        for each in reports:
            if each.page:
                self.serve(each.page, Reply(page(each)))

    def list_feeds(self, path: str, feeds: Iterable[tuple[str, str]]) -> str:
        """Serve an OPML file with these titles and addresses; gives its own address."""
        lines = "".join(f'<outline type="rss" text="{title}" xmlUrl="{url}"/>' for title, url in feeds)
        self.serve(path, Reply(f'<opml version="2.0"><head/><body>{lines}</body></opml>'.encode(), type="text/x-opml"))
        return self.url(path)
