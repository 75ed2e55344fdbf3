"""The voices of one server, by the name that a request asks for."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soundalike.errors import UsageError
from soundalike.frontends import places
from soundalike.frontends.server.api_errors import ApiError
from soundalike.generation.voice import Voice


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A voice, its name, and the base it speaks over; the base by itself has no parent."""

    name: str
    voice: Voice
    base: str
    created: int = field(default_factory=lambda: int(time.time()))

    def as_model(self) -> dict[str, Any]:
        """An entry of the list of models."""
        parent = None if self.name == self.base else self.base
        about = {"id": self.name, "object": "model", "created": self.created, "owned_by": "soundalike"}
        return {**about, "root": self.base, "parent": parent, "owner": self.voice.owner}


def load(folders: Sequence[Path], with_base: bool = False, at: Sequence[str] = ()) -> dict[str, ServedModel]:
    """The clones in these folders, each under its folder's name, and with `with_base` the bases that they stand on.

    `at` says where their models run; of a model elsewhere nobody knows the base.
    """
    from soundalike import engines
    from soundalike.clone import Clone

    if with_base and at:
        raise UsageError("A server that models run at does not serve their bases.", "Leave out --with-base or --at.")
    served = dict[str, ServedModel]()
    for folder, place in zip(folders, places(folders, at), strict=True):
        voice, name = Voice.load(folder, place), folder.resolve().name
        base = place or str(Clone.open(folder).manifest()["training"]["base"])
        _add(served, ServedModel(name, voice, base))
    for one in list(served.values()) if with_base else []:
        if one.base not in served:
            voice = one.voice
            alone = Voice(
                engines.load(one.base), "me", voice.tagged, voice.window, voice.sampling, voice.limits, voice.guards
            )
            _add(served, ServedModel(one.base, alone, one.base))
    return served


def _add(served: dict[str, ServedModel], one: ServedModel) -> None:
    if one.name in served:
        raise UsageError(f"Two voices would be called {one.name}.", "Rename one of the folders.")
    served[one.name] = one


def find(served: dict[str, ServedModel], name: str) -> ServedModel:
    """The voice of this name; `ApiError` where there is none."""
    if name not in served:
        known = ", ".join(served)
        raise ApiError(404, f"There is no model {name!r}. Ask for one of: {known}.", "model_not_found", "model")
    return served[name]
