"""Rules for keys and tokens that have a known form or are named as such.

Keys without a known form are found by `long_tokens`, with wallets and hashes.
"""

import base64
import binascii
import re
from collections.abc import Iterator

from soundalike.redact.entropy import class_changes, entropy
from soundalike.redact.rule import Finding, Rule, accept_as, search_for

_KEY = "keys and tokens"
# A digit and seven more characters: an automaton that counts only from digits is twice as fast as one that counts every
# run of letters. One in ten random strings of 20 characters, one in 40 of 32, has no such digit and is missed.
RUN_SIFT = r"[0-9][A-Za-z0-9_+/\-]{7}"

_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END [A-Z0-9 ]{0,40}-----")
_BODY = re.compile(r"(?:\s*[A-Za-z0-9+/=:,\-]{16,})*")
# Forms that vendors document and secret scanners look for: a prefix and the secret after it.
_PREFIXES = {
    r"mfa\.": r"[\w\-]{60,}",  # Discord, with a second factor
    r"gh[pousr]_": r"[A-Za-z0-9]{30,}",
    r"github_pat_": r"\w{40,}",
    r"glpat-": r"[\w\-]{20,}",
    r"(?:AKIA|ASIA|AROA|AIDA)": r"[A-Z0-9]{16}",  # Amazon
    r"(?:xox[a-z]|xapp)-": r"[\w\-]{15,}",  # Slack
    r"(?:[srp]k_(?:live|test)|whsec)_": r"[A-Za-z0-9+/]{14,}={0,2}",  # Stripe
    r"sk-": r"[\w\-]{20,}",  # OpenAI, Anthropic and most that copy them
    r"(?:gsk_|xai-|r8_|hf_)": r"[A-Za-z0-9]{20,}",
    r"AIza": r"[\w\-]{30,}",  # Google
    r"(?:ya29\.|GOCSPX-)": r"[\w\-]{20,}",
    r"npm_": r"[A-Za-z0-9]{30,}",
    r"pypi-": r"[\w\-]{20,}",
    r"(?:dckr_pat|lin_api|ntn|sq0[a-z]{3}|dop_v1|doo_v1|dor_v1)[_\-]": r"[\w\-]{20,}",
    r"shp(?:at|ca|pa|ss)_": r"[A-Fa-f0-9]{20,}",  # Shopify
    r"SG\.": r"[\w\-]{20,}\.[\w\-]{16,}",  # SendGrid
    r"key-": r"[a-f0-9]{32}",  # Mailgun
    r"(?:AC|SK)[a-f0-9]{8}": r"[a-f0-9]{24}",  # Twilio
    r"(?:AGE-SECRET-KEY-1|age-secret-key-1)": r"[A-Za-z0-9]{50,}",
}
_BY_PREFIX = re.compile(
    rf"(?<![A-Za-z0-9_])(?:{'|'.join(prefix + rest for prefix, rest in _PREFIXES.items())}"
    r"|[0-9]{8,10}:[A-Za-z0-9_\-]{35})(?![A-Za-z0-9_])"  # a Telegram bot's token begins with a number
)
_PREFIX_HINT = "|".join([*_PREFIXES, r"[0-9]:[A-Za-z0-9_\-]{8}"])
_PREFIX_SIFT = r"gh[pousr]_|github_pat_|glpat-|A[KS]IA|xox[a-z]-|_live_|_test_|sk-|AIza|npm_|pypi-|hf_|mfa\.|SG\."
_DOTTED = re.compile(r"(?<![\w\-])([A-Za-z0-9_\-]{20,})\.[\w\-]{4,}\.[\w\-]*(?![\w\-])")
_DOTTED_HINT = r"[A-Za-z0-9_\-]{20}\.[A-Za-z0-9_\-]{4,}\."

_QUOTES = r"[\"'`\\|*]{0,4}"
_CLOSED = rf"{_QUOTES}[ \t]{{0,2}}"  # between a name and its sign
_SECRET_NAME = r"token|secret|api[_ \-]?key|access[_ \-]?key|private[_ \-]?key|privkey|authorization"
_NAMED = re.compile(
    rf"(?:(?:{_SECRET_NAME}|\bwif){_CLOSED}(?:=|:\s?){_QUOTES}(?:bearer )?|\bbearer )([A-Za-z0-9_\-./+=~]{{10,}})",
    re.IGNORECASE,
)
_NAMED_HINT = rf"(?i:(?:{_SECRET_NAME}|wif){_CLOSED}[:=]|bearer )"


def _find_blocks(text: str) -> Iterator[Finding]:
    """Private keys from BEGIN to END, or without an END to the end of the encoded lines. Each END is searched once."""
    end, begin = _END.search(text), _BEGIN.search(text)
    while begin:
        while end and end.start() < begin.end():
            end = _END.search(text, end.end())
        body = end or _BODY.match(text, begin.end())
        assert body is not None
        yield _KEY, begin.start(), body.end()
        begin = _BEGIN.search(text, body.end())


def _decoded(part: str) -> bytes:
    """The bytes of unpadded base64url; empty if it is not that."""
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        return b""


def _check_dotted(match: re.Match[str]) -> Finding | None:
    """A JSON web token, which begins with an encoded object, or a Discord bot's token, which begins with its encoded
    id."""
    opening = _decoded(match[1])
    return (_KEY, match.start(), match.end()) if opening.startswith(b"{") or opening.isdigit() else None


def _check_named(match: re.Match[str]) -> Finding | None:
    """A string named a token or a key that has letters and digits; after another sign than `=`, alternating ones."""
    found, start = match[1], match.start(1)
    if not any(map(str.isdigit, found)) or not any(map(str.isalpha, found)) or entropy(found) < 2.5:
        return None
    return (_KEY, start, match.end(1)) if match.string[start - 1] == "=" or class_changes(found) >= 0.15 else None


BLOCKS = Rule(r"-----BEGIN", _find_blocks)
KEYS = (
    Rule(_DOTTED_HINT, search_for(_DOTTED, _check_dotted), RUN_SIFT),
    Rule(_PREFIX_HINT, search_for(_BY_PREFIX, accept_as(_KEY)), _PREFIX_SIFT),
)
NAMED = Rule(_NAMED_HINT, search_for(_NAMED, _check_named))
