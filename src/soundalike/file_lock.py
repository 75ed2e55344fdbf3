"""A lock on an open file that the operating system releases when its process ends, however it ends.

It tells whether a process still runs also after `kill -9` and a reboot, and whatever process has its number now.
"""

import os
import sys
from errno import ENOLCK, ENOSYS, ENOTSUP, EOPNOTSUPP
from pathlib import Path

NO_LOCKS = frozenset({ENOLCK, ENOSYS, ENOTSUP, EOPNOTSUPP})  # errno values of a file system without locks

if sys.platform == "win32":
    import msvcrt

    def acquire(handle: int, wait: bool = False) -> bool:
        """Lock the file that is open as `handle`; False if another process holds it and this one does not `wait`."""
        os.lseek(handle, 1 << 20, os.SEEK_SET)  # locked byte far behind the text, which others must be able to read
        try:
            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True

    def is_locked(path: Path) -> bool:
        """Whether a process holds the lock of the file at `path`."""
        with path.open("rb") as file:
            return not acquire(file.fileno())

else:
    import fcntl

    def acquire(handle: int, wait: bool = False) -> bool:
        """Lock the file that is open as `handle`; False if another process holds it and this one does not `wait`."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def is_locked(path: Path) -> bool:
        """Whether a process holds the lock of the file at `path`; any number of them may look at the same time."""
        with path.open("rb") as file:
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False
