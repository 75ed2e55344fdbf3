"""Who may use the studio: who has the token of its link, on a page of its own, by a loopback name.

- A page of another site, or of another port of this machine, cannot send the token, which this page alone knows; and a
  request that names another origin is refused even with it.
- A host name that is pointed at this machine (DNS rebinding) is refused by the Host header.
- Another user of this machine can connect to the port, and gets the page's files, which hold nothing of anybody.

The token is sent as a header and never as a cookie: browsers send cookies of 127.0.0.1 to every port of it, whoever
listens there.
"""

from starlette.datastructures import Headers
from starlette.types import Scope

from soundalike.frontends.local_page.answers import ApiProblem
from soundalike.frontends.local_page.protection import API, is_own_page
from soundalike.frontends.server.auth import LOOPBACK, bears_key, host_name


class StudioAccess:
    """The check of a studio's requests, for `LocalPageMiddleware`."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def check(self, scope: Scope, headers: Headers) -> None:
        """Raise `ApiProblem` for a request that is refused."""
        if host_name(headers) not in LOOPBACK:
            raise ApiProblem(403, "This answers to 127.0.0.1 and localhost only.", "Use the link that it printed.")
        if not scope["path"].startswith(API):
            return
        if not is_own_page(headers):
            raise ApiProblem(403, "Another site's page may not use the studio.", "Use the link that it printed.")
        if not bears_key(headers, self._token):
            what = "The token is missing, or of a studio that has ended."
            raise ApiProblem(401, what, "Open the link that `soundalike studio` has printed.")
