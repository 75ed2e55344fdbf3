"""Discord on loopback: a gateway and the part of the REST API that a chat bot uses, for the real discord.py.

It does what the platform does where a bot could get it wrong: content is blanked without the intent, a privileged
intent that is not granted closes with 4014, more than 2,000 characters are refused, a lost session is resumed with what
was missed. A test can make it fail: `faults` are responses that replace the next ones.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import discord
import orjson
import yarl
from aiohttp import WSMsgType, web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.frontends.discord import payloads
from tests.frontends.discord.payloads import (
    CONTENT,
    DIRECT_MESSAGES,
    GUILD_MESSAGES,
    GUILD_REACTIONS,
    Payload,
    Person,
    snowflake,
)

PATIENCE = 60.0  # seconds until a test gives up waiting
Faults = dict[str, deque[Callable[[], web.Response]]]


@dataclass
class Account:
    """A bot's account: its token, and whether the portal grants it the message content."""

    person: Person
    token: str
    owner: Person
    granted: bool = True
    description: str = ""
    application: str = field(default_factory=snowflake)
    commands: list[Payload] = field(default_factory=list)


@dataclass(eq=False)
class Session:
    """One gateway session, which outlives its socket."""

    account: Account
    intents: int
    socket: web.WebSocketResponse | None
    id: str = field(default_factory=snowflake)
    sent: list[Payload] = field(default_factory=list)

    async def dispatch(self, event: str, data: Payload) -> None:
        """Send an event, or keep it for the resume."""
        frame = {"op": 0, "t": event, "s": len(self.sent) + 1, "d": data}
        self.sent.append(frame)
        if self.socket is not None and not self.socket.closed:
            with suppress(ConnectionResetError):  # the socket was cut: the frame waits for the resume
                await self.socket.send_str(orjson.dumps(frame).decode())


