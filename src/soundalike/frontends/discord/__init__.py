"""A clone that talks on Discord.

A message passes through the files in this order:

    bot -> message -> pipeline (rules, bursts, chance, rate limits, queue) -> answering (model) -> delivery (sending)

`pipeline` and `state` take the time as an argument and use no network, so that tests wait for nothing. `settings` reads
discord.toml, `commands` are the slash commands, `gateway` keeps the connection, `run` is the command line.
"""

import logging
import traceback

log = logging.getLogger("soundalike.discord")


def error_place(error: BaseException | None) -> str:
    """What a log may hold of an error: its type, and file, line and function of each call, the innermost first.

    Its text is left out: it may quote a message.
    """
    if error is None:
        return "no error"
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return " < ".join([type(error).__name__, *reversed(places)])


def without_error_text(record: logging.LogRecord) -> bool:
    """A logging filter that replaces an error's traceback and text by `error_place`, whichever program logs it."""
    if record.exc_info:
        record.msg, record.args = f"{record.getMessage()} {error_place(record.exc_info[1])}", ()
        record.exc_info = record.exc_text = None
    return True
