"""Where the adapters of a run are kept in the clone folder while it trains."""

from collections.abc import Mapping
from typing import Any

import orjson

from soundalike.clone import integrity
from soundalike.clone.clone import MANIFEST, Clone
from soundalike.clone.folder import link_tree
from soundalike.engines.protocol import Engine
from soundalike.training.status import Progress, Succession

CURVE = "training.json"  # losses by step


class AdapterStore:
    """The best adapter of a run: the clone's voice if it is the `first`, else a candidate beside that voice."""

    def __init__(self, clone: Clone, succession: Succession, sections: Mapping[str, Mapping[str, Any]]) -> None:
        """`sections` go into clone.toml together with each adapter."""
        self._clone, self._sections = clone, sections
        self._beside = succession != "first"
        self._hashes: dict[str, str] = {}  # SHA-256 by file of the adapter that was kept last

    def clear(self) -> None:
        """Remove what an earlier, unfinished training left."""
        self._clone.remove([self._clone.checkpoints_path.name, self._clone.candidate_path.name])

    def resume(self) -> None:
        """Take over the adapter that was kept before the run was stopped."""
        kept = Clone(self._clone.candidate_path) if self._beside else self._clone
        self._hashes = dict(kept.manifest().get("result", {}).get("adapter", {})) if kept.exists else {}

    def keep(self, engine: Engine, progress: Progress) -> None:
        """Replace the adapter by that of `engine`, with the manifest that describes it."""
        name = self._clone.adapter_path.name
        with self._clone.replacing() as scratch:
            folder = scratch / self._clone.candidate_path.name if self._beside else scratch
            folder.mkdir(exist_ok=True)
            engine.save(folder / name)
            self._hashes = integrity.digests(folder / name)
            (folder / MANIFEST).write_bytes(self._manifest(progress))

    def finish(self, progress: Progress) -> None:
        """Write the final figures; the checkpoint of a `first` voice is removed."""
        curve = {"losses": progress.losses, "valid": progress.valid, "chosen": progress.chosen}
        files = {MANIFEST: self._manifest(progress), CURVE: orjson.dumps(curve)}
        if not self._beside:
            self._clone.write(files)
            self._clone.remove([self._clone.checkpoints_path.name])
            return
        candidate, adapter = self._clone.candidate_path, self._clone.adapter_path.name
        with self._clone.replacing() as scratch:
            link_tree(candidate / adapter, scratch / candidate.name / adapter)
            for name, data in files.items():
                (scratch / candidate.name / name).write_bytes(data)

    def _manifest(self, progress: Progress) -> bytes:
        result = {**progress.figures(), "fingerprint": self._clone.fingerprint, "adapter": self._hashes}
        return self._clone.manifest_with(result=result, **self._sections)
