"""The folder that a studio works in: clones, one folder each, and what belongs to the page beside them.

FOLDER/
    me/                    a clone
    .soundalike-studio/    private: jobs, and exports while they are being read; ignored by git
"""

from pathlib import Path

from soundalike.clone import Clone
from soundalike.clone.clone import EVERYTHING, IGNORE, MANIFEST
from soundalike.clone.folder import INCOMING, Folder, disk_errors
from soundalike.errors import CloneError, UsageError
from soundalike.paths import UNSAFE_IN_NAMES

STUDIO = ".soundalike-studio"


class StudioFolder(Folder):
    """The private folder of a studio; `clones_path` is the folder that it lies in."""

    @classmethod
    def make(cls, clones_path: Path) -> "StudioFolder":
        """The studio of the clones in `clones_path`, made if it is not there; `CloneError` if that is impossible."""
        folder = cls(clones_path.absolute() / STUDIO)
        with disk_errors(folder.root):
            folder.clones_path.mkdir(parents=True, exist_ok=True)
            folder.root.mkdir(mode=0o700, exist_ok=True)
            if folder.root.is_symlink():
                raise CloneError(f"{folder.root} is a link.", "Delete it, or choose another --folder.")
            folder.root.chmod(0o700)
            (folder.root / IGNORE).write_text(EVERYTHING, encoding="utf-8")
            for path in (folder.jobs_path, folder.uploads_path):
                path.mkdir(exist_ok=True)
        return folder

    @property
    def clones_path(self) -> Path:
        """The folder with a folder for each clone."""
        return self.root.parent

    @property
    def jobs_path(self) -> Path:
        """A folder for each job."""
        return self.root / "jobs"

    @property
    def uploads_path(self) -> Path:
        """Exports that were dropped on the page, until they are imported."""
        return self.root / "uploads"

    def clone_folders(self) -> list[Path]:
        """The folders of clones, by name."""
        found = (path for path in self.clones_path.iterdir() if _is_clone(path))
        return sorted(found, key=lambda path: path.name.casefold())

    def clone_path(self, name: str) -> Path:
        """The folder of the clone `name`, which need not exist; `UsageError` for what is no plain name of a folder."""
        if not name.strip():
            raise UsageError("The voice has no name.", "Type one: its folder is called so.")
        plain = name.strip() == name and name.isprintable() and UNSAFE_IN_NAMES.isdisjoint(name)
        if not (plain and 0 < len(name) <= 60 and not name.startswith((".", "-")) and not name.endswith(".")):
            what = f"{name[:60]!r} cannot be the name of a voice's folder."
            raise UsageError(what, "Use up to 60 letters, digits, blanks and hyphens, and begin with a letter.")
        return self.clones_path / name

    def has_clone(self, name: str) -> bool:
        """Whether there is a clone `name`; `UsageError` as `clone_path`."""
        return _is_clone(self.clone_path(name))

    def clone(self, name: str) -> Clone:
        """The clone `name`; `CloneError` if there is none."""
        return Clone.open(self.clone_path(name))


def _is_clone(path: Path) -> bool:
    return not path.name.startswith(".") and ((path / MANIFEST).is_file() or (path / INCOMING).exists())
