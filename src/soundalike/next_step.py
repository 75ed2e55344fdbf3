"""What the reader of an advice can do about it, as data: the command line names a command, the studio its section."""

from dataclasses import dataclass
from enum import Enum


class Frontend(Enum):
    """Where an advice is read."""

    COMMAND_LINE = "command line"
    STUDIO = "studio"


@dataclass(frozen=True, slots=True)
class NextStep:
    """`command` as it is typed; `control`: where the studio's page has the same, "" where it has nothing for it."""

    command: str
    control: str = ""

    def wording(self, frontend: Frontend) -> str:
        """How `frontend` names it: by the command where it has no control."""
        return self.control if frontend is Frontend.STUDIO and self.control else self.command
