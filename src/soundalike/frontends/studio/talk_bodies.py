"""What the page sends of a conversation, and the turns that a voice reads."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from soundalike.generation.prompt import Turn
from soundalike.generation.sampling import MAX_BEST_OF, MAX_TEMPERATURE, Sampling
from soundalike.generation.voice import Voice

TEXT = 20_000  # characters of a line
LINES = 2_000  # of a conversation


class TalkLine(BaseModel):
    """A line; without a `name` it is the voice's own."""

    text: str = Field(max_length=TEXT)
    name: str | None = Field(default=None, min_length=1, max_length=100)


class ReplyBody(BaseModel):
    """A conversation that is to be answered; without a `temperature` or `best_of` as clone.toml says."""

    lines: list[TalkLine] = Field(min_length=1, max_length=LINES)
    temperature: float | None = Field(default=None, ge=0, le=MAX_TEMPERATURE)
    best_of: int | None = Field(default=None, ge=1, le=MAX_BEST_OF)

    def sampling(self, voice: Voice) -> Sampling:
        """How the reply is sampled."""
        return voice.sampling.updated(temperature=self.temperature, best_of=self.best_of)


class CorrectionBody(BaseModel):
    """What the voice would not have answered to `lines`, and what it would have; either may be empty."""

    lines: list[TalkLine] = Field(min_length=1, max_length=LINES)
    rejected: list[str] = Field(default_factory=list, max_length=LINES)
    chosen: list[str] = Field(default_factory=list, max_length=LINES)


class RoomBody(BaseModel):
    """`lines` that were said in a room of `voices`, and what `name` says now, perhaps nothing: they then go on."""

    voices: list[str] = Field(min_length=2, max_length=12)
    lines: list[TalkLine] = Field(max_length=LINES)
    name: str = Field(min_length=1, max_length=100)
    text: str = Field(max_length=TEXT)


def turns(lines: Sequence[TalkLine], voice: Voice) -> list[Turn]:
    """The (name, text) turns that the voice reads."""
    return [(voice.owner if line.name is None else voice.guest_name(line.name), line.text) for line in lines]
