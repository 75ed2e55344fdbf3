"""The voices of a server, by the name that requests have for them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soundalike.errors import UsageError
from soundalike.frontends import model_addresses
from soundalike.frontends.server.api_errors import ApiError
from soundalike.generation.voice import Voice


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A voice, its name, and its base; a base that is served by itself has its own name as base."""

    name: str
    voice: Voice
    base: str
    created: int = field(default_factory=lambda: int(time.time()))

    def as_model(self) -> dict[str, Any]:
        """Its entry in the list of models."""
        parent = None if self.name == self.base else self.base
        entry = {"id": self.name, "object": "model", "created": self.created, "owned_by": "soundalike"}
        return {**entry, "root": self.base, "parent": parent, "owner": self.voice.owner}


def load(folders: Sequence[Path], with_base: bool = False, at: Sequence[str] = ()) -> dict[str, ServedModel]:
    """The clones in these folders, named after them, and with `with_base` their bases too.

    `at` are the addresses of the servers where their models run; the base of such a model is unknown.
    """
    from soundalike import engines
    from soundalike.clone import Clone

    if with_base and at:
        raise UsageError("A server that models run at does not serve their bases.", "Leave out --with-base or --at.")
    served = dict[str, ServedModel]()
    for folder, address in zip(folders, model_addresses(folders, at), strict=True):
        voice, name = Voice.load(folder, address), folder.resolve().name
        base = address or str(Clone.open(folder).manifest()["training"]["base"])
        _add(served, ServedModel(name, voice, base))
    for model in list(served.values()) if with_base else []:
        if model.base not in served:
            voice, engine = model.voice, engines.load(model.base)
            alone = Voice(engine, "me", voice.tagged, voice.window, voice.sampling, voice.limits, voice.guards)
            _add(served, ServedModel(model.base, alone, model.base))
    return served


def _add(served: dict[str, ServedModel], model: ServedModel) -> None:
    if model.name in served:
        raise UsageError(f"Two voices would be called {model.name}.", "Rename one of the folders.")
    served[model.name] = model


def find(served: Mapping[str, ServedModel], name: str) -> ServedModel:
    """The model of this name; `ApiError` if there is none."""
    if name not in served:
        known = ", ".join(served)
        raise ApiError(404, f"There is no model {name!r}. Ask for one of: {known}.", "model_not_found", "model")
    return served[name]
