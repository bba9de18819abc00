"""The gateway: connections, sessions and shards, as https://docs.discord.com/developers/events/gateway says.

A session outlives its connections: what happens while it has none is kept, and sent again when it is resumed.
"""

import asyncio
import importlib
import json
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.discord_world import Guild, World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = (
    0,
    1,
    2,
    3,
    6,
    7,
    8,
    9,
    10,
    11,
)
PRIVILEGED = {"members": 1 << 1, "presences": 1 << 8, "message_content": 1 << 15}
INTENTS = (1 << 17) - 1 | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25
GUILDS, GUILD_MEMBERS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1, 1 << 1, 1 << 9, 1 << 12, 1 << 15
SENDS, SEND_SECONDS = 120, 60.0
NEEDS = {
    "MESSAGE_CREATE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_UPDATE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_DELETE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "GUILD_MEMBER_REMOVE": (GUILD_MEMBERS, 0),
    "INTERACTION_CREATE": (0, 0),
}
"""The intent that an event takes in a guild, and in a direct conversation; GUILDS for those not named here."""


@dataclass
class Session:
    """What one IDENTIFY began. `history` is everything dispatched, to be sent again on a resume."""

    id: str
    shard: int
    shards: int
    intents: int
    sequence: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    line: "Line | None" = None
    resumes: int = 0

    def concerned(self, guild: Guild | None) -> bool:
        """Whether events of this guild are this shard's; those of no guild are shard 0's."""
        return (int(guild.id) >> 22) % self.shards == self.shard if guild else self.shard == 0


class Line:
    """One connection. A `silent` one reads and answers nothing any more: half open."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket, self.request = socket, request
        self.session: Session | None = None
        self.silent = False
        self.heartbeats = 0
        self.code: int | None = None
        self.sends: deque[float] = deque()
        self._squeeze = _squeezer(request.query.get("compress"))
        self._writing = asyncio.Lock()

    async def send(self, *payloads: dict[str, Any]) -> None:
        """Send these, with nothing else between them."""
        async with self._writing:
            for payload in payloads:
                if self.silent or self.socket.closed:
                    return
                try:
                    if self._squeeze:
                        await self.socket.send_bytes(self._squeeze(json.dumps(payload).encode()))
                    else:
                        await self.socket.send_str(json.dumps(payload))
                except ConnectionError:
                    self.abort()

    async def close(self, code: int) -> None:
        """Close the connection with a code."""
        self.code = code
        await self.socket.close(code=code)

    def abort(self) -> None:
        """Break the connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()