class FakeDiscord:
    """A server with channels. `posted` are the messages that bots sent, `typed` the channels they typed in."""

    def __init__(self, channels: int = 1) -> None:
        self.guild = snowflake()
        self.owner = Person("owner of the server")
        self.channels = [snowflake() for _ in range(channels)]
        self.direct: dict[str, Person] = {}
        self.accounts: list[Account] = []
        self.sessions: list[Session] = []
        self.messages: dict[str, list[Payload]] = {}
        self.posted: list[Payload] = []
        self.typed: list[str] = []
        self.answered: dict[str, Payload] = {}
        self.identified = 0
        self.resumed = 0
        self.goodbyes: list[int | None] = []
        self.faults: Faults = {}
        self.keep_sent = True
        self.base = ""
        self._changed = asyncio.Event()

    @property
    def me(self) -> Person:
        """The first bot."""
        return self.accounts[0].person

    def account(self, name: str = "bot", token: str | None = None, **more: Any) -> Account:
        """A new bot account."""
        person = Person(name, bot=True)
        made = Account(person, token or f"token-of-{person.id}", self.owner, **more)
        self.accounts.append(made)
        return made

    # What a test does

    async def say(
        self,
        author: Person,
        text: str,
        channel: str | None = None,
        mentions: Sequence[Person] = (),
        answers: Payload | None = None,
        at: float | None = None,
    ) -> Payload:
        """Somebody writes; every bot that may receive it does."""
        channel = channel or self.channels[0]
        guild = None if channel in self.direct else self.guild
        answered = [Person(**_who(answers["author"]))] if answers else []
        message = payloads.message(channel, author, text, guild, [*mentions, *answered], answers, at)
        await self._spread(message)
        return message

    async def _spread(self, message: Payload, event: str = "MESSAGE_CREATE") -> None:
        if self.keep_sent:
            self.messages.setdefault(message["channel_id"], []).append(message)
        wanted = GUILD_MESSAGES if "guild_id" in message else DIRECT_MESSAGES
        for session in list(self.sessions):
            if session.intents & wanted:
                seen = payloads.blanked(message, session.intents, session.account.person)
                await session.dispatch(event, seen)
        self.changed()

    @staticmethod
    def now() -> float:
        """Seconds since 1970, as the messages' times are."""
        return time.time()

    async def edit(self, message: Payload, text: str) -> None:
        """A message is changed."""
        message["content"] = text
        for session in self.sessions:
            await session.dispatch("MESSAGE_UPDATE", message)

    async def react(self, person: Person, message: Payload, emoji: str) -> None:
        """Somebody reacts to a message with an emoji."""
        event = payloads.reaction(person, message, emoji)
        for session in self.sessions:
            if session.intents & GUILD_REACTIONS:
                await session.dispatch("MESSAGE_REACTION_ADD", event)

    async def delete(self, message: Payload) -> None:
        """A message is deleted."""
        self.messages[message["channel_id"]].remove(message)
        ids = {"id": message["id"], "channel_id": message["channel_id"], "guild_id": self.guild}
        for session in self.sessions:
            await session.dispatch("MESSAGE_DELETE", ids)

    async def command(self, person: Person, words: str, value: Any = None, channel: str | None = None) -> str:
        """Somebody types a slash command at the first bot; returns the response."""
        session = self.sessions[-1]
        where = channel or self.channels[0]
        asked = payloads.interaction(session.account.application, self.guild, where, person, words, value)
        await session.dispatch("INTERACTION_CREATE", asked)
        await self.until(lambda: asked["token"] in self.answered)
        return str(self.answered[asked["token"]]["data"]["content"])

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something to happen here."""
        async with asyncio.timeout(PATIENCE):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def replies(self, count: int) -> list[str]:
        """Wait for so many messages of bots; gives their texts."""
        await self.until(lambda: len(self.posted) >= count)
        return [message["content"] for message in self.posted]

    async def cut(self, resumable: bool = True) -> None:
        """Drop every socket as a failing network does; without `resumable` the sessions are lost too."""
        sockets = [session.socket for session in self.sessions if session.socket is not None]
        if not resumable:
            self.sessions.clear()
        for socket in sockets:
            if socket._writer is not None and socket._writer.transport is not None:
                socket._writer.transport.abort()

    def fail(self, method: str, path_end: str, *answers: Callable[[], web.Response]) -> None:
        """Respond to the next requests to a path this way."""
        self.faults.setdefault(f"{method} {path_end}", deque()).extend(answers)

    def changed(self) -> None:
        """Something has changed: have `until` look again."""
        self._changed.set()

    # The gateway

    async def gateway(self, request: web.Request) -> web.WebSocketResponse:
        """One socket."""
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 41_250}})
        session: Session | None = None
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            payload = json.loads(frame.data)
            if payload["op"] == 1:
                await socket.send_json({"op": 11})
            elif payload["op"] == 2:
                session = await self._identify(socket, payload["d"])
            elif payload["op"] == 6:
                session = await self._resume(socket, payload["d"])
        self.goodbyes.append(socket.close_code)
        if session is not None and socket.close_code == 1000:
            self.sessions = [one for one in self.sessions if one is not session]
        self.changed()
        return socket

    async def _identify(self, socket: web.WebSocketResponse, data: Payload) -> Session | None:
        self.identified += 1
        account = next((one for one in self.accounts if one.token == data["token"]), None)
        if account is None:
            await socket.close(code=4004)
            return None
        if data["intents"] & CONTENT and not account.granted:
            await socket.close(code=4014)
            return None
        session = Session(account, data["intents"], socket)
        self.sessions.append(session)
        await session.dispatch(
            "READY",
            {
                "v": 10,
                "user": account.person.payload(),
                "guilds": [{"id": self.guild, "unavailable": True}],
                "session_id": session.id,
                "resume_gateway_url": f"{self.base.replace('http', 'ws', 1)}/gateway",
                "application": {"id": account.application, "flags": 0},
            },
        )
        await session.dispatch("GUILD_CREATE", payloads.guild(self.guild, self.owner, self.channels, account.person))
        self.changed()
        return session

    async def _resume(self, socket: web.WebSocketResponse, data: Payload) -> Session | None:
        session = next((one for one in self.sessions if one.id == data["session_id"]), None)
        if session is None:
            await socket.send_json({"op": 9, "d": False})
            return None
        session.socket = socket
        for frame in session.sent[data["seq"] :]:
            await socket.send_json(frame)
        await session.dispatch("RESUMED", {})
        self.resumed += 1
        self.changed()
        return session

    # The REST API

    async def rest(self, request: web.Request) -> web.Response:
        """Respond to one request, with a fault where one is due."""
        await request.read()
        account = next(
            (one for one in self.accounts if request.headers.get("Authorization") == f"Bot {one.token}"), None
        )
        path = request.path.removeprefix("/api/v10")
        for key, answers in self.faults.items():
            method, _, end = key.partition(" ")
            if answers and request.method == method and path.endswith(end):
                self.changed()
                return answers.popleft()()
        if path.startswith("/interactions/"):
            return await self._interaction(request, path.split("/")[3])
        if account is None:
            return answer({"message": "401: Unauthorized", "code": 0}, 401)
        return await self._route(request, path.strip("/").split("/"), account)

    async def _route(self, request: web.Request, path: list[str], account: Account) -> web.Response:
        match request.method, path:
            case "GET", ["users", "@me"]:
                return answer(account.person.payload())
            case "GET", ["oauth2", "applications", "@me"]:
                return answer(self._application(account))
            case "PATCH", ["applications", "@me"]:
                account.description = (await request.json())["description"]
                return answer(self._application(account))
            case "PUT", ["applications", _, "commands"]:
                account.commands = await request.json()
                return answer([])
            case "POST", ["channels", channel, "typing"]:
                self.typed.append(channel)
                self.changed()
                return web.Response(status=204)
            case "GET", ["channels", channel, "messages"]:
                return self._history(channel, request, account)
            case "POST", ["channels", channel, "messages"]:
                return await self._post(channel, await request.json(), account)
        return answer({"message": "404: Not Found", "code": 0}, 404)

    def _application(self, account: Account) -> Payload:
        return {
            "id": account.application,
            "name": account.person.name,
            "description": account.description,
            "icon": None,
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "",
            "flags": 0,
            "team": None,
            "summary": "",
            "owner": account.owner.payload(),
        }

    def _history(self, channel: str, request: web.Request, account: Account) -> web.Response:
        messages, query = self.messages.get(channel, []), request.query
        if before := query.get("before"):
            messages = [message for message in messages if int(message["id"]) < int(before)]
        session = next((one for one in self.sessions if one.account is account), None)
        seen = [payloads.blanked(one, session.intents if session else 0, account.person) for one in messages]
        return answer(seen[::-1][: int(query.get("limit", 50))])

    async def _post(self, channel: str, body: Payload, account: Account) -> web.Response:
        text = body.get("content") or ""
        if not text or len(text) > 2000:
            return answer({"message": "Invalid Form Body", "code": 50035}, 400)
        asked = (body.get("message_reference") or {}).get("message_id")
        answers = next((one for one in self.messages.get(channel, []) if one["id"] == str(asked)), None)
        guild = None if channel in self.direct else self.guild
        pinged = body.get("allowed_mentions", {}).get("replied_user")
        mentions = [Person(**_who(answers["author"]))] if answers and pinged else []
        message = payloads.message(channel, account.person, text, guild, mentions, answers)
        message["sent_as"] = body
        self.posted.append(message)
        await self._spread(message)
        return answer(message)

    async def _interaction(self, request: web.Request, token: str) -> web.Response:
        self.answered[token] = await request.json()
        self.changed()
        return answer({"interaction": {"id": snowflake(), "type": 2}})


def _who(user: Payload) -> dict[str, Any]:
    return {"id": user["id"], "name": user["username"], "bot": user["bot"]}


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON as Discord sends it: discord.py reads it only if the type has no charset."""
    all_headers = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(body=orjson.dumps(data), status=status, headers=all_headers)


