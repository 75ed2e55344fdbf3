"""Talking to voices over the API: replies as they come, corrections, and several voices in one room.

Replies are server-sent events, each a JSON object: lines `{"text", "continues"}`, in a room with `name`, and then what
the guards did; the last is `{"done": true, ...}`, or `{"error": {"what", "do"}}` where the model failed.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from soundalike.errors import SoundalikeError
from soundalike.frontends.local_page.answers import answer
from soundalike.frontends.reply_text import guard_summary
from soundalike.frontends.room import Room, person_name
from soundalike.frontends.server.event_stream import EventStream
from soundalike.frontends.studio.loaded_voices import LoadedVoice, LoadedVoices
from soundalike.frontends.studio.talk_bodies import CorrectionBody, ReplyBody, RoomBody, turns
from soundalike.generation.request import GenerationRequest
from soundalike.generation.ticket import Ticket


def router(voices: LoadedVoices) -> APIRouter:
    """The routes of talk under /api."""
    routes = APIRouter()

    @routes.post("/voices/{name}/wake")
    async def wake(name: str) -> Response:
        """Load the voice, if it is not; how it speaks."""
        async with voices.use(name) as loaded:
            voice = loaded.voice
            usual = voice.sampling
            return answer({"owner": voice.owner, "temperature": usual.temperature, "best_of": usual.best_of})

    @routes.post("/voices/{name}/reply")
    async def reply(name: str, body: ReplyBody) -> Response:
        """The voice's next messages."""
        loaded = await voices.acquire(name)
        try:
            voice = loaded.voice
            request = await asyncio.to_thread(voice.request, turns(body.lines, voice), body.sampling(voice))
            ticket = loaded.scheduler.submit([request], stream=True)
        except BaseException:
            voices.release(loaded)
            raise
        return EventStream(_events(_reply(request, ticket)), lambda: _end(voices, loaded, ticket))

    @routes.post("/voices/{name}/corrections")
    async def correct(name: str, body: CorrectionBody) -> Response:
        """Keep a correction; it holds from the next reply on."""
        async with voices.use(name) as loaded:
            history = turns(body.lines, loaded.voice)
            await asyncio.to_thread(loaded.voice.correct, history, body.rejected, body.chosen)
            await asyncio.to_thread(loaded.note_own_change)
            return answer({"kept": len(loaded.voice.corrections.kept)})

    @routes.post("/room")
    async def talk_together(body: RoomBody) -> Response:
        """What several voices say until it is the person's turn again; first the names that they bear in the room."""
        company: list[LoadedVoice] = []

        def leave() -> None:
            for loaded in company:
                voices.release(loaded)

        try:
            for name in body.voices:
                company.append(await voices.acquire(name))
            room = Room([loaded.voice for loaded in company])
        except BaseException:
            leave()
            raise
        return EventStream(_events(_room(room, company, body)), leave)

    return routes


async def _reply(request: GenerationRequest, ticket: Ticket) -> AsyncIterator[dict[str, Any]]:
    async for event in ticket:
        for line in event.lines:
            if line.text or line.continues:
                yield {"text": line.text, "continues": line.continues}
    counts = request.interventions
    guards = {"guards": guard_summary(counts), "interventions": counts.as_dict()}
    yield {"done": True, "finish": request.finish_reason, **guards}


async def _room(room: Room, company: Sequence[LoadedVoice], body: RoomBody) -> AsyncIterator[dict[str, Any]]:
    person = person_name(room, body.name)
    yield {"names": room.names, "person": person}
    for line in body.lines:
        room.add(line.name or person, line.text)
    room.add(person, body.text)
    members = dict(zip(room.names, company, strict=True))
    while (name := room.next_speaker()) is not None:
        loaded = members[name]
        reply = await loaded.scheduler.reply(loaded.voice, room.history(name))
        for text in room.take(name, reply):
            yield {"name": name, "text": text, "continues": False}
        if reply.interventions:
            yield {"name": name, "guards": guard_summary(reply.interventions)}
    yield {"done": True}


async def _events(lines: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    try:
        async for one in lines:
            yield _event(one)
    except SoundalikeError as error:
        yield _event({"error": {"what": error.what, "do": error.do}})


def _event(body: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(body) + b"\n\n"


def _end(voices: LoadedVoices, loaded: LoadedVoice, ticket: Ticket) -> None:
    loaded.scheduler.release(ticket)
    voices.release(loaded)
