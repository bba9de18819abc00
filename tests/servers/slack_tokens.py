"""Tokens: who a call is from, installing by OAuth, renewing, revoking, and opening Socket Mode connections.

https://docs.slack.dev/authentication/installing-with-oauth and /authentication/using-token-rotation
"""

from typing import Any

from tests.servers.slack_values import APP_ID, Token, Workspace
from tests.servers.slack_world import Refused, World

TOKEN_SECONDS = 12 * 3600  # a rotated token's life
CODE_SECONDS = 600


def identify(world: World, name: str | None) -> tuple[Token, Workspace | None]:
    """The token of a call with its workspace, None for an app-level token. Raises `Refused`."""
    if not name:
        raise Refused("not_authed")
    if name == world.app_token:
        return Token("", ("connections:write",)), None
    token = world.tokens.get(name)
    if token is None:
        raise Refused("invalid_auth")
    space = world.workspaces[token.team]
    if not space.active:
        raise Refused("account_inactive")
    if token.revoked:
        raise Refused("token_revoked" if space.installed else "account_inactive")
    if token.expires <= world.clock():
        raise Refused("token_expired")
    return token, space


def needs(token: Token, scope: str) -> None:
    """Refuse a call whose token lacks a scope."""
    if scope and scope not in token.scopes:
        raise Refused("missing_scope", needed=scope, provided=",".join(token.scopes))


def auth_test(world: World, space: Workspace | None) -> dict[str, Any]:
    if space is None:
        return {"app_name": "Sidelines", "app_id": APP_ID}
    url = f"https://{space.domain}.slack.com/"
    bot = {"user": space.users[space.bot_user].name, "user_id": space.bot_user, "bot_id": space.bot_id}
    return {"url": url, "team": space.name, "team_id": space.id, **bot, "is_enterprise_install": False}


def new_token(world: World, space: Workspace, scopes: tuple[str, ...]) -> tuple[str, Token]:
    """A token that was never there before; one that expires, with a refresh token, where rotation is on."""
    rotating = world.rotation
    name = f"{'xoxe.xoxb' if rotating else 'xoxb'}-{space.id}-{world.number()}"
    token = world.tokens[name] = Token(space.id, scopes)
    if rotating:
        token.expires, token.refresh = world.clock() + TOKEN_SECONDS, f"xoxe-1-{world.number()}"
    return name, token


def oauth_access(world: World, args: dict[str, Any]) -> dict[str, Any]:
    """Tokens for a code, or new ones for a refresh token; each is good once."""
    if (args.get("client_id"), args.get("client_secret")) != (world.client_id, world.client_secret):
        raise Refused("bad_client_secret" if args.get("client_id") == world.client_id else "invalid_client_id")
    if args.get("grant_type") == "refresh_token":
        return _renew(world, args)
    code = world.codes.get(str(args.get("code")))
    if code is None or world.clock() - code["issued"] > CODE_SECONDS:
        raise Refused("invalid_code")
    if code["used"]:
        raise Refused("code_already_used")
    if (args.get("redirect_uri") or code["redirect_uri"]) != code["redirect_uri"]:
        raise Refused("bad_redirect_uri")
    code["used"] = True
    space = world.workspaces[code["team"]]
    space.installed, space.scopes = True, code["scopes"]
    answer = _granted(world, space, code["scopes"])
    who = {"authed_user": {"id": code["user"]}, "bot_user_id": space.bot_user, "app_id": APP_ID}
    where = {"team": {"id": space.id, "name": space.name}, "enterprise": None, "is_enterprise_install": False}
    return {**answer, **who, **where}


def _renew(world: World, args: dict[str, Any]) -> dict[str, Any]:
    refresh = args.get("refresh_token")
    old = next((token for token in world.tokens.values() if refresh and token.refresh == refresh), None)
    if old is None or old.revoked:
        raise Refused("invalid_refresh_token")
    old.refresh = None
    space = world.workspaces[old.team]
    return {**_granted(world, space, old.scopes), "team": {"id": space.id, "name": space.name}, "app_id": APP_ID}


def _granted(world: World, space: Workspace, scopes: tuple[str, ...]) -> dict[str, Any]:
    name, token = new_token(world, space, scopes)
    answer: dict[str, Any] = {"access_token": name, "token_type": "bot", "scope": ",".join(scopes)}
    if token.refresh:
        answer |= {"refresh_token": token.refresh, "expires_in": int(token.expires - world.clock())}
    return answer


def revoke(world: World, token: Token) -> dict[str, Any]:
    token.revoked = True
    world.changed()
    return {"revoked": True}


def uninstall(world: World, space: Workspace) -> dict[str, Any]:
    """Take the app out of a workspace: all its tokens there are dead."""
    space.installed = False
    for token in world.tokens.values():
        token.revoked |= token.team == space.id
    world.changed()
    return {}
