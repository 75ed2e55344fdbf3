"""What the owner said of a voice's replies ("not me", "more like this"), in corrections.jsonl, one object a line.

The file is replaced whole with each correction, in one atomic update with its hash in clone.toml: a process that is
killed leaves the old one or the new one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

from soundalike.clone.clone import MANIFEST, Clone
from soundalike.errors import CloneError, UsageError

SECTION = "corrections"  # of clone.toml
TURNS = 40  # of the history are kept with a correction
TEXT_CHARACTERS = 2_000  # of each line


@dataclass(frozen=True, slots=True)
class Correction:
    """A pair of replies to one history: `rejected` is not how the owner writes, `chosen` is. Either may be empty.

    `history` holds the (name, text) lines before the reply as the voice reads them, oldest first; a reply is a list of
    messages. `at` is the time in UTC, ISO 8601.
    """

    history: list[tuple[str, str]]
    rejected: list[str]
    chosen: list[str]
    at: str

    @classmethod
    def now(cls, history: Sequence[tuple[str, str]], rejected: Sequence[str], chosen: Sequence[str]) -> "Correction":
        """A correction of this moment, with private data masked; `UsageError` where neither reply has any text."""
        rejected, chosen = _messages(rejected), _messages(chosen)
        if not (rejected or chosen):
            raise UsageError("There is no reply to correct.", "Correct a reply that has text.")
        turns = [(name, _masked(text)) for name, text in history[-TURNS:]]
        return cls(turns, rejected, chosen, datetime.now(UTC).isoformat(timespec="seconds"))


def _messages(reply: Sequence[str]) -> list[str]:
    return [_masked(text) for text in reply if text.strip()]


def _masked(text: str) -> str:
    from soundalike.redact import redact_text

    return redact_text(text[:TEXT_CHARACTERS])[0]


def read(clone: Clone) -> list[Correction]:
    """The corrections of a clone, oldest first; `CloneError` where the file is not as it was written."""
    path = clone.corrections_path
    if not path.exists():
        return []
    clone.intact_corrections()
    try:
        return [_parsed(orjson.loads(line)) for line in path.read_bytes().splitlines()]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise CloneError(f"{path} is damaged: {error}.", "Delete it; the corrections in it are lost.") from error


def _parsed(row: dict[str, Any]) -> Correction:
    history = [(str(name), str(text)) for name, text in row["history"]]
    return Correction(history, list(map(str, row["rejected"])), list(map(str, row["chosen"])), str(row["at"]))


def merged(kept: Iterable[Correction]) -> list[Correction]:
    """Corrections with one history and one rejected reply as one: with the last reply that was chosen, if any was."""
    pairs: dict[tuple[tuple[tuple[str, str], ...], tuple[str, ...]], Correction] = {}
    for one in kept:
        key = tuple(one.history), tuple(one.rejected or one.chosen)
        if one.chosen or key not in pairs:
            pairs[key] = one
    return list(pairs.values())


def append(clone: Clone, correction: Correction) -> None:
    """Add a correction to the clone's; `CloneError` where another process is writing to the clone."""
    with clone.locked("a correction"):
        rows = [*read(clone), correction]
        data = b"".join(orjson.dumps(asdict(row), option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        section = {SECTION: {"sha256": sha256(data).hexdigest()}}
        clone.write({clone.corrections_path.name: data, MANIFEST: clone.manifest_with(**section)})
