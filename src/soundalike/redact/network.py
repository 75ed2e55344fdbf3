"""Rules for IP addresses (both versions) and hardware (MAC) addresses.

Version numbers, times and addresses that everybody has (127.0.0.1, 0.0.0.0, network masks, 8.8.8.8) stay. Private
addresses (192.168.x.x, 10.x.x.x) are masked: a voice has no use for them, and they describe a home's network.
"""

import ipaddress
import re

from soundalike.redact.rule import Finding, Rule, accept_as, search_for

_KIND = "IP addresses"
_IPV4 = re.compile(
    r"[0-9](?<![A-Za-z0-9_.][0-9])[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?::[0-9]{1,5})?(?![A-Za-z0-9_]|\.[0-9]|[+\-][A-Za-z])"
)
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:%\w+)?(?![\w:.])")
_MAC = re.compile(r"(?<![\w:\-])(?:(?:[0-9A-Fa-f]{2}:){5}|(?:[0-9A-Fa-f]{2}-){5})[0-9A-Fa-f]{2}(?![\w:\-])")
_VERSION_BEFORE = re.compile(r"(?:\bv|\bver|version|build|release|firmware|driver)[\s.:=/\-]*$", re.IGNORECASE)
_EVERYBODYS = {"1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9"}
_IPV4_HINT = r"[0-9]\.[0-9]{1,3}\.[0-9]"
_COLONS_HINT = r"[0-9A-Fa-f]::|(?:[0-9A-Fa-f]{1,4}:){4}|(?:[0-9A-Fa-f]{2}-){5}"


def _check_ipv4(match: re.Match[str]) -> Finding | None:
    """An address of somebody; four small numbers are a version, unless a port follows or the first is 10."""
    dotted, _, port = match[0].partition(":")
    octets = [int(part) for part in dotted.split(".")]
    if max(octets) > 255 or any(part[0] == "0" != part for part in dotted.split(".")):
        return None
    if octets[0] in (0, 127) or octets[0] >= 224 or dotted in _EVERYBODYS:
        return None
    version = max(octets) < 32 or (max(octets[:2]) < 10 and max(octets) < 100)
    if (
        not port
        and octets[0] != 10
        and (version or _VERSION_BEFORE.search(match.string, max(0, match.start() - 16), match.start()))
    ):
        return None
    return _KIND, match.start(), match.end()


def _is_ipv6(found: str) -> bool:
    """Whether it is a complete address, or a shortened one that cannot be a time, a C++ name or a smiley."""
    found = found.partition("%")[0]
    try:
        address = ipaddress.IPv6Address(found)
    except ValueError:
        return False
    groups = [group for group in found.split(":") if group]
    if address.is_loopback or not any(map(str.isdigit, found)):
        return False
    return len(groups) >= 4 or (len(groups) >= 2 and len(groups[0]) == 4 and groups[0][0] in "23fF")


def _is_mac(found: str) -> bool:
    return not found.replace(":", "").replace("-", "").isdigit()


RULES = (
    Rule(_COLONS_HINT, search_for(_MAC, accept_as(_KIND, _is_mac))),
    Rule(_COLONS_HINT, search_for(_IPV6, accept_as(_KIND, _is_ipv6))),
    Rule(_IPV4_HINT, search_for(_IPV4, _check_ipv4)),
)
