"""A model behind a server that speaks OpenAI's completions protocol: vLLM, llama-server, mlx-lm's, Ollama.

Such a server samples itself and reveals neither vocabulary nor logits: prompts are sent and texts come back. The length
of a prompt in tokens is therefore estimated; the length of a reply is counted by the server.
Source of the protocol: platform.openai.com/docs/api-reference/completions.
"""

import os
import weakref
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from typing import Any

import numpy as np

from soundalike.errors import EngineError
from soundalike.generation.reply_parser import TokenText
from soundalike.generation.request import GenerationRequest, TokenRequest, close_attempts
from soundalike.generation.server_address import KEY, ServerAddress
from soundalike.generation.server_settings import ServerSettings

TIMEOUT, RETRIES = 60.0, 2  # seconds until the next piece of a text; attempts at a refused connection
CHOICES = ("min_p, top_k and logprobs", "min_p and top_k", "neither min_p, top_k nor logprobs")  # see `_settings`
CHARACTERS_PER_TOKEN = 3  # a little fewer than chat has, so that a prompt does not overrun the model's window
CHARACTER_BITS = 21  # of a code point


class EstimatedTokenizer:
    """Stands in for a tokenizer that only the server has: a token is three characters, packed into one number."""

    begin, end, size = 0, 0, 1 << (CHARACTER_BITS * CHARACTERS_PER_TOKEN)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text."""
        spans = self.spans(texts)
        return [[_pack(text[start:end]) for start, end in of_text] for text, of_text in zip(texts, spans, strict=True)]

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """The characters of each token."""
        step = CHARACTERS_PER_TOKEN
        return [[(at, min(at + step, len(text))) for at in range(0, len(text), step)] for text in texts]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of these tokens."""
        return "".join(map(_unpack, tokens))


def _pack(text: str) -> int:
    packed = 0
    for character in reversed(text):
        packed = packed << CHARACTER_BITS | ord(character)
    return packed


def _unpack(token: int) -> str:
    text = ""
    while token:
        text += chr(token & ((1 << CHARACTER_BITS) - 1))
        token >>= CHARACTER_BITS
    return text


class RemoteModel:
    """The model called `model` of the server at `url`, or its only model."""

    def __init__(self, url: str, model: str = "", timeout: float = TIMEOUT, retries: int = RETRIES) -> None:
        from openai import DefaultHttpxClient, OpenAI

        self.tokenizer, self.url = EstimatedTokenizer(), url
        key = os.environ.get(KEY) or "none"  # not OPENAI_API_KEY: OpenAI's key is no other server's business
        direct = DefaultHttpxClient(follow_redirects=False)  # texts are sent to this address and to no other
        self.client = OpenAI(base_url=url, api_key=key, timeout=timeout, max_retries=retries, http_client=direct)
        weakref.finalize(self, self.client.close)  # its idle connections
        self.model = model or self._only_model()
        self._accepted = ServerSettings(url, CHOICES)

    @classmethod
    def connect(cls, address: str) -> "RemoteModel":
        """The model at `http://127.0.0.1:8080/v1`, or with `#MODEL` where the server has several.

        Raises `UsageError` for what is no address, `EngineError` if nothing answers or the client is not installed.
        """
        place = ServerAddress.parse(address)
        if find_spec("openai") is None:
            do = "Install it: pip install 'soundalike[remote]'"
            raise EngineError("A model elsewhere needs the openai package.", do)
        return cls(place.url, place.model)

    def _only_model(self) -> str:
        with explained(self.url):
            names = [model.id for model in self.client.models.list()]
        if len(names) != 1:
            found = f"has {len(names)} models: {', '.join(names)}" if names else "has no model"
            raise EngineError(f"The server at {self.url} {found}.", f"Name the one to speak: {self.url}#MODEL")
        return names[0]

    def complete(self, request: TokenRequest) -> Any:
        """The server's stream of what follows the prompt."""
        prompt = self.tokenizer.decode(request.prompt)

        def send(choice: int) -> Any:
            settings = self._settings(request, choice)
            return self.client.completions.create(model=self.model, prompt=prompt, stream=True, **settings)

        with explained(self.url, self.model):
            return self._accepted.ask(send)

    def _settings(self, request: TokenRequest, choice: int) -> dict[str, Any]:
        """With what CHOICES[choice] names. DRY is not requested: in other programs a newline ends a match."""
        sampling = request.sampling
        settings: dict[str, Any] = {"temperature": sampling.temperature, "top_p": sampling.top_p}
        settings["max_tokens"] = request.max_tokens
        if sampling.penalises:
            settings["presence_penalty"] = sampling.presence_penalty
            settings["frequency_penalty"] = sampling.frequency_penalty
        if sampling.seed is not None:
            seeds = np.random.default_rng((sampling.seed, *sampling.streams))
            settings["seed"] = int(seeds.integers(1 << 31))
        if choice < 2:
            settings["extra_body"] = {"min_p": sampling.min_p, "top_k": sampling.top_k}
        if choice < 1:
            settings["logprobs"] = max(1, request.top_logprobs)
        return settings

    def score(self, text: str) -> list[tuple[int, int, float]]:
        """(start, end, log-probability) of each of the server's tokens of `text`; the first token has 0.

        `EngineError` if the server does not echo prompts with log-probabilities.
        """
        if not text:
            return []
        settings: dict[str, Any] = {"echo": True, "logprobs": 1, "max_tokens": 1, "temperature": 0.0}
        with explained(self.url, self.model):
            choice = self.client.completions.create(model=self.model, prompt=text, **settings).choices[0]
        logprobs = choice.logprobs
        if logprobs is None or not choice.text.startswith(text) or not logprobs.text_offset:
            do = "Ask one that echoes prompts with logprobs, as vLLM does, or the clone itself."
            raise EngineError(f"The server at {self.url} does not say how likely a text is.", do)
        starts = [start for start in logprobs.text_offset if start < len(text)]
        values = [value or 0.0 for value in logprobs.token_logprobs or ()]
        return list(zip(starts, [*starts[1:], len(text)], values, strict=False))


