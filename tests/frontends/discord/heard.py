"""Messages as the pipeline takes them, for tests without a network; the time is in them."""

from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

from soundalike.frontends.discord.heard import Heard
from soundalike.frontends.discord.memory import Remembered
from soundalike.frontends.discord.pipeline import Pipeline
from soundalike.frontends.discord.settings import Settings

_ids = count(10**17)
ME, ANA, BO, ROOM, OTHER = (str(10**16 + n) for n in range(5))


def heard(text: str = "hi", at: float = 0.0, **more: Any) -> Heard:
    """A message of ana's in the listed room."""
    plain = Heard(str(next(_ids)), ROOM, ANA, "ana", text, at, server="1")
    return replace(plain, **more)


def settings(**tables: Any) -> Settings:
    """Settings that list the room; tables as in discord.toml."""
    return Settings.model_validate({"channels": {ROOM: {}}, **tables})


class Case:
    """A pipeline and what became of each text that it heard."""

    def __init__(self, coin: float = 0.0, **tables: Any) -> None:
        self.settings, self.remembered = settings(**tables), Remembered()
        self.fates = dict[str, str]()
        self.pipeline = Pipeline(ME, lambda: self.settings, lambda: self.remembered, _Coin(coin))
        self.pipeline.ledger.tell = lambda message, fate: self.fates.update({message.text: fate})

    def hear(self, text: str, at: float = 0.0, **more: Any) -> Heard:
        """One message."""
        message = heard(text, at, **more)
        self.pipeline.hear(message)
        return message


class _Coin(Random):
    """A coin that always falls the same way."""

    def __init__(self, value: float) -> None:
        super().__init__(0)
        self._value = value

    def random(self) -> float:
        return self._value
