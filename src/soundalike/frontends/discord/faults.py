"""What a log may hold of an error: its kind and its place. Its text may hold somebody's words."""

import traceback


def kind_and_place(error: BaseException | None) -> str:
    """An error's type and the file, line and function that each call had reached, the innermost first."""
    if error is None:
        return "no error"
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return " < ".join([type(error).__name__, *reversed(places)])
