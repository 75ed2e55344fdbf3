"""A chat model of a server that a system prompt asks to write as the owner does: OpenAI's chat completions.

It is what anybody can do without training: a large model, a prompt, no guards and no sampling of ours.
Source of the protocol: platform.openai.com/docs/api-reference/chat.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from soundalike.errors import UsageError
from soundalike.generation.prompt import Turn
from soundalike.generation.remote import RemoteModel, explained
from soundalike.generation.sampling import Sampling, for_each, random_generator
from soundalike.generation.server_settings import ServerSettings
from soundalike.paths import regular_file

GO_ON = "(go on)"  # in the place of somebody else's lines where nobody answered; the prompt says what it means
AT_ONCE = 8  # requests that wait for the server's answer
MOST_TOKENS = 300  # of a reply
MOST_BYTES = 200_000  # of a prompt
# Names for the limit of tokens: older servers know the first, OpenAI's newer models the second; the last is no limit.
LIMITS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("max_tokens", {"max_tokens": MOST_TOKENS}),
    ("max_completion_tokens", {"max_completion_tokens": MOST_TOKENS}),
    ("no limit of tokens", {}),
)

ChatTurn = dict[str, str]  # role and content


def read_prompt(path: Path) -> str:
    """The text of a prompt file; `UsageError` if it is none."""
    do = "Write one with: soundalike export me --to prompt"
    if regular_file(path, UsageError, do).st_size > MOST_BYTES:
        raise UsageError(f"{path} has more than {MOST_BYTES:,} bytes, which is no prompt.", do)
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", "Save it as UTF-8.") from error
    if not text:
        raise UsageError(f"{path} is empty.", do)
    return text


@dataclass(frozen=True, slots=True)
class ServerPrompt:
    """The `address` of a server, as for `RemoteModel.connect`, and the system prompt that its model gets."""

    address: str
    text: str


class PromptedModel:
    """The model of a server with a system `prompt`, in the place of `owner`'s voice.

    It samples as the server does when nothing is asked for; of `sampling` only the seed is sent.
    """

    def __init__(self, model: RemoteModel, prompt: str, owner: str) -> None:
        self.model, self.prompt, self.owner = model, prompt, owner
        self.sampling = Sampling()
        self._accepted = ServerSettings(model.url, [name for name, _ in LIMITS])

    @classmethod
    def connect(cls, prompt: ServerPrompt, owner: str) -> "PromptedModel":
        """With the model at the prompt's address; errors as those of `RemoteModel.connect`.

        It is asked for a reply to nothing, so that a wrong name, a missing key and a prompt that is too long for the
        model are told of before hundreds of requests.
        """
        made = cls(RemoteModel.connect(prompt.address), prompt.text, owner)
        made.replies([[]])
        return made

    @property
    def about(self) -> dict[str, object]:
        """For a report: the model's name, and the prompt's length and hash."""
        digest = sha256(self.prompt.encode()).hexdigest()[:16]
        return {"model": self.model.model, "characters": len(self.prompt), "prompt": digest}

    def replies(
        self,
        histories: Sequence[Sequence[Turn]],
        sampling: Sampling | Sequence[Sampling] | None = None,
        on_done: Callable[[int], None] = lambda replies: None,
    ) -> list[list[str]]:
        """The owner's next messages after each history of (name, text), oldest first; perhaps none.

        `on_done` is called with the number of replies that have come since. `EngineError` if the server fails.
        """
        samplings = for_each(histories, sampling or self.sampling)
        generators = [random_generator(replace(one, streams=(number,))) for number, one in enumerate(samplings)]
        seeds = [int(generator.integers(1 << 31)) for generator in generators]
        found = list[list[str]]()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for reply in pool.map(self._reply, histories, seeds):
                    found.append(reply)
                    on_done(1)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return found

    def _reply(self, history: Sequence[Turn], seed: int) -> list[str]:
        turns = [{"role": "system", "content": self.prompt}, *chat_messages(history, self.owner)]
        return reply_lines(self._ask(turns, seed), self.owner)

    def _ask(self, turns: Sequence[ChatTurn], seed: int) -> str:
        """The text that the server answers."""
        server, messages = self.model, cast(Any, turns)

        def send(choice: int) -> Any:
            _, limit = LIMITS[choice]
            return server.client.chat.completions.create(model=server.model, messages=messages, seed=seed, **limit)

        with explained(server.url, server.model):
            made = self._accepted.ask(send)
        return made.choices[0].message.content or "" if made.choices else ""


def chat_messages(history: Sequence[Turn], owner: str) -> list[ChatTurn]:
    """A history as turns of two roles that alternate, which many chat templates ask for.

    The owner is the assistant; other people's lines begin with their name. The first and the last turn are the user's.
    """
    turns = list(_merged(history, owner))
    if not turns or turns[0]["role"] == "assistant":
        turns.insert(0, _user(GO_ON))
    return turns if turns[-1]["role"] == "user" else [*turns, _user(GO_ON)]


def _merged(history: Sequence[Turn], owner: str) -> Iterator[ChatTurn]:
    for own, turns in groupby(history, key=lambda turn: turn[0] == owner):
        if own:
            yield {"role": "assistant", "content": "\n".join(text for _, text in turns)}
        else:
            yield _user("\n".join(f"{name}: {text}" for name, text in turns))


def _user(content: str) -> ChatTurn:
    return {"role": "user", "content": content}


def reply_lines(text: str, owner: str) -> list[str]:
    """The messages of an answer, one a line, without the owner's name that a model may put before them."""
    label = re.compile(rf"^{re.escape(owner)}\s*:\s*", re.IGNORECASE)
    lines = (label.sub("", line.strip()) for line in text.splitlines())
    return [line for line in lines if line]
