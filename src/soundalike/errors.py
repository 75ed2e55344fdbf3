"""Every error that a user can meet, in one tree.

    SoundalikeError            expected and explained; any other exception is a bug
    ├── UsageError             the user can fix it: exit code 2
    │   ├── ExportError        an export that cannot be read, or must not be
    │   │   └── OwnerUnknown   exports that do not say who of their people the owner is
    │   ├── TooLittleText      not enough of the owner's words to learn from
    │   ├── CloneError         a clone folder that is missing, locked or of another version
    │   │   └── DiskFull       a disk without space for what is to be written
    │   ├── BaseModelError     a base model that is missing, out of reach, or that cannot be adapted
    │   └── RecipeError        a setting outside its range
    └── EngineError            the model failed: exit code 1

A message is two sentences: `what` happened and where, and what to `do` about it. Where that names a command or an
option, `control` says the same for the studio's page, by the name of what is there to click or fill in.
"""

from errno import EDQUOT, EFBIG, ENOSPC

FULL_DISK = (ENOSPC, EDQUOT, EFBIG)  # errno values: disk full, quota exceeded, file too large


class SoundalikeError(Exception):
    """Base class: `what` went wrong, one sentence, and what to `do` about it, another; `control`: that on the studio's
    page, "" where it is the same."""

    exit_code = 1

    def __init__(self, what: str, do: str = "", control: str = "") -> None:
        self.what = what
        self.do = do
        self.control = control
        super().__init__(f"{what} {do}".strip())


class UsageError(SoundalikeError):
    """An error that the user can fix."""

    exit_code = 2


class ExportError(UsageError):
    """An export that cannot be read, or must not be."""


class OwnerUnknown(ExportError):
    """Exports that do not say who of their people the owner is."""


class TooLittleText(UsageError):
    """Not enough of the owner's words to learn from."""


class CloneError(UsageError):
    """A clone folder that is missing, locked or of another version."""


class DiskFull(CloneError):
    """A disk without space for what is to be written."""


class BaseModelError(UsageError):
    """A base model that is missing, out of reach, or that cannot be adapted."""


class RecipeError(UsageError):
    """A setting outside its range."""


class EngineError(SoundalikeError):
    """The model failed."""
