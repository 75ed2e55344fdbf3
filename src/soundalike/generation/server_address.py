"""The address of a server whose model speaks for a clone, as a person gives it with `--at` or in discord.toml.

A clone never names an address itself: what is written in a conversation is sent there.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from soundalike.errors import UsageError
from soundalike.machine import is_local

KEY = "SOUNDALIKE_AT_KEY"  # the key sent to that server; SOUNDALIKE_API_KEY is what `serve` asks of its own clients
EXAMPLE = "Give one like http://127.0.0.1:8080/v1, or with #MODEL behind it."
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.I)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The `url` of a server and the name of a `model` there, empty if it has only one."""

    url: str
    model: str = ""

    @classmethod
    def parse(cls, text: str) -> "ServerAddress":
        """Read `url#model`; without a scheme an address of this machine is http. `UsageError` for anything else."""
        address = text.strip()
        if not SCHEME.match(address) and address and is_local(f"http://{address}"):
            address = f"http://{address}"
        url, _, model = address.partition("#")
        if not SCHEME.match(url):
            what = f"The address {_without_password(address)!r} does not say how to reach it."
            raise UsageError(what, f"Put https:// before it. {EXAMPLE}")
        _check(url)
        return cls(url.rstrip("/"), model)

    def __str__(self) -> str:
        return f"{self.url}#{self.model}" if self.model else self.url

    @property
    def here(self) -> bool:
        """Whether the server is on this machine."""
        return is_local(self.url)


def _check(url: str) -> None:
    """`UsageError` for a URL that cannot be used, or that holds what must not be in it."""
    try:
        parts = urlsplit(url)
        usable = bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except ValueError:  # UnicodeError included
        usable = False
    if not usable or re.search(r"[\s\x00-\x1f\\]", url):
        raise UsageError(f"The address {_without_password(url)!r} is none.", EXAMPLE)
    _refuse_unsafe(parts)


def _refuse_unsafe(parts: SplitResult) -> None:
    if parts.scheme not in ("http", "https"):
        raise UsageError(f"A model cannot be reached by {parts.scheme}://.", EXAMPLE)
    if parts.username is not None or parts.password is not None:
        raise UsageError("An address with a name or a password in it is not taken.", f"Put the key into {KEY}.")
    if parts.query:
        raise UsageError("An address with a ? in it is not taken.", f"Leave out what stands behind it. {EXAMPLE}")


def _without_password(url: str) -> str:
    """The address without what stands before an @."""
    scheme, mark, rest = url.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"
