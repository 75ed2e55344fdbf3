"""What the bot must still know after a restart, in one small file: never a word that somebody said.

Who opted out, where it has introduced itself, whether it is hushed, and when it identified itself to Discord, of
which more than 1,000 times in 24 hours costs the token.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from soundalike.clone.folder import disk_errors
from soundalike.errors import CloneError
from soundalike.frontends.discord.settings import replace

NAME = "discord-memory.json"


class Remembered(BaseModel):
    """Ids of people and channels; times in seconds since 1970."""

    model_config = ConfigDict(extra="forbid")

    opted_out: set[str] = Field(default_factory=set)
    introduced: set[str] = Field(default_factory=set)
    hushed: bool = False
    identified: list[float] = Field(default_factory=list)


class Memory:
    """The file. Change `now`, then `save`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = self._read()

    def _read(self) -> Remembered:
        if not self.path.exists():
            return Remembered()
        with disk_errors(self.path):
            try:
                return Remembered.model_validate_json(self.path.read_bytes())
            except ValidationError as error:
                do = "It holds who opted out: mend it, or delete it and ask them again."
                raise CloneError(f"{self.path} is damaged: {error.errors()[0]['msg']}.", do) from error

    def save(self) -> None:
        """Write it down."""
        with disk_errors(self.path):
            replace(self.path, self.now.model_dump_json(indent=1))
