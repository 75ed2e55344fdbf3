"""Generated lines into OpenAI's responses: whole ones, and the chunks of a stream.

In a stream a chunk with content is one message of the burst, or more words of the first one; a newline between two
messages is at the start of the later one's chunk. A transcript is answered in the template, which is what its sender
reads. A line that the guards changed has no log-probabilities.
"""

import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson

from soundalike.errors import SoundalikeError
from soundalike.frontends.server.api_errors import from_exception
from soundalike.frontends.server.schema import ChatRequest, CompletionRequest
from soundalike.frontends.server.served_models import ServedModel
from soundalike.generation.reply_parser import ReplyLine, TokenText
from soundalike.generation.ticket import Ticket
from soundalike.prompt_template import render
from soundalike.version import __version__

Json = dict[str, Any]


class ResponseBuilder:
    """Builds the response to one request from the events of its ticket."""

    def __init__(self, model: ServedModel, body: ChatRequest | CompletionRequest, ticket: Ticket) -> None:
        self._body, self._ticket, self._owner = body, ticket, model.voice.owner
        self._chat = isinstance(body, ChatRequest)
        self._transcript = isinstance(body, CompletionRequest) and all(map(model.voice.is_transcript, body.prompts))
        self._lines: list[list[ReplyLine]] = [[] for _ in ticket.requests]
        kind = "chatcmpl" if self._chat else "cmpl"
        self._head = {"id": f"{kind}-{uuid.uuid4().hex}", "created": int(time.time()), "model": model.name}
        self._head["system_fingerprint"] = f"soundalike-{__version__}"

    async def whole(self) -> Json:
        """The response, once all of it is generated."""
        async for event in self._ticket:
            for line in event.lines:
                self._append(event.index, line)
        choices = [self._choice(index) for index in range(len(self._lines))]
        kind = "chat.completion" if self._chat else "text_completion"
        return {**self._head, "object": kind, "choices": choices, "usage": self._usage(), "soundalike": self._extras()}

    async def stream(self) -> AsyncIterator[bytes]:
        """The response as server-sent events; an error while it is generated is one too."""
        if self._chat:
            for index in range(len(self._lines)):
                yield self._chunk(index, {"role": "assistant", "content": ""})
        try:
            async for event in self._ticket:
                for line in event.lines:
                    if content := self._append(event.index, line):
                        yield self._chunk(event.index, {"content": content}, self._logprobs([line]))
                if event.done:
                    yield self._last_chunk(event.index)
        except SoundalikeError as error:
            yield _event(from_exception(error).body())
            return
        if self._body.include_usage:
            yield _event({**self._head, "object": self._chunk_kind, "choices": [], "usage": self._usage()})
        yield b"data: [DONE]\n\n"

    @property
    def _chunk_kind(self) -> str:
        return "chat.completion.chunk" if self._chat else "text_completion"

    def _append(self, index: int, line: ReplyLine) -> str:
        """Add a line to a choice and return the content it adds; an empty message of a chat adds none."""
        lines = self._lines[index]
        if line.continues:
            lines[-1] = ReplyLine(lines[-1].text + line.text, lines[-1].tokens + line.tokens)
            return self._content(line, True)
        if self._chat and not line.text:
            return ""
        lines.append(line)
        return self._content(line, len(lines) == 1)

    def _content(self, line: ReplyLine, first: bool) -> str:
        """A line with what separates it from the one before: a newline, or the head of a turn in a transcript."""
        if not self._transcript:
            return line.text if first else f"\n{line.text}"
        return line.text.replace("\n", "\n\t") if first else "\n" + render([(self._owner, line.text)], end=False)

    def _end(self, index: int) -> str:
        """What ends the text of a choice: in a transcript the end of its last turn, unless that was cut off."""
        return "\n" if self._transcript and self._ticket.requests[index].finish_reason != "length" else ""

    def _last_chunk(self, index: int) -> bytes:
        end, finish = self._end(index), self._ticket.requests[index].finish_reason
        done = all(request.finish_reason for request in self._ticket.requests)
        return self._chunk(
            index, {"content": end} if end else {}, None, finish, {"soundalike": self._extras()} if done else {}
        )

    def _chunk(
        self, index: int, delta: Json, logprobs: Json | None = None, finish: str | None = None, more: Json | None = None
    ) -> bytes:
        content: Json = {"delta": delta} if self._chat else {"text": delta.get("content", "")}
        choice = {"index": index, **content, "logprobs": logprobs, "finish_reason": finish}
        return _event({**self._head, "object": self._chunk_kind, "choices": [choice], **(more or {})})

    def _choice(self, index: int) -> Json:
        lines = self._lines[index]
        text = "".join(self._content(line, not at) for at, line in enumerate(lines)) + self._end(index)
        message = {"message": {"role": "assistant", "content": text, "refusal": None}}
        content: Json = message if self._chat else {"text": text}
        finish = self._ticket.requests[index].finish_reason
        return {"index": index, **content, "logprobs": self._logprobs(lines), "finish_reason": finish}

    def _logprobs(self, lines: Sequence[ReplyLine]) -> Json | None:
        if self._body.alternatives is None:
            return None
        tokens = [token for line in lines for token in line.tokens if token.text]
        return (
            {"content": [_chat_token(token) for token in tokens], "refusal": None} if self._chat else _columns(tokens)
        )

    def _usage(self) -> Json:
        requests = self._ticket.requests
        prompt, rejected = sum(r.prompt_tokens for r in requests), sum(r.rejected_tokens for r in requests)
        completion = sum(r.completion_tokens for r in requests) + rejected
        counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        return {**counts, "completion_tokens_details": {"rejected_prediction_tokens": rejected}}

    def _extras(self) -> Json:
        """What the response holds beyond OpenAI's fields."""
        return {
            "owner": self._owner,
            "messages": [[line.text for line in lines if line.text] for lines in self._lines],
            "interventions": [request.interventions.as_dict() for request in self._ticket.requests],
            "ignored": self._body.ignored,
        }


def _chat_token(token: TokenText) -> Json:
    """A token in the form of /v1/chat/completions."""
    top = [_with_bytes(text, logprob) for text, logprob in token.top_logprobs]
    return {**_with_bytes(token.text, token.logprob), "top_logprobs": top}


def _with_bytes(text: str, logprob: float) -> Json:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode("utf-8", "replace"))}


def _columns(tokens: Sequence[TokenText]) -> Json:
    """Tokens in the form of /v1/completions."""
    offsets, offset = list[int](), 0
    for token in tokens:
        offsets.append(offset)
        offset += len(token.text)
    return {
        "tokens": [token.text for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [dict(token.top_logprobs) for token in tokens],
        "text_offset": offsets,
    }


def _event(body: Json) -> bytes:
    return b"data: " + orjson.dumps(body) + b"\n\n"
