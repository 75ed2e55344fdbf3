"""discord.toml: every setting of the bot, checked as it is read, with the line of what is wrong.

The file is the owner's: it is written once, with comments, and later changed only by the owner's commands, which keep
the comments.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from soundalike import toml
from soundalike.clone.folder import disk_errors
from soundalike.errors import RecipeError
from soundalike.frontends.bot_loops import LoopLimits
from soundalike.generation.sampling import MAX_TEMPERATURE

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

NAME = "discord.toml"
TOKEN = "DISCORD_TOKEN"  # the variable of the environment; the token is written to no file and to no log
PORTAL = "https://discord.com/developers/applications"


def _id(value: object) -> str:
    if isinstance(value, bool) or not re.fullmatch("[0-9]{15,20}", text := str(value).strip()):
        raise ValueError("this is no id: 15 to 20 digits, as Copy ID gives them")
    return text


Id = Annotated[str, BeforeValidator(_id)]
Ids = frozenset[Id]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Temperature = Annotated[float, Field(ge=0, le=MAX_TEMPERATURE)]


class SettingsTable(BaseModel):
    """A table of the file; unknown names are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AnswerSettings(SettingsTable):
    """When it speaks unasked, and how."""

    probability: Share = 0.5
    half_life: float = Field(default=120.0, gt=0)
    least: Share = 0.1
    temperature: Temperature | None = None


class BurstSettings(SettingsTable):
    """When a burst ends, in seconds."""

    quiet: Seconds = 1.5
    longest: Seconds = 5.0


class RateSettings(SettingsTable):
    """Answers a minute."""

    person: float = Field(default=8.0, ge=0)
    channel: float = Field(default=12.0, ge=0)
    all: float = Field(default=40.0, ge=0)


class QueueSettings(SettingsTable):
    """Messages that wait for the model; `fresh` in seconds."""

    size: int = Field(default=16, ge=1, le=1_000)
    fresh: float = Field(default=15.0, gt=0)


class ContextSettings(SettingsTable):
    """What the model reads."""

    messages: int = Field(default=30, ge=1, le=200)
    tokens: int = Field(default=400, ge=16)


class PaceSettings(SettingsTable):
    """How fast the lines of an answer are sent; `longest` in seconds."""

    speed: float = Field(default=1.0, gt=0)
    longest: Seconds = 4.0


class ModelSettings(SettingsTable):
    """The server whose model answers; without `url`, the clone in this process."""

    url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    name: str = ""


class ChannelSettings(SettingsTable):
    """A channel in which it may answer; its settings replace those of [answer] there."""

    probability: Share | None = None
    temperature: Temperature | None = None


class Settings(SettingsTable):
    """The whole file."""

    owners: Ids = frozenset()
    trusted: Ids = frozenset()
    direct_messages: Ids = frozenset()
    denied_people: Ids = frozenset()
    denied_servers: Ids = frozenset()
    bots: Ids = frozenset()
    message_content: bool = True
    answer: AnswerSettings = AnswerSettings()
    burst: BurstSettings = BurstSettings()
    rates: RateSettings = RateSettings()
    queue: QueueSettings = QueueSettings()
    context: ContextSettings = ContextSettings()
    pace: PaceSettings = PaceSettings()
    loops: LoopLimits = LoopLimits()
    model: ModelSettings = ModelSettings()
    channels: Mapping[Id, ChannelSettings] = Field(default_factory=dict)

    def probability(self, *channels: str) -> float:
        """The probability of an unasked answer in the first of `channels` that has one of its own."""
        return self._own("probability", channels, self.answer.probability) or 0.0

    def temperature(self, *channels: str) -> float | None:
        """The temperature, likewise; None means the voice's own."""
        return self._own("temperature", channels, self.answer.temperature)

    def _own(self, name: str, channels: Sequence[str], default: float | None) -> float | None:
        values = (getattr(self.channels[channel], name) for channel in channels if channel in self.channels)
        return next((value for value in values if value is not None), default)


def template() -> str:
    """A new discord.toml, with comments."""
    return files(__package__).joinpath(NAME).read_text("utf-8")


def parse(text: str, where: str = NAME) -> Settings:
    """The settings in `text`; `RecipeError` names the line, the setting, and what is wrong."""
    import tomllib

    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{where} cannot be read as TOML: {error}.", "Correct that line.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"] if part != "[key]"]
        line = toml.line_of(text, place)
        raise RecipeError(f"{where}, line {line}: {'.'.join(place)} {_wrong(first)}.", "Change that line.") from error


def _wrong(error: Mapping[str, Any]) -> str:
    """What is wrong, from pydantic's error."""
    if error["type"] == "extra_forbidden":
        return "is not a setting"
    return f"is {error['input']!r}: {str(error['msg']).removeprefix('Value error, ')}"


class SettingsFile:
    """A discord.toml on disk. `now` are the last settings in it that were right."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = self._stamped()
        self.now = self._read()

    def _read(self) -> Settings:
        return parse(self._text(), str(self.path))

    def _text(self) -> str:
        with disk_errors(self.path, "read"):
            return toml.read_text(self.path, RecipeError, "Correct the file.", utf_16=True)

    def _stamped(self) -> tuple[int, int]:
        with disk_errors(self.path, "read"):
            stat = self.path.stat()
        return stat.st_mtime_ns, stat.st_size

    def reread(self) -> bool:
        """Read the file if it has changed; whether the settings differ from before.

        `RecipeError` or `CloneError`, once for each change, where it cannot be used; `now` then stays as it was.
        """
        stamp = self._stamped()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        before, self.now = self.now, self._read()
        return before != self.now

    def change(self, edit: Callable[["TOMLDocument"], None]) -> None:
        """Edit the file and keep its comments; `RecipeError` where the result would be wrong, and nothing is written.

        The clone's lock is not taken: a training that holds it must not keep an owner from leaving a channel.
        """
        import tomlkit

        with disk_errors(self.path):
            document = tomlkit.parse(self._text())
            edit(document)
            written = tomlkit.dumps(document)
            parse(written, str(self.path))
            write_private(self.path, written)
        self.reread()


def write_private(path: Path, text: str) -> None:
    """Replace a private file at once; where that fails nothing remains of the attempt."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def set_in_channel(document: "TOMLDocument", channel: str, **values: float) -> None:
    """List `channel`, with these settings of its own."""
    import tomlkit

    channels = document.setdefault("channels", tomlkit.table())
    table = channels.setdefault(channel, tomlkit.table())
    table.update(values)


def unlist(document: "TOMLDocument", channel: str) -> None:
    """Take `channel` off the list."""
    document.get("channels", {}).pop(channel, None)


def initialise(folder: Path) -> Path:
    """Write a discord.toml with comments into `folder`; `RecipeError` where there is one."""
    path = folder / NAME
    if path.exists():
        raise RecipeError(f"{path} exists already.", "Edit it, or delete it first.")
    with disk_errors(path):
        write_private(path, template())
    return path
