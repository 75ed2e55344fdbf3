"""What a training over a voice starts from: the adapter that the clone has, or a new one.

An adapter can be trained on where base and kind of adapter stay the same and all that it has learned from is still in
the clone: newer exports only add to that, while `forget` and `import --replace` take messages away, which only a new
adapter does not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundalike.clone import Clone
from soundalike.engines import engine_module_of
from soundalike.engines.adapter_files import adapter_settings


@dataclass(frozen=True, slots=True)
class Start:
    """`base` and `settings` of the adapter, and how many `epochs` it was trained for, or the `obstacle` to going on.

    `unread` says whether the clone has text that the voice was not trained on.
    """

    base: str
    unread: bool
    obstacle: str | None = None
    settings: Mapping[str, Any] | None = None
    epochs: float = 0.0

    @property
    def warm(self) -> bool:
        """Whether the training goes on from the adapter."""
        return self.obstacle is None


def start_of(clone: Clone, base: str | None, options: Mapping[str, Any]) -> Start:
    """Where a training of a clone with a voice starts, for this base and these settings of `Training`."""
    sections = clone.manifest()
    trained, result = str(sections["training"]["base"]), sections.get("result", {})
    learned, extended = result.get("fingerprint"), sections.get("import", {}).get("extends", ())
    unread = learned != clone.fingerprint
    if base is not None and Path(base).resolve() != Path(trained).resolve():  # a name resolves like a folder
        return Start(base, unread, f"its base is {trained}")
    if engine_module_of(trained) == "markov":
        return Start(trained, unread, "a word chain counts all text anew")
    if unread and learned not in extended:
        return Start(trained, unread, "it may have learned from messages that are no longer in the clone")
    made = adapter_settings(clone.intact_adapter())
    other = [name for name in made if name in options and options[name] != made[name]]
    if other:
        return Start(trained, unread, f"its adapter was trained with {other[0]} {made[other[0]]}")
    return Start(trained, unread, settings=made, epochs=float(result.get("epochs", 0.0)))
