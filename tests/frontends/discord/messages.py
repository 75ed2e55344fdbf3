"""Messages and a pipeline for tests without a network; the time is in the messages."""

from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

from soundalike.frontends.discord.message import IncomingMessage
from soundalike.frontends.discord.pipeline import Pipeline
from soundalike.frontends.discord.settings import Settings, SettingsFile
from soundalike.frontends.discord.state import BotState

_ids = count(10**17)
ME, ANA, BO, ROOM, OTHER = (str(10**16 + n) for n in range(5))


def message(text: str = "hi", at: float = 0.0, **more: Any) -> IncomingMessage:
    """A message of ana's in the listed room."""
    plain = IncomingMessage(
        str(next(_ids)), ANA, more.get("own", False), text, at, channel=ROOM, name="ana", server="1"
    )
    return replace(plain, **more)


def settings(**tables: Any) -> Settings:
    """Settings that list the room; tables as in discord.toml."""
    return Settings.model_validate({"channels": {ROOM: {}}, **tables})


class NoFile(SettingsFile):
    """Settings that are in no file."""

    def __init__(self, now: Settings) -> None:
        self.now = now


class Case:
    """A pipeline, and the outcome of each text that it received."""

    def __init__(self, coin: float = 0.0, **tables: Any) -> None:
        self.outcomes = dict[str, str]()
        self.pipeline = Pipeline(ME, NoFile(settings(**tables)), BotState(), _Coin(coin))
        self.pipeline.counts.on_outcome = lambda message, outcome: self.outcomes.update({message.text: outcome})

    def receive(self, text: str, at: float = 0.0, **more: Any) -> IncomingMessage:
        """One message."""
        received = message(text, at, **more)
        self.pipeline.receive(received)
        return received

    def taken(self, now: float) -> str | None:
        """Let bursts end; the text of the next message to answer."""
        self.pipeline.advance(now)
        found = self.pipeline.take(now)
        return found.text if found else None


class _Coin(Random):
    """A coin that always falls the same way."""

    def __init__(self, value: float) -> None:
        super().__init__(0)
        self._value = value

    def random(self) -> float:
        return self._value
