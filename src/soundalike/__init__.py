"""Turn a person's chat export into a bot that talks like them.

The public API: `Clone` is a clone folder on disk, `Voice` a clone that is loaded and replies, `Sampling` how it chooses
its tokens, `SoundalikeError` the base class of every expected error. They are imported on first use, so that
`import soundalike` loads neither PyTorch nor polars.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from soundalike.version import __version__

__all__ = ["Clone", "Sampling", "SoundalikeError", "Voice", "__version__"]

if TYPE_CHECKING:
    from soundalike.clone import Clone
    from soundalike.errors import SoundalikeError
    from soundalike.generation.sampling import Sampling
    from soundalike.generation.voice import Voice

_MODULES = {
    "Clone": "soundalike.clone",
    "Sampling": "soundalike.generation.sampling",
    "SoundalikeError": "soundalike.errors",
    "Voice": "soundalike.generation.voice",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
