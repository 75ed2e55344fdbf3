"""A model that runs elsewhere, behind a server that speaks OpenAI's completions: vLLM, llama-server, mlx-lm's, Ollama.

Such a server draws the tokens itself and tells neither its vocabulary nor its logits. So a token is a character here:
prompts go out and texts come back as characters, and whoever uses the engine sees tokens like any other's. It can
speak, and where the server gives them it tells log-probabilities; it cannot learn. It knows no names, no messages.
Source of the protocol: platform.openai.com/docs/api-reference/completions.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from soundalike.engines import address
from soundalike.engines.address import KEY
from soundalike.engines.protocol import Batch
from soundalike.errors import EngineError
from soundalike.generation.batch_generator import Step, each
from soundalike.generation.sampling import Sampling

if TYPE_CHECKING:
    from soundalike.engines.protocol import Streams

TIMEOUT, RETRIES = 60.0, 2  # seconds until the next piece of a text; times that a refused connection is tried again
UNKNOWN = frozenset({400, 422, 500, 501})  # what servers answer to a setting that they do not know


class Characters:
    """A text's code points are its tokens; `begin` and `end` lie above all of them."""

    begin, end, size = 0x110000, 0x110001, 0x110002

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The code points of each text."""
        return [[ord(character) for character in text] for text in texts]

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """A token spans one character."""
        return [[(at, at + 1) for at in range(len(text))] for text in texts]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of these tokens; `begin` and `end` give nothing."""
        return "".join(chr(token) for token in tokens if token < self.begin)


class RemoteEngine:
    """The model `model` of the server at `url`, or the only one that it has."""

    def __init__(self, url: str, model: str = "", timeout: float = TIMEOUT, retries: int = RETRIES) -> None:
        from openai import DefaultHttpxClient, OpenAI

        self.tokenizer, self.url, self.numerics = Characters(), url, None
        key = os.environ.get(KEY) or "none"  # not OpenAI's own variable: a key of theirs is no other server's business
        direct = DefaultHttpxClient(follow_redirects=False)  # what is said goes to this address and to no other
        self.client = OpenAI(base_url=url, api_key=key, timeout=timeout, max_retries=retries, http_client=direct)
        self.model = model or self._only_model()
        self._ways = [_all_settings, _without_logprobs, _plain]

    def _only_model(self) -> str:
        with explained(self.url):
            names = [model.id for model in self.client.models.list()]
        if len(names) != 1:
            told = f"has {len(names)} models: {', '.join(names)}" if names else "has no model"
            raise EngineError(f"The server at {self.url} {told}.", f"Name the one to speak: {self.url}#MODEL")
        return names[0]

    def speech(self) -> "RemoteSpeech":
        """No replies yet; the server draws them."""
        return RemoteSpeech(self)

    def complete(self, prompt: str, sampling: Sampling, stream: int, tokens: int) -> Any:
        """The server's stream of what comes after `prompt`.

        Settings beyond OpenAI's own are left out for good once the server has refused them.
        """
        import openai

        with explained(self.url, self.model):
            while True:
                settings = self._ways[0](sampling, stream)
                try:
                    return self.client.completions.create(
                        model=self.model, prompt=prompt, max_tokens=tokens, stream=True, **settings
                    )
                except openai.APIStatusError as error:
                    if error.status_code not in UNKNOWN or len(self._ways) == 1:
                        raise
                    del self._ways[0]

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """A token of the server's has its log-probability at its first character, and 0 at the others."""
        text = self.tokenizer.decode(tokens)
        with explained(self.url, self.model):
            asked: Any = {"echo": True, "logprobs": 1, "max_tokens": 1, "temperature": 0.0}
            choice = self.client.completions.create(model=self.model, prompt=text, **asked).choices[0]
        told = choice.logprobs
        if told is None or not choice.text.startswith(text) or not told.text_offset:
            do = "Ask one that echoes prompts with logprobs, as vLLM does, or the clone itself."
            raise EngineError(f"The server at {self.url} does not say how likely a text is.", do)
        given = np.zeros(len(tokens), np.float32)
        first = len(tokens) - len(text)
        for at, logprob in zip(told.text_offset, told.token_logprobs or (), strict=True):
            if at < len(text):
                given[first + at] += logprob or 0.0
        return given

    def streams(self) -> "Streams":
        """Refused: a server keeps its logits to itself."""
        self._refuse()

    def step(self, batch: Batch, learning_rate: float) -> float:
        """Refused, like all that learning needs."""
        self._refuse()

    def loss(self, batch: Batch) -> tuple[float, float]:
        """Refused."""
        self._refuse()

    def adapter_off(self) -> AbstractContextManager[None]:
        """Refused: which adapter speaks is the server's affair."""
        self._refuse()

    def save(self, folder: Path) -> None:
        """Refused."""
        self._refuse()

    def load(self, folder: Path) -> None:
        """Refused."""
        self._refuse()

    def state(self) -> dict[str, NDArray[Any]]:
        """Refused."""
        self._refuse()

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Refused."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise EngineError(f"The model at {self.url} can only speak.", "Name a base on this machine, as `pocket`.")


