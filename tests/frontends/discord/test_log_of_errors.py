"""The bot's log holds nobody's words."""

import asyncio
import logging

import pytest

from soundalike.frontends.discord.bot import Bot
from soundalike.frontends.discord.faults import kind_and_place

SECRET = "meet me behind the boathouse"


async def _fails() -> None:
    try:
        raise ValueError(f"cannot parse {SECRET!r}")
    except ValueError:
        await Bot.on_error(None, "on_message", SECRET)  # type: ignore[arg-type]


def test_an_error_is_logged_by_kind_and_place(caplog: pytest.LogCaptureFixture) -> None:
    """An error's text may quote a message; its type, file and line say enough."""
    with caplog.at_level(logging.ERROR):
        asyncio.run(_fails())
    assert "on_message: ValueError" in caplog.text and "test_log_of_errors.py" in caplog.text
    assert SECRET not in caplog.text and "Traceback" not in caplog.text


def test_no_error_has_no_place() -> None:
    """A place is asked for where there may be none."""
    assert kind_and_place(None) == "no error"