class Gateway:
    """All sessions of the bot. `heartbeat`: seconds between heartbeats. `answers`: heartbeats are acknowledged.

    `identify_every`: seconds that must lie between two IDENTIFYs, Discord's are five; refused with Invalid Session."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.heartbeat = 41.25
        self.answers = True
        self.refusing: int | None = None
        self.identify_every = 0.0
        self.sessions: dict[str, Session] = {}
        self.lines: list[Line] = []
        self.connections = self.identifies = self.resumes = self.drops = 0
        self.presences: list[dict[str, Any]] = []
        self.closings: list[int | None] = []
        self._identified = float("-inf")
        self._sending: set[asyncio.Task[None]] = set()

    # -- what the app opens and sends

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from HELLO until it ends."""
        socket = web.WebSocketResponse(max_msg_size=4096 * 16)
        await socket.prepare(request)
        line = Line(socket, request)
        self.lines.append(line)
        self.connections += 1
        self.world.changed()
        try:
            await line.send({"op": HELLO, "d": {"heartbeat_interval": int(self.heartbeat * 1000), "_trace": []}})
            left = await self._read(line)
            if line.session and left in {1000, 1001}:  # the app closed it for good
                self.sessions.pop(line.session.id, None)
        finally:
            self.lines.remove(line)
            if line.session and line.session.line is line:
                line.session.line = None
            self.closings.append(line.code)
            self.world.changed()
        return socket

    async def _read(self, line: Line) -> int | None:
        """Take what comes until it ends; gives the code with which the app closed it."""
        while not line.socket.closed:
            try:
                message = await line.socket.receive(timeout=None if line.silent else self.heartbeat * 1.5)
            except TimeoutError:
                if not line.silent:
                    await line.close(4009)
                continue
            if message.type is not WSMsgType.TEXT:
                return message.data if message.type is WSMsgType.CLOSE else None
            if not line.silent:
                await self._take(line, json.loads(message.data))
        return None

    async def _take(self, line: Line, payload: dict[str, Any]) -> None:
        op, data, now = payload.get("op"), payload.get("d"), self.world.clock()
        while line.sends and now - line.sends[0] >= SEND_SECONDS:
            line.sends.popleft()
        line.sends.append(now)
        if len(line.sends) > SENDS:
            await line.close(4008)
        elif op == HEARTBEAT:
            line.heartbeats += 1
            self.world.changed()
            if self.answers:
                await line.send({"op": ACK})
        elif op == IDENTIFY and isinstance(data, dict):
            await self._identify(line, data)
        elif op == RESUME and isinstance(data, dict):
            await self._resume(line, data)
        elif line.session is None:
            await line.close(4003)
        elif op == MEMBERS and isinstance(data, dict):
            self._members(line.session, data)
        elif op == PRESENCE:
            self.presences.append(data or {})
        elif op != 4:
            await line.close(4001)

    async def _identify(self, line: Line, data: dict[str, Any]) -> None:
        shard, shards = data.get("shard") or (0, 1)
        intents, now = data.get("intents"), self.world.clock()
        self.identifies += 1
        code = None
        if line.session:
            code = 4005
        elif data.get("token") != self.world.token:
            code = 4004
        elif not 0 <= shard < shards:
            code = 4010
        elif not isinstance(intents, int) or intents & ~INTENTS:
            code = 4013
        elif any(intents & bit and name not in self.world.privileged for name, bit in PRIVILEGED.items()):
            code = 4014
        if code or self.refusing:
            await line.close(code or self.refusing or 4000)
            return
        if now - self._identified < self.identify_every:
            await line.send({"op": INVALID, "d": False})
            return
        self._identified = now
        session = Session(f"session{self.world.id()}", shard, shards, intents, line=line)
        line.session = self.sessions[session.id] = session
        guilds = [guild for guild in self.world.guilds.values() if guild.present and session.concerned(guild)]
        ready = {"v": 10, "user": {**self.world.bot.as_sent(), "mfa_enabled": True, "verified": True, "email": None}}
        ready["guilds"] = [{"id": guild.id, "unavailable": True} for guild in guilds]
        ready |= {"session_id": session.id, "resume_gateway_url": self.resume_url, "shard": [shard, shards]}
        ready |= {"application": {"id": self.world.app_id, "flags": 0}, "private_channels": []}
        self._put(session, "READY", ready)
        for guild in guilds:
            if guild.available and intents & GUILDS:
                self._put(session, "GUILD_CREATE", guild.created())

    async def _resume(self, line: Line, data: dict[str, Any]) -> None:
        session, seen = self.sessions.get(str(data.get("session_id"))), data.get("seq")
        if data.get("token") != self.world.token:
            await line.close(4004)
        elif session is None or not isinstance(seen, int):
            await line.send({"op": INVALID, "d": False})
        elif seen > session.sequence:
            await line.close(4007)
        else:
            if session.line and session.line is not line:
                session.line.abort()
            session.line, line.session = line, session
            session.resumes += 1
            self.resumes += 1
            missed = session.history[seen:]
            self._send(line, *missed)
            self._put(session, "RESUMED", {"_trace": []})
        self.world.changed()

    def _members(self, session: Session, asked: dict[str, Any]) -> None:
        guild = self.world.guilds.get(str(asked.get("guild_id")))
        if guild is None:
            return
        ids = asked.get("user_ids") or []
        wanted = {str(id) for id in (ids if isinstance(ids, list) else [ids])}
        start = str(asked.get("query") or "").lower()
        found = [
            member.as_sent()
            for member in guild.members.values()
            if (member.id in wanted if wanted else member.user.name.lower().startswith(start))
        ]
        page = {"members": found, "chunk_index": 0, "chunk_count": 1, "not_found": sorted(wanted - set(guild.members))}
        self._put(session, "GUILD_MEMBERS_CHUNK", {**page, "guild_id": guild.id, "nonce": asked.get("nonce")})

    # -- what happens

    @property
    def url(self) -> str:
        return self.world.base.replace("http", "ws", 1) + "/gateway"

    @property
    def resume_url(self) -> str:
        return self.world.base.replace("http", "ws", 1) + "/resume"

    def dispatch(self, event: str, data: dict[str, Any], guild: Guild | None = None) -> int:
        """Tell every session that this concerns; gives how many there are, resumable ones without a line included."""
        told = 0
        for session in list(self.sessions.values()):
            needed = NEEDS.get(event, (GUILDS, 0))[0 if guild else 1]
            if event == "GUILD_MEMBER_UPDATE" and data["user"]["id"] != self.world.bot.id:
                needed = GUILD_MEMBERS
            if session.concerned(guild) and session.intents & needed == needed:
                self._put(session, event, self._seen(session, event, data))
                told += 1
        return told

    def _seen(self, session: Session, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """A message without its content where neither the intent nor an exception gives it to the app."""
        if event not in {"MESSAGE_CREATE", "MESSAGE_UPDATE"} or session.intents & MESSAGE_CONTENT:
            return data
        bot = self.world.bot.id
        named = any(user["id"] == bot for user in data.get("mentions", []))
        if named or data["author"]["id"] == bot or "guild_id" not in data:
            return data
        return {**data, "content": "", "embeds": [], "components": [], "attachments": []}

    def _put(self, session: Session, event: str, data: dict[str, Any]) -> None:
        session.sequence += 1
        payload = {"op": DISPATCH, "t": event, "s": session.sequence, "d": data}
        session.history.append(payload)
        if session.line:
            self._send(session.line, payload)

    def _send(self, line: Line, *payloads: dict[str, Any]) -> None:
        task = asyncio.get_running_loop().create_task(line.send(*payloads))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    # -- trouble; each takes one shard, or all

    def _of(self, shard: int | None) -> list[Line]:
        return [line for line in self.lines if shard is None or (line.session and line.session.shard == shard)]

    def drop(self, shard: int | None = None, *, forget: bool = False) -> None:
        """Break connections without a word; `forget` the sessions, so that a resume is refused."""
        for line in self._of(shard):
            if forget and line.session:
                self.sessions.pop(line.session.id, None)
            self.drops += 1
            line.abort()

    async def close(self, code: int = 4000, shard: int | None = None) -> None:
        """Close connections with a code."""
        for line in self._of(shard):
            await line.close(code)

    async def reconnect(self, shard: int | None = None) -> None:
        """Ask for a reconnect, as Discord does every few hours."""
        for line in self._of(shard):
            await line.send({"op": RECONNECT, "d": None})

    async def invalidate(self, *, resumable: bool = False, shard: int | None = None) -> None:
        """Invalid Session; where it is not resumable the session ends."""
        for line in self._of(shard):
            if not resumable and line.session:
                self.sessions.pop(line.session.id, None)
            await line.send({"op": INVALID, "d": resumable})

    async def ask_heartbeat(self) -> None:
        """Ask for a heartbeat at once."""
        for line in self.lines:
            await line.send({"op": HEARTBEAT, "d": None})

    def silence(self, shard: int | None = None) -> None:
        """Go half open: the connections stay, and nothing is read or answered on them any more."""
        for line in self._of(shard):
            line.silent = True

    def ready(self, shards: int = 1) -> bool:
        """Whether this many shards have a session with a living line."""
        live = {session.shard for session in self.sessions.values() if session.line and not session.line.silent}
        return len(live) >= shards

    async def stop(self) -> None:
        """End all connections and what is still to be sent."""
        for line in list(self.lines):
            line.abort()
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)


def _squeezer(kind: str | None) -> Callable[[bytes], bytes] | None:
    """Compression over the whole connection, as the app asks for it in the address."""
    if kind == "zlib-stream":
        packer = zlib.compressobj()
        return lambda data: packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
    if kind == "zstd-stream":
        try:
            zstd: Any = importlib.import_module("zstandard")
        except ImportError:
            stream: Any = importlib.import_module("compression.zstd").ZstdCompressor()
            return lambda data: bytes(stream.compress(data, stream.FLUSH_BLOCK))
        packed: Any = zstd.ZstdCompressor().compressobj()
        return lambda data: bytes(packed.compress(data) + packed.flush(zstd.COMPRESSOBJ_FLUSH_BLOCK))
    return None
