"""Utterances into OpenAI's answers: whole ones and the chunks of a stream.

In a stream a chunk with content is one message of the burst, or more words of the first one, as the guards clear them;
the newline between two messages opens the later one's chunk. A transcript is answered in the template, which is what
whoever sent one reads. A line that the guards changed tells no tokens.
"""

import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson

from soundalike.errors import SoundalikeError
from soundalike.frontends.server.api_errors import of_error
from soundalike.frontends.server.parsing import ParsedRequest
from soundalike.frontends.server.served_models import ServedModel
from soundalike.generation.reply_parser import ReplyLine, TokenText
from soundalike.generation.ticket import Ticket
from soundalike.prompt_template import render
from soundalike.version import __version__

Json = dict[str, Any]


class ResponseBuilder:
    """Writes one request's answer; `chat` says in which of the two shapes, `logprobs` whether tokens are told."""

    def __init__(self, served: ServedModel, asked: ParsedRequest, chat: bool, logprobs: bool) -> None:
        self._served, self._asked, self._chat, self._logprobs = served, asked, chat, logprobs
        self._lines: list[list[ReplyLine]] = [[] for _ in asked.utterances]
        kind = "chatcmpl" if chat else "cmpl"
        self._head = {"id": f"{kind}-{uuid.uuid4().hex}", "created": int(time.time()), "model": served.name}
        self._head["system_fingerprint"] = f"soundalike-{__version__}"

    async def whole(self, ticket: Ticket) -> Json:
        """The answer, when all of it is there."""
        async for event in ticket:
            for line in event.lines:
                self._content(event.index, line)
        choices = [self._choice(index) for index in range(len(self._lines))]
        kind = "chat.completion" if self._chat else "text_completion"
        return {**self._head, "object": kind, "choices": choices, "usage": self._usage(), "soundalike": self._told()}

    async def stream(self, ticket: Ticket, usage: bool) -> AsyncIterator[bytes]:
        """The answer as server-sent events; an error on the way is one too."""
        if self._chat:
            for index in range(len(self._lines)):
                yield self._chunk(index, {"role": "assistant", "content": ""})
        try:
            async for event in ticket:
                for line in event.lines:
                    if content := self._content(event.index, line):
                        yield self._chunk(event.index, {"content": content}, self._told_tokens([line]))
                if event.done:
                    told = {"soundalike": self._told()} if all(u.finish_reason for u in self._asked.utterances) else {}
                    finish, closing = self._asked.utterances[event.index].finish_reason, self._closing(event.index)
                    yield self._chunk(event.index, {"content": closing} if closing else {}, None, finish, told)
        except SoundalikeError as error:
            yield _event(of_error(error).body())
            return
        if usage:
            yield _event({**self._head, "object": self._object, "choices": [], "usage": self._usage()})
        yield b"data: [DONE]\n\n"

    @property
    def _object(self) -> str:
        return "chat.completion.chunk" if self._chat else "text_completion"

    def _content(self, index: int, line: ReplyLine) -> str:
        """A line as it goes on with those before it; in a chat a silent one adds nothing."""
        said = self._lines[index]
        if line.continues:
            said[-1] = ReplyLine(said[-1].text + line.text, said[-1].tokens + line.tokens)
            return self._shown(line, True)
        if self._chat and not line.text:
            return ""
        said.append(line)
        return self._shown(line, len(said) == 1)

    def _shown(self, line: ReplyLine, first: bool) -> str:
        """A line with what parts it from the one before; in a transcript that is the head of a turn."""
        if not self._asked.transcript:
            return line.text if first else f"\n{line.text}"
        owner = self._served.voice.owner
        return line.text.replace("\n", "\n\t") if first else "\n" + render([(owner, line.text)], end=False)

    def _closing(self, index: int) -> str:
        """What a text ends with: in a transcript the end of its last turn, unless that was cut off."""
        return "\n" if self._asked.transcript and self._asked.utterances[index].finish_reason != "length" else ""

    def _chunk(
        self, index: int, delta: Json, logprobs: Json | None = None, finish: str | None = None, more: Json | None = None
    ) -> bytes:
        says: Json = {"delta": delta} if self._chat else {"text": delta.get("content", "")}
        choice = {"index": index, **says, "logprobs": logprobs, "finish_reason": finish}
        return _event({**self._head, "object": self._object, "choices": [choice], **(more or {})})

    def _choice(self, index: int) -> Json:
        lines = self._lines[index]
        text = "".join(self._shown(line, not at) for at, line in enumerate(lines)) + self._closing(index)
        says: Json = (
            {"message": {"role": "assistant", "content": text, "refusal": None}} if self._chat else {"text": text}
        )
        finish = self._asked.utterances[index].finish_reason
        return {"index": index, **says, "logprobs": self._told_tokens(lines), "finish_reason": finish}

    def _told_tokens(self, lines: Sequence[ReplyLine]) -> Json | None:
        if not self._logprobs:
            return None
        pieces = [piece for line in lines for piece in line.tokens if piece.text]
        return {"content": [_token(piece) for piece in pieces], "refusal": None} if self._chat else _columns(pieces)

    def _usage(self) -> Json:
        made = self._asked.utterances
        read, discarded = sum(u.prompt_tokens for u in made), sum(u.rejected_tokens for u in made)
        drawn = sum(u.completion_tokens for u in made) + discarded
        details = {"rejected_prediction_tokens": discarded}
        counts = {"prompt_tokens": read, "completion_tokens": drawn, "total_tokens": read + drawn}
        return {**counts, "completion_tokens_details": details}

    def _told(self) -> Json:
        return {
            "owner": self._served.voice.owner,
            "messages": [[line.text for line in lines if line.text] for lines in self._lines],
            "interventions": [utterance.interventions.as_dict() for utterance in self._asked.utterances],
            "ignored": self._asked.ignored,
        }


def _token(piece: TokenText) -> Json:
    """A token as /v1/chat/completions tells it."""
    top = [_spelt(text, logprob) for text, logprob in piece.top_logprobs]
    return {**_spelt(piece.text, piece.logprob), "top_logprobs": top}


def _spelt(text: str, logprob: float) -> Json:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode("utf-8", "replace"))}


def _columns(pieces: Sequence[TokenText]) -> Json:
    """Tokens as /v1/completions tells them."""
    ends, offset = list[int](), 0
    for piece in pieces:
        ends.append(offset)
        offset += len(piece.text)
    return {
        "tokens": [piece.text for piece in pieces],
        "token_logprobs": [piece.logprob for piece in pieces],
        "top_logprobs": [dict(piece.top_logprobs) for piece in pieces],
        "text_offset": ends,
    }


def _event(body: Json) -> bytes:
    return b"data: " + orjson.dumps(body) + b"\n\n"
