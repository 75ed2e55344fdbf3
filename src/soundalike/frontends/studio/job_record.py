"""What a job is: its record, its states, and how people call it."""

from dataclasses import dataclass
from typing import Literal

from soundalike.progress_file import WatchedProcess

State = Literal["queued", "running", "stopping", "paused", "stopped", "failed", "done"]
ENDED: tuple[State, ...] = ("stopped", "failed", "done")
NAMES = {
    "preview": "Looking through exports",
    "import": "Reading",
    "fetch": "Fetching a base model",
    "train": "Training",
    "correct": "Learning from corrections",
    "evaluate": "Evaluation",
    "portrait": "Portrait",
    "audit": "Audit",
    "serve": "Server",
    "export": "Export",
    "forget": "Forgetting",
    "mask": "Masking and training anew",
}


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is now.

    `subject`: what it works on, such as names of exports, or ""; `printed`: what a long-running one has printed until
    now; `process` is None before it was started.
    """

    id: str
    kind: str
    clone: str | None
    arguments: list[str]
    made_at: str
    state: State
    long_running: bool = False
    subject: str = ""
    printed: str = ""
    process: WatchedProcess | None = None
    error: dict[str, str] | None = None

    @property
    def name(self) -> str:
        """What it is called: "Server of me"."""
        return NAMES.get(self.kind, self.kind) + (f" of {self.clone}" if self.clone else "")

    @property
    def goes_on(self) -> bool:
        """Whether it waits, runs or is paused."""
        return self.state not in ENDED
