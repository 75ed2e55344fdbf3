"""The rule for long strings of letters and digits: wallet addresses, hashes and ids, and keys without a known form.

Base58check and bech32 hold a checksum, so any coin's address is recognised without a list of coins; the few coins with
other checksums are recognised by their form. Private keys in these encodings are keys. Any other string is a key if it
looks random.
"""

import re
from collections.abc import Iterator
from hashlib import sha256

from soundalike.redact.entropy import class_changes, entropy, looks_random
from soundalike.redact.rule import Finding, Rule
from soundalike.redact.secrets import RUN_SIFT

_BITCOIN58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE58 = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BASE32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

_RUN = re.compile(r"[A-Za-z0-9_+/\-]{20,}={0,2}")
_PIECE = re.compile(
    r"[A-Za-z0-9]{25,}|(?<![A-Za-z0-9])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![A-Za-z0-9])"
)
_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]{25,112}")
_BECH32 = re.compile(rf"[a-z][a-z0-9]{{1,20}}1[{_BASE32}]{{12,}}|[A-Z][A-Z0-9]{{1,20}}1[{_BASE32.upper()}]{{12,}}")
_HEX = re.compile(r"(?:0x)?[0-9a-fA-F]{32,}|[0-9a-fA-F\-]{36}")
_AMAZON = re.compile(r"[A-Za-z0-9/+]{40}")
_SHORT_HEX = re.compile(r"[0-9a-f]{20,31}")
_COIN = re.compile(
    r"0x[0-9a-fA-F]{40}|[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}|G[A-D][A-Z2-7]{54}"
)  # Ethereum, Monero, Stellar
_TON = re.compile(r"[EU]Q[A-Za-z0-9_\-]{46}")


def base58check(found: str, alphabet: str = _BITCOIN58) -> bytes:
    """The bytes of a base58check string with its checksum; empty if that fails (Bitcoin wiki, "Base58Check")."""
    number = 0
    for character in found:
        number = number * 58 + alphabet.index(character)
    zeros = len(found) - len(found.lstrip(alphabet[0]))
    raw = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    return raw if len(raw) > 20 and sha256(sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:] else b""


def bech32(found: str) -> bool:
    """Whether the checksum of a bech32 or bech32m string holds (BIP 173, BIP 350)."""
    prefix, _, data = found.lower().rpartition("1")
    values = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + [_BASE32.index(c) for c in data]
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            state ^= generator if top >> bit & 1 else 0
    return state in (1, 0x2BC830A3)


def _is_private58(raw: bytes) -> bool:
    """Whether it is a private key: for import (37 or 38 bytes with checksum), encrypted (43), or extended (82)."""
    return len(raw) in (37, 38, 43) or (len(raw) == 82 and raw[45] == 0)


def _is_hash(piece: str) -> bool:
    """Whether hexadecimal digits have both digits and letters and some variety, unlike a long number or `ffffff`."""
    digits = piece.removeprefix("0x").replace("-", "").lower()
    return not digits.isdigit() and not digits.isalpha() and len(set(digits)) >= 6


def _is_amazon(run: str) -> bool:
    """Whether it has the form of Amazon's secret keys; the published example is less random than others this long."""
    return _AMAZON.fullmatch(run) is not None and class_changes(run) >= 0.15 and entropy(run) >= 4.3


def kind_of(piece: str) -> str | None:
    """The kind of a string of letters and digits by its form and checksum; None if it has neither."""
    if _COIN.fullmatch(piece):
        return "wallet addresses"
    if _HEX.fullmatch(piece):
        return "hashes and ids" if _is_hash(piece) else None
    if _BECH32.fullmatch(piece) and bech32(piece):
        return "keys and tokens" if piece.lower().startswith("nsec1") else "wallet addresses"
    if not _BASE58.fullmatch(piece):
        return None
    raw = base58check(piece)
    if raw:
        return "keys and tokens" if _is_private58(raw) else "wallet addresses"
    solana = 43 <= len(piece) <= 44 and looks_random(piece)
    return "wallet addresses" if solana or (piece[0] == "r" and base58check(piece, _RIPPLE58)) else None


def _find(text: str) -> Iterator[Finding]:
    """The parts of each string that have a kind by themselves (an address in a path), else the string if it looks
    random.

    The rest of a string is processed again once its parts are masked.
    """
    for match in _RUN.finditer(text):
        run = match[0]
        if run.isalnum():
            kind = kind_of(run) or _kind_of_run(run)
        else:
            known = list(_pieces(match))
            yield from known
            kind = None if known else _kind_of_run(run)
        if kind:
            yield kind, *match.span()


def _pieces(match: re.Match[str]) -> Iterator[Finding]:
    for piece in _PIECE.finditer(match.string, *match.span()):
        if kind := kind_of(piece[0]):
            yield kind, *piece.span()


def _kind_of_run(run: str) -> str | None:
    if _TON.fullmatch(run):
        return "wallet addresses"
    if not looks_random(run) and not _is_amazon(run):
        return None
    return "hashes and ids" if _SHORT_HEX.fullmatch(run) else "keys and tokens"


LONG_TOKENS = Rule(r"[A-Za-z0-9_+/\-]{20}", _find, RUN_SIFT)
