"""Who may use the arena: judges with the key of their link, and its owner, from this machine alone, with another key.

A request names a loopback host, or the address in the judges' link, and comes from no page of another origin; keys are
compared in constant time, and are sent as a header and never as a cookie.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

from soundalike.frontends.local_page.answers import ApiProblem
from soundalike.frontends.local_page.protection import API, is_own_page
from soundalike.frontends.server.auth import LOOPBACK, bears_key, host_name

OWNER_API = "/api/owner/"


@dataclass(frozen=True, slots=True)
class ArenaKeys:
    """The keys of the two links."""

    owner: str = field(repr=False)
    judge: str = field(repr=False)


class ArenaAccess:
    """The check of an arena's requests, for `LocalPageMiddleware`.

    `hosts` are names of this machine in the judges' link, besides those that only this machine knows.
    """

    def __init__(self, keys: ArenaKeys, hosts: Collection[str] = ()) -> None:
        self._hosts = {*LOOPBACK, *hosts}
        self._owner, self._judge = keys.owner.encode(), keys.judge.encode()

    def check(self, scope: Scope, headers: Headers) -> None:
        """Raise `ApiProblem` for a request that is refused."""
        path, do = scope["path"], "Use the link as you got it."
        if host_name(headers) not in self._hosts:
            raise ApiProblem(403, "The arena does not answer to this name.", do)
        if not path.startswith(API):
            return
        if not is_own_page(headers):
            raise ApiProblem(403, "Another site's page may not use the arena.", do)
        if not bears_key(headers, self._owner if path.startswith(OWNER_API) else self._judge):
            raise ApiProblem(401, "The key is missing, or of an arena that has ended.", do)
        if path.startswith(OWNER_API) and not _from_here(scope):
            raise ApiProblem(403, "The owner's pages open on the owner's machine alone.", "Use its browser.")


def _from_here(scope: Scope) -> bool:
    """Whether a request comes over a loopback address."""
    client = scope.get("client")
    return client is not None and ip_address(client[0]).is_loopback
