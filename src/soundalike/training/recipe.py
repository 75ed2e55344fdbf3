"""Every setting of a voice: its type, its range and its default.

Ranges are checked when a recipe is made, so a wrong value is reported before an hour of training and not after it.
LOG.md has the measurements behind the defaults.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from soundalike.errors import RecipeError
from soundalike.generation.sampling import Sampling
from soundalike.importing.document_settings import DocumentSettings

LORA_ONLY = {"precision", "rank", "alpha"}  # settings of `Training` that have no effect with the method `full`


class Training(BaseModel):
    """How the adapter is learned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["full", "lora"] = "full"
    """`full` trains all weights and keeps the difference: better and faster for a small base. `lora` trains low-rank
    factors, for a large one."""
    num_layers: int | None = Field(default=None, ge=1)
    """With `full`, train the last so many layers alone: the layers below take no backward pass, no gradients and no
    moments. None trains all weights."""
    precision: Literal["auto", "fp32", "bf16", "4-bit"] = "auto"
    """The type that holds a large base's weights; `auto` takes the finest one that fits into memory."""
    compute_dtype: Literal["auto", "fp32", "bf16"] = "auto"
    """The type of matrix products; `auto` takes bf16 where the processor or GPU has instructions for it."""
    rank: int = Field(default=16, ge=1, le=512)
    alpha: float = Field(default=32.0, gt=0)
    learning_rate: float = Field(default=2e-3, gt=0, lt=1)
    warmup_steps: int = Field(default=20, ge=1)
    final_share: float = Field(default=0.1, ge=0, le=1)
    """The learning rate at the end of the cosine, as a share of the peak."""
    weight_decay: float = Field(default=0.01, ge=0)
    clip: float = Field(default=1.0, gt=0)
    replay: float = Field(default=0.0, ge=0, lt=1)
    """Share of built-in small talk in all training text, so that a base that learns one person's lines does not forget
    how to answer."""
    window: int = Field(default=256, ge=16)
    step_tokens: int = Field(default=2048, ge=16)
    seed: int = Field(default=1, ge=0)
    choose: Literal["bits", "likeness"] = "bits"
    """Which adapter of a run is kept: with `bits` the one with the fewest bits per byte of held-out text, with
    `likeness` the one that writes most like the owner without reciting. Measuring it takes time beyond the budget."""
    minutes: float | None = Field(default=None, gt=0)
    epochs: float | None = Field(default=None, gt=0)
    iters: int | None = Field(default=None, ge=1)

    def used(self) -> dict[str, Any]:
        """The settings that have an effect, by name."""
        return self.model_dump(exclude_none=True, exclude=LORA_ONLY if self.method == "full" else None)


TINY = 32_000_000  # weights; above it a base was taught more than it will read of its owner
REPLAY = 0.15  # share of small talk


def small_base(weights: float, layers: int) -> dict[str, Any]:
    """Settings of `Training` for a base of `weights` weights in `layers` layers that is trained without factors.

    Measured on pocket and on SmolLM2-135M (LOG.md): a base of some millions learns with all weights; of a larger one
    the upper half learns more in the same minutes than the whole, at a lower rate and in smaller steps, and needs half
    of the memory. Without small talk in between, both forget within minutes how to answer.
    """
    if weights <= TINY:
        return {"replay": REPLAY}
    upper_half = {"num_layers": max(1, layers // 2), "learning_rate": 5e-4, "warmup_steps": 10, "step_tokens": 512}
    return upper_half | {"replay": REPLAY}


def large_base(weights: float) -> dict[str, Any]:
    """Settings of `Training` for a base of `weights` weights, which is adapted by low-rank factors.

    From published sweeps, not measured here: a lower rate for a larger base, windows that hold a conversation, and
    steps small enough that one person's text makes a hundred of them.
    """
    rate = 3e-4 if weights > 5e9 else 5e-4
    return {"method": "lora", "learning_rate": rate, "window": 512, "step_tokens": 4_096}


class Limits(BaseModel):
    """Limits of a reply and of the work that is spent on it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: int = Field(default=96, ge=1)
    lines: int = Field(default=4, ge=1)
    """Messages in a reply, at most."""
    untagged_lines: int = Field(default=2, ge=1)
    """The same for a voice whose lines have no names: it cannot tell where its own turn ends."""
    retries: int = Field(default=3, ge=0)
    """How often a reply is sampled again after a guard rejected it."""
    at_once: int = Field(default=16, ge=1)
    """Prompts in one batch."""
    copied_words: int = Field(default=8, ge=0)
    """A reply with that many words in a row of one of the owner's messages is a copy; 0 allows copies."""
    quoted_words: int = Field(default=6, ge=0)
    """The same for other people's messages, unless the owner wrote those words too; 0 allows quotes."""
    block_slurs: bool = True
    """Block the built-in list of slurs, which has no swear words."""
    blocked: tuple[str, ...] = ()
    """Words and phrases that are never written."""


class Serving(BaseModel):
    """Limits of a server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    streams: int = Field(default=64, ge=1)
    """Replies that are generated at the same time."""
    queue: int = Field(default=256, ge=0)
    """Requests that may wait; more of them are answered with an error that asks to try again."""
    body_bytes: int = Field(default=1_000_000, ge=1_000)


class Recipe(BaseModel):
    """All settings of a voice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = "pocket"
    documents: DocumentSettings = DocumentSettings()
    training: Training = Training()
    sampling: Sampling = Sampling()
    limits: Limits = Limits()

    def as_table(self) -> dict[str, Any]:
        """The settings as they stand in clone.toml; those that are None are left out."""
        table = {
            "base": self.base,
            "documents": asdict(self.documents),
            "training": self.training.model_dump(),
            "sampling": asdict(self.sampling),
            "limits": self.limits.model_dump(),
        }
        return _without_none(table)

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> "Recipe":
        """From the tables of a clone.toml or of a checkpoint; `RecipeError` names the setting and what is wrong."""
        if isinstance(training := table.get("training"), Mapping):
            table = {**table, "training": without_removed(training)}
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


def without_removed(training: Mapping[str, Any]) -> dict[str, Any]:
    """A table of `Training` as an older version wrote it, without the settings that are gone since.

    `RecipeError` where it asks for the optimizer Muon. With the method `lora` that setting never had an effect.
    """
    optimizer, full = training.get("optimizer", "adamw"), training.get("method", "full") == "full"
    if optimizer == "muon" and full:
        raise RecipeError(
            "The setting training.optimizer is 'muon', which was removed: it learned less in the same time.",
            "Leave it out, and muon_scale with it: AdamW is the only optimizer. A training begun with Muon starts anew "
            "with --fresh.",
        )
    removed = {"muon_scale"} | ({"optimizer"} if optimizer in ("adamw", "muon") else set())
    return {name: value for name, value in training.items() if name not in removed}
