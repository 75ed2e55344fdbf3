"""A clone on disk: its folder, what each file is, and whether it is still the file that was written."""

from soundalike.clone.clone import Clone

__all__ = ["Clone"]