class RemoteBatch:
    """Requests that a server generates side by side; a `Generator`."""

    def __init__(self, model: RemoteModel) -> None:
        self._model = model
        self._running: dict[GenerationRequest, tuple[Any, Iterator[TokenText]]] = {}  # the response and its tokens

    def __len__(self) -> int:
        return len(self._running)

    def add(self, requests: Sequence[GenerationRequest]) -> None:
        """Send these; all are sent before the first answer is read, so that the server batches them."""
        for request in requests:
            attempt = request.start()
            response = self._model.complete(attempt)
            self._running[request] = response, islice(read_tokens(response, attempt.top_logprobs), attempt.max_tokens)

    def step(self) -> list[GenerationRequest]:
        """Read the next token of each request; returns the requests that are done."""
        with explained(self._model.url, self._model.model):
            ended = [request for request, (_, tokens) in self._running.items() if not _advance(request, tokens)]
        self.remove(ended)
        done, again = close_attempts(ended)
        self.add(again)
        return done

    def remove(self, requests: Collection[GenerationRequest]) -> None:
        """Give these up: the server stops when the connection is closed."""
        for request in requests:
            if request in self._running:
                self._running.pop(request)[0].close()


def _advance(request: GenerationRequest, tokens: Iterator[TokenText]) -> bool:
    """Feed the request its next token; False if it has or needs no more."""
    token = next(tokens, None)
    return token is not None and not request.add(token)


def read_tokens(response: Any, top_logprobs: int) -> Iterator[TokenText]:
    """The tokens of a streamed completion. Where the server sends no log-probabilities a piece of text is one token."""
    for chunk in response:
        for choice in chunk.choices:
            yield from _split(choice.text or "", choice.logprobs, top_logprobs)
            if choice.finish_reason == "stop":
                yield TokenText("", 0.0, ends=True)


def _split(text: str, logprobs: Any, most: int) -> list[TokenText]:
    """The tokens of a piece of text, which may be several, with at most so many top log-probabilities."""
    values = getattr(logprobs, "token_logprobs", None)
    if not values:
        return [TokenText(text, float("nan"))] if text else []
    starts, end = list[int](), 0
    for token in logprobs.tokens or [text]:
        starts.append(max(end, text.find(token, end)))
        end = min(len(text), starts[-1] + len(token))
    tops = [tuple(top.items())[:most] if top else () for top in logprobs.top_logprobs or [None] * len(starts)]
    parts = [text[start:end] for start, end in zip([0, *starts[1:]], [*starts[1:], len(text)], strict=True)]
    known = [float("nan") if value is None else float(value) for value in values]
    return [TokenText(*token) for token in zip(parts, known, tops, strict=False)]


@contextmanager
def explained(url: str, model: str = "") -> Iterator[None]:
    """Turn what can go wrong between here and the server into an `EngineError`."""
    import openai

    try:
        yield
    except openai.APITimeoutError as error:
        do = "Wait until it has loaded its model, and try again."
        raise EngineError(f"The server at {url} did not answer in time.", do) from error
    except openai.APIConnectionError as error:
        raise EngineError(f"No server answers at {url}.", "Start it, or give its address with --at.") from error
    except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
        raise EngineError(f"The server at {url} asks for a key.", f"Set {KEY} to it.") from error
    except openai.NotFoundError as error:
        do = f"Name one that it has: {url}#MODEL. The address of most ends in /v1."
        raise EngineError(f"The server at {url} knows no model {model!r}.", do) from error
    except ValueError as error:
        do = f"Check the address, which usually ends in /v1, and name the model: {url}#MODEL"
        raise EngineError(f"{url} answered, but it is not an OpenAI-compatible server.", do) from error
    except openai.APIStatusError as error:
        if 300 <= error.status_code < 400:
            do = "Redirections are not followed: give the address that it names, if you trust it."
            raise EngineError(f"The server at {url} sends us to another address.", do) from error
        raise _failed(url, error.message) from error
    except openai.APIError as error:
        raise _failed(url, error.message) from error


def _failed(url: str, message: str) -> EngineError:
    return EngineError(f"The server at {url} failed: {message}.", "Look at its own log.")
