"""Every setting, exactly once: typed, with a default that has a reason, to TOML and back.

A setting's range is checked where it is given, so that a wrong one is told before an hour of training and
not after. Why a default is what it is stands in LOG.md.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from soundalike.errors import RecipeError
from soundalike.generation.sampling import Sampling
from soundalike.importing.documents import DocumentSettings


@dataclass(frozen=True, slots=True)
class OnlyWith:
    """Marks a setting that has an effect only where others have these values."""

    others: Mapping[str, Any]


class Training(BaseModel):
    """How the adapter is learned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["full", "lora"] = "full"
    """`full` moves all weights and keeps the difference: better and faster for a small base. `lora` for a large one."""
    precision: Annotated[Literal["auto", "fp32", "bf16", "4-bit"], OnlyWith({"method": "lora"})] = "auto"
    """The numbers that hold a large base's weights; `auto` takes the finest for which there is memory."""
    compute_dtype: Literal["auto", "fp32", "bf16"] = "auto"
    """The numbers that are multiplied; `auto` takes bf16 where the processor or GPU has instructions for it."""
    rank: Annotated[int, OnlyWith({"method": "lora"})] = Field(default=16, ge=1, le=512)
    alpha: Annotated[float, OnlyWith({"method": "lora"})] = Field(default=32.0, gt=0)
    optimizer: Annotated[Literal["adamw", "muon"], OnlyWith({"method": "full"})] = "adamw"
    """Muon is for whole matrices; the factors of `lora` are always AdamW's."""
    muon_scale: Annotated[float, OnlyWith({"method": "full", "optimizer": "muon"})] = Field(default=10.0, gt=0)
    """Muon's rate over AdamW's."""
    learning_rate: float = Field(default=2e-3, gt=0, lt=1)
    warmup_steps: int = Field(default=20, ge=1)
    final_share: float = Field(default=0.1, ge=0, le=1)
    """The rate at the end of the cosine, as a share of its peak."""
    weight_decay: float = Field(default=0.01, ge=0)
    clip: float = Field(default=1.0, gt=0)
    replay: float = Field(default=0.0, ge=0, lt=1)
    """Small talk of the package's own among what is learned, as a share of all text: so that a base which learns one
    person's lines does not forget how to answer."""
    window: int = Field(default=256, ge=16)
    step_tokens: int = Field(default=2048, ge=16)
    seed: int = Field(default=1, ge=0)
    choose: Literal["bits", "likeness"] = "bits"
    """Which of the adapters that a training passes through is kept: the one to which the owner's later words cost the
    fewest bits, or the one that writes most like them, never one that recites. Asking takes time beyond the budget."""
    minutes: float | None = Field(default=None, gt=0)
    epochs: float | None = Field(default=None, gt=0)
    iters: int | None = Field(default=None, ge=1)

    def used(self) -> dict[str, Any]:
        """The settings that have an effect, by name."""
        return {name: value for name, value in self.model_dump(exclude_none=True).items() if self._matters(name)}

    def _matters(self, name: str) -> bool:
        marks = [mark for mark in type(self).model_fields[name].metadata if isinstance(mark, OnlyWith)]
        return all(getattr(self, other) == value for mark in marks for other, value in mark.others.items())


SMALL_BASE: dict[str, Any] = {"replay": 0.15}
"""The settings of `Training` that differ where all weights of a small base move: it would forget how to answer."""


def large_base(weights: float) -> dict[str, Any]:
    """The settings of `Training` that differ where a base is too large for all its weights to move.

    A start, from others' sweeps: the larger the base the lower the rate, windows that hold a conversation, and steps
    small enough that a person's text makes a hundred of them.
    """
    rate = 3e-4 if weights > 5e9 else 5e-4
    return {"method": "lora", "learning_rate": rate, "window": 512, "step_tokens": 4_096}


class Limits(BaseModel):
    """How much one reply may be, and what may be spent on it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: int = Field(default=96, ge=1)
    lines: int = Field(default=4, ge=1)
    """The most messages in a reply."""
    untagged_lines: int = Field(default=2, ge=1)
    """The length of a reply where lines bear no names: a voice then cannot tell its turn from the next person's."""
    retries: int = Field(default=3, ge=0)
    """How often a reply that a guard stopped is drawn again."""
    at_once: int = Field(default=16, ge=1)
    """How many prompts the engine gets side by side."""
    copied_words: int = Field(default=8, ge=0)
    """So many words in a row out of one message are a copy of it; 0 lets copies pass."""
    quoted_words: int = Field(default=6, ge=0)
    """Fewer of other people's, which are not the owner's to give away, unless the owner says them too; 0 lets pass."""
    block_slurs: bool = True
    """Whether the built-in list of slurs is blocked; swearing is not on it."""
    blocked: tuple[str, ...] = ()
    """Words and phrases of the owner's choice that are not said."""


class Serving(BaseModel):
    """What a server takes on at once, and from one request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    streams: int = Field(default=64, ge=1)
    """How many replies are drawn side by side."""
    queue: int = Field(default=256, ge=0)
    """How many requests may wait for a place; the next is told to come again."""
    body_bytes: int = Field(default=1_000_000, ge=1_000)


class Recipe(BaseModel):
    """One voice's settings from the first message to the last token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = "pocket"
    documents: DocumentSettings = DocumentSettings()
    training: Training = Training()
    sampling: Sampling = Sampling()
    limits: Limits = Limits()

    def to_toml(self) -> str:
        """As text; a setting that is unset is left out."""
        return tomli_w.dumps(self.as_table())

    def as_table(self) -> dict[str, Any]:
        """As plain values."""
        table = {
            "base": self.base,
            "documents": asdict(self.documents),
            "training": self.training.model_dump(),
            "sampling": asdict(self.sampling),
            "limits": self.limits.model_dump(),
        }
        return _without_none(table)

    @classmethod
    def from_toml(cls, text: str) -> "Recipe":
        """From text; `RecipeError` names the setting and what is wrong with it."""
        try:
            return cls.from_table(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"The recipe is not TOML: {error}.", "Mend that line, or delete the file.") from error

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> "Recipe":
        """From plain values."""
        try:
            return cls.model_validate(table)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RecipeError(f"The setting {where} is {first['input']!r}: {first['msg']}.", "Change it.") from error


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None and value != ()
    }