def too_many(seconds: float, via: bool = True) -> Callable[[], web.Response]:
    """A 429 of Discord's own, or, without `via`, one of the proxy in front of it, which is a ban."""
    headers = {"Via": "1.1 google"} if via else {}
    return lambda: answer({"message": "limited", "retry_after": seconds, "global": False}, 429, headers)


def failing(status: int) -> Callable[[], web.Response]:
    """A response with nothing but a status."""
    return lambda: answer({"message": "no", "code": 0}, status)


@asynccontextmanager
async def serving(fake: FakeDiscord) -> AsyncIterator[FakeDiscord]:
    """Put it on a free port of loopback and point discord.py at it."""
    app = web.Application()
    app.router.add_get("/gateway", fake.gateway)
    app.router.add_get("/gateway/", fake.gateway)
    app.router.add_route("*", "/api/v10/{path:.*}", fake.rest)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    point_at(fake.base)
    try:
        yield fake
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
        await runner.cleanup()


def point_at(base: str) -> None:
    """Have discord.py of this process talk to a fake at `base`."""
    Route.BASE = f"{base}/api/v10"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"{base.replace('http', 'ws', 1)}/gateway")


__all__ = ["FakeDiscord", "Person", "answer", "discord", "failing", "point_at", "serving", "too_many"]
