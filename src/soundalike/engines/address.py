"""The address of a server whose model speaks in a clone's place, as a person gives it with `--at`. Light: no client.

Only a person names one, with `--at` or in discord.toml: what is said goes there. A clone's base is never an address.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from soundalike.errors import UsageError
from soundalike.machine import is_local

KEY = "SOUNDALIKE_AT_KEY"  # the key that goes out to that server; SOUNDALIKE_API_KEY is what `serve` asks of others
EXAMPLE = "Give one like http://127.0.0.1:8080/v1, or with #MODEL behind it."
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.I)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a model is: the server's `url`, and the `model` there, empty where it has only one."""

    url: str
    model: str = ""

    def __str__(self) -> str:
        return f"{self.url}#{self.model}" if self.model else self.url

    @property
    def here(self) -> bool:
        """Whether the server is on this machine."""
        return is_local(self.url)


def looks_like_one(text: str) -> bool:
    """Whether a text that should name a base is an address instead."""
    return SCHEME.match(text.strip()) is not None


def read(text: str) -> Address:
    """The address in `text`; without a scheme one of this machine's own is http. `UsageError` for anything else."""
    given = text.strip()
    if not SCHEME.match(given) and given and is_local(f"http://{given}"):
        given = f"http://{given}"
    url, _, model = given.partition("#")
    if not SCHEME.match(url):
        what = f"The address {_without_secrets(given)!r} does not say how to reach it."
        raise UsageError(what, f"Put https:// before it. {EXAMPLE}")
    try:
        parts = urlsplit(url)
        named = parts.hostname or ""
        usable = bool(named.encode("idna")) and parts.port != 0 and not re.search(r"[\s\x00-\x1f\\]", url)
    except ValueError:  # UnicodeError among them
        usable = False
    if not usable:
        raise UsageError(f"The address {_without_secrets(url)!r} is none.", EXAMPLE)
    _refuse_unsafe(parts)
    return Address(url.rstrip("/"), model)


def _refuse_unsafe(parts: SplitResult) -> None:
    if parts.scheme not in ("http", "https"):
        raise UsageError(f"A model cannot be reached by {parts.scheme}://.", EXAMPLE)
    if parts.username is not None or parts.password is not None:
        raise UsageError("An address with a name or a password in it is not taken.", f"Put the key into {KEY}.")
    if parts.query:
        raise UsageError("An address with a ? in it is not taken.", f"Leave out what stands behind it. {EXAMPLE}")


def _without_secrets(url: str) -> str:
    """The address without what stands before an @, which may be a password."""
    scheme, mark, rest = url.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"
