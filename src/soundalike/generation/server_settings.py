"""Settings that only some servers know: each server is asked with the most that it has answered to."""

import logging
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeVar

log = logging.getLogger(__name__)
# How servers answer to a setting that they do not know, but also to a prompt that is too long.
REFUSALS = frozenset({400, 422, 501})

Answer = TypeVar("Answer")


class ServerSettings:
    """Several choices of settings, the preferred one first; `names` says what is asked for with each.

    A later choice is tried where the server refuses one, and is the first to be sent from then on if the server answers
    to it. A request that is refused with every choice changes nothing: it was refused for another reason.
    """

    def __init__(self, url: str, names: Sequence[str]) -> None:
        self._url, self._names = url, names
        self._first, self._lock = 0, Lock()

    def ask(self, send: Callable[[int], Answer]) -> Answer:
        """What `send`, called with the number of a choice, returns; raises the last error where it returns nothing."""
        import openai

        choice = self._first
        while True:
            try:
                answer = send(choice)
            except openai.APIStatusError as error:
                if error.status_code not in REFUSALS or choice + 1 == len(self._names):
                    raise
                choice += 1
            else:
                self._begin_with(choice)
                return answer

    def _begin_with(self, choice: int) -> None:
        with self._lock:
            if choice > self._first:
                log.warning("The server at %s is asked with %s: it refused more.", self._url, self._names[choice])
                self._first = choice
