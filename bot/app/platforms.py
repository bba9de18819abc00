"""Which chat platforms are set up, and how the connector of each is built. A platform is imported only when it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from bot.app.dividing import Budget

if TYPE_CHECKING:
    from bot.connectors import Connector
    from bot.web import Web
    from briefings.storage import Storage
    from config.settings import Settings

    Build = Callable[[Settings, Storage, Web | None, Callable[[], object]], Connector]


def configured(settings: Settings) -> tuple[str, ...]:
    """The names of the platforms that have what they need to be connected."""
    in_use = {"slack": settings.slack.in_use, "discord": settings.discord.in_use}
    return tuple(name for name, used in in_use.items() if used)


def connect(
    settings: Settings,
    storage: Storage,
    web: Web | None,
    names: Iterable[str] | None = None,
    limited: Callable[[str], object] = lambda _: None,
) -> dict[str, Connector]:
    """The connectors of all that are set up, or of some `names`. Does no I/O; each adds its paths to `web`.

    `limited` is called with its name whenever a platform refuses something as too fast.
    """
    return {
        name: BUILDERS[name](settings, storage, web, partial(limited, name)) for name in names or configured(settings)
    }


def _slack(settings: Settings, storage: Storage, web: Web | None, limited: Callable[[], object]) -> Connector:
    from bot.connectors import slack

    given = settings.slack
    return slack.create(
        slack.Settings(
            bot_token=given.bot_token.reveal(),
            app_token=given.app_token.reveal(),
            signing_secret=given.signing_secret.reveal(),
            client_id=given.client_id,
            client_secret=given.client_secret.reveal(),
            encryption_keys=given.encryption_keys,
            api_url=given.api_url,
            public_url=settings.web.public_url,
            messages_per_second=given.messages_per_second,
        ),
        engine=storage.database.engine,
        web=web,
        limited=limited,
    )


def _discord(settings: Settings, storage: Storage, _web: Web | None, limited: Callable[[], object]) -> Connector:
    from bot.connectors import discord

    given = settings.discord
    budget = None
    if storage.database.shared:
        token = sha256(given.token.reveal().encode()).hexdigest()[:16]
        total = discord.requests_for(given.messages_per_second)
        budget = Budget(storage.leases, f"discord {token}", total)
    return discord.create(
        discord.Settings(
            token=given.token.reveal(),
            api_url=given.api_url,
            proxy=given.proxy.reveal(),
            messages_per_second=given.messages_per_second,
        ),
        budget,
        limited,
    )


BUILDERS: Mapping[str, Build] = {"slack": _slack, "discord": _discord}
