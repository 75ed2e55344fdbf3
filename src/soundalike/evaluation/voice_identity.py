"""Which voice something was measured of: hashes of its adapter, its recipe and its import, taken when it is loaded."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from soundalike.clone import Clone, integrity
from soundalike.errors import CloneError
from soundalike.generation.voice import Voice

SECTIONS = ("documents", "training", "sampling", "limits")  # of clone.toml: what the voice was made by and speaks by


def identity(clone: Clone) -> dict[str, str]:
    """The voice that is in the clone now: hashes of the adapter, the recipe with its sampling, the import; the base."""
    manifest = clone.manifest()
    made = {name: manifest[name] for name in SECTIONS if name in manifest}
    adapter = sha256()
    for path in sorted(path for path in clone.adapter_path.rglob("*") if path.is_file()):
        adapter.update(path.relative_to(clone.adapter_path).as_posix().encode())
        adapter.update(bytes.fromhex(integrity.digest(path)))
    return {
        "adapter": adapter.hexdigest()[:16],
        "base": str(manifest.get("training", {}).get("base", "")),
        "recipe": sha256(json.dumps(made, sort_keys=True, default=str).encode()).hexdigest()[:12],
        "fingerprint": clone.fingerprint,
    }


@dataclass(frozen=True, slots=True)
class IdentifiedVoice:
    """A loaded voice with the `identity` that its clone had before it was loaded.

    The clone is not locked, since a measurement takes minutes: call `require_unchanged` when all is read that the
    measurement needs, and again in the lock under which its result is written.
    """

    clone: Clone
    voice: Voice
    identity: dict[str, str]

    @classmethod
    def load(cls, folder: str | Path) -> "IdentifiedVoice":
        """The voice of a clone folder; `CloneError` where there is none."""
        clone = Clone.open(folder)
        before = identity(clone)
        return cls(clone, Voice.load(folder), before)

    def require_unchanged(self) -> None:
        """`CloneError` where the clone has another voice now, or another import."""
        now = identity(self.clone)
        if changed := [name for name, value in self.identity.items() if now[name] != value]:
            what = f"{self.clone.root} was changed in the meantime: {', '.join(changed)}."
            raise CloneError(what, "Run the same command again, for the voice that is there now.")
