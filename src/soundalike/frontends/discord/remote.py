"""A speaker behind a URL: any server that speaks OpenAI's chat completions, through their own client."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from soundalike.frontends.discord.speaker import SpeakerAway

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam

History = Sequence[tuple[str, str]]
LONGEST_REPLY = 96  # tokens
MOST_LINES = 4
READY_SECONDS = 5.0


class Remote:
    """`model` left empty takes the first that the server lists."""

    def __init__(self, url: str, model: str, owner: str, key: str = "") -> None:
        from openai import AsyncOpenAI

        self.owner = owner
        self._model = model
        self._client = AsyncOpenAI(base_url=url, api_key=key or "none", max_retries=0)

    async def reply(self, history: History, temperature: float | None) -> list[str]:
        """As `Speaker`."""
        from openai import OpenAIError, omit

        try:
            said = await self._client.chat.completions.create(
                model=await self._named(),
                messages=messages(history, self.owner),
                temperature=omit if temperature is None else temperature,
                max_tokens=LONGEST_REPLY,
            )
        except OpenAIError as error:
            raise SpeakerAway(f"The model's server failed: {type(error).__name__}.", "Is it running?") from error
        text = said.choices[0].message.content if said.choices else ""
        return lines(text or "", self.owner)

    async def _named(self) -> str:
        if not self._model:
            listed = await self._client.models.list()
            self._model = listed.data[0].id if listed.data else ""
        return self._model

    async def eagerness(self, history: History) -> float | None:
        """A server is not asked."""
        return None

    async def ready(self) -> bool:
        """Whether it lists its models."""
        from openai import OpenAIError

        try:
            await self._client.models.list(timeout=READY_SECONDS)
        except OpenAIError:
            return False
        return True

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def messages(history: History, owner: str) -> "list[ChatCompletionMessageParam]":
    """The owner's lines as the assistant's, everybody else's as the user's, with their names before them."""
    told: list[ChatCompletionMessageParam] = []
    for name, text in history:
        if name == owner:
            told.append({"role": "assistant", "content": text})
        else:
            told.append({"role": "user", "content": f"{name}: {text}"})
    return told


def lines(text: str, owner: str) -> list[str]:
    """The messages of a reply, a line each, without the owner's name where the model wrote it."""
    bare = (line.strip().removeprefix(f"{owner}:").strip() for line in text.splitlines())
    return [line for line in bare if line][:MOST_LINES]