class RemoteSpeech:
    """Replies that the server draws side by side, dealt out a character at a time; see `speech.BatchGenerator`."""

    def __init__(self, engine: RemoteEngine) -> None:
        self._engine, self._joined = engine, 0
        self._texts: dict[int, _Text] = {}

    @property
    def running(self) -> list[int]:
        """The streams that will give a character at the next step."""
        return list(self._texts)

    def join(
        self,
        prompts: Sequence[Sequence[int]],
        sampling: Sampling | Sequence[Sampling],
        max_tokens: int | Sequence[int],
        likeliest: int | Sequence[int] = 0,
    ) -> list[int]:
        """Go on with these prompts too, each for at most `max_tokens` characters; no likeliest tokens are told."""
        if not prompts or max_tokens == 0:
            return []
        numbers = list(range(self._joined, self._joined + len(prompts)))
        self._joined += len(prompts)
        most = each(max_tokens, numbers)
        knobs = _knobs(sampling, len(prompts))
        decoded = map(self._engine.tokenizer.decode, prompts)
        asked = [  # all are asked before the first answer is read, so that the server draws them together
            self._engine.complete(prompt, knob, stream, count)
            for prompt, (knob, stream), count in zip(decoded, knobs, most, strict=True)
        ]
        with explained(self._engine.url, self._engine.model):
            for number, response, count in zip(numbers, asked, most, strict=True):
                self._texts[number] = _Text(response, count)
        return numbers

    def step(self) -> list[Step]:
        """One character for every running stream; one ends with the end-of-text token, which is given, or its last."""
        with explained(self._engine.url, self._engine.model):
            steps = [Step(number, *text.take()) for number, text in self._texts.items()]
        self.leave([number for number, text in self._texts.items() if text.over])
        return steps

    def leave(self, streams: Collection[int]) -> None:
        """Give these streams up: closing the connection stops the server."""
        for stream in streams:
            if stream in self._texts:
                self._texts.pop(stream).close()


class _Text:
    """One completion as it comes in. A character is always read ahead, so that it is known whether there is another."""

    def __init__(self, response: Any, most: int) -> None:
        self._response = response
        self._characters = islice(_characters(response), most)
        self._ahead = list(islice(self._characters, 1)) or [(Characters.end, 0.0)]

    @property
    def over(self) -> bool:
        return not self._ahead

    def take(self) -> tuple[int, float]:
        """The next (character, log-probability) of a text that is not over."""
        (taken,), self._ahead = self._ahead, list(islice(self._characters, 1))
        return taken

    def close(self) -> None:
        self._response.close()


def _characters(response: Any) -> Iterator[tuple[int, float]]:
    """(code point, log-probability): a token's stands at its first character, NaN where the server tells none."""
    for chunk in response:
        for choice in chunk.choices:
            told = _places(choice.text or "", choice.logprobs)
            for at, character in enumerate(choice.text or ""):
                yield ord(character), told.get(at, 0.0)
            if choice.finish_reason == "stop":
                yield Characters.end, 0.0


def _places(text: str, told: Any) -> dict[int, float]:
    """Where in a piece of text the tokens begin of which a log-probability is told; a piece may be several tokens."""
    given = getattr(told, "token_logprobs", None)
    if not given:
        return {0: float("nan")}
    places, at = dict[int, float](), 0
    for token, logprob in zip(told.tokens or [text], given, strict=False):
        start = max(at, text.find(token, at))
        places[start] = places.get(start, 0.0) + (float("nan") if logprob is None else float(logprob))
        at = start + len(token)
    return places


def _knobs(sampling: Sampling | Sequence[Sampling], count: int) -> list[tuple[Sampling, int]]:
    """The knobs of each prompt and its random stream, as `Sampler` deals them out."""
    if isinstance(sampling, Sampling):
        return [(sampling, stream) for stream in list(sampling.streams or range(count))[:count]]
    return [(knobs, knobs.streams[0] if knobs.streams else 0) for knobs in sampling]


def _plain(sampling: Sampling, stream: int) -> dict[str, Any]:
    """What every server knows."""
    settings: dict[str, Any] = {"temperature": sampling.temperature, "top_p": sampling.top_p}
    if sampling.penalises:
        settings["presence_penalty"] = sampling.presence_penalty
        settings["frequency_penalty"] = sampling.frequency_penalty
    if sampling.seed is not None:
        settings["seed"] = int(np.random.default_rng((sampling.seed, stream)).integers(1 << 31))
    return settings


def _without_logprobs(sampling: Sampling, stream: int) -> dict[str, Any]:
    """With the cuts that OpenAI's own servers lack; DRY is not asked for: elsewhere a newline breaks it off."""
    return _plain(sampling, stream) | {"extra_body": {"min_p": sampling.min_p, "top_k": sampling.top_k}}


def _all_settings(sampling: Sampling, stream: int) -> dict[str, Any]:
    return _without_logprobs(sampling, stream) | {"logprobs": 1}


@contextmanager
def explained(url: str, model: str = "") -> Iterator[None]:
    """Turn what can go wrong between here and the server into an `EngineError` of two sentences."""
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
        do = f"See that its address is right, as a rule it ends in /v1, and name the model: {url}#MODEL"
        raise EngineError(f"What answers at {url} is no OpenAI-compatible server.", do) from error
    except openai.APIStatusError as error:
        if 300 <= error.status_code < 400:
            do = "What is said follows no redirection: give the address that it names, if you trust it."
            raise EngineError(f"The server at {url} sends us to another address.", do) from error
        raise EngineError(f"The server at {url} failed: {error.message}.", "Look at what it says itself.") from error
    except openai.APIError as error:
        raise EngineError(f"The server at {url} failed: {error.message}.", "Look at what it says itself.") from error


def load(at: str) -> RemoteEngine:
    """The model at an address: `http://127.0.0.1:8080/v1`, or with `#MODEL` where the server has several.

    Which adapter speaks is the server's affair. `UsageError` for what is no address, `EngineError` where none answers.
    """
    place = address.read(at)
    if find_spec("openai") is None:
        raise EngineError("A model elsewhere needs the openai package.", "Install it: pip install 'soundalike[remote]'")
    return RemoteEngine(place.url, place.model)
