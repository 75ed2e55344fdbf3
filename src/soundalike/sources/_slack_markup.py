"""Resolves Slack's markup: mentions, channels, links, groups, dates; and reads the text of rich text blocks.

Formats: https://docs.slack.dev/messaging/formatting-message-text, https://docs.slack.dev/reference/block-kit/blocks
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from soundalike.sources._json_files import dicts, key, text

_MARKUP = re.compile(r"<([^<>]*)>")
_DEPTH = 12  # levels of blocks inside blocks


def readable(raw: str, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """The text as people saw it; `people` and `channels` map ids to names."""
    if "<" in raw:
        raw = _MARKUP.sub(lambda found: _resolved(found[1], people, channels), raw)
    return raw.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _resolved(inside: str, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    what, _, label = inside.partition("|")
    if what.startswith("@"):
        return f"@{people.get(what[1:]) or label or 'someone'}"
    if what.startswith("#"):
        return f"#{channels.get(what[1:]) or label or 'channel'}"
    if what.startswith("!subteam"):
        return label if label.startswith("@") else f"@{label or 'group'}"
    if what.startswith("!date"):
        return label or "some day"
    if what.startswith("!"):
        return f"@{what[1:].split('^')[0]}"
    return label or what.removeprefix("mailto:").removeprefix("tel:")


def text_of_blocks(blocks: object, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """The text of blocks; empty if they hold none."""
    return "\n".join(part for block in dicts(blocks) if (part := _text_of(block, people, channels, 0).strip("\n")))


def _text_of(element: dict[str, Any], people: Mapping[str, str], channels: Mapping[str, str], depth: int) -> str:
    if depth > _DEPTH:
        return ""
    kind = text(element.get("type"))
    if kind in ("section", "header"):
        inner = element.get("text")
        return readable(text(inner.get("text")), people, channels) if isinstance(inner, dict) else ""
    if kind == "text":
        return text(element.get("text"))
    if kind == "link":
        return text(element.get("text")) or text(element.get("url"))
    if kind == "user":
        return f"@{people.get(key(element.get('user_id'))) or 'someone'}"
    if kind == "channel":
        return f"#{channels.get(key(element.get('channel_id'))) or 'channel'}"
    if kind == "emoji":
        return f":{text(element.get('name'))}:"
    if kind == "broadcast":
        return f"@{text(element.get('range'))}"
    between = "\n" if kind in ("rich_text", "rich_text_list") else ""
    return between.join(_parts(element, people, channels, depth))


def _parts(
    element: dict[str, Any], people: Mapping[str, str], channels: Mapping[str, str], depth: int
) -> Iterator[str]:
    for inner in dicts(element.get("elements")):
        yield _text_of(inner, people, channels, depth + 1)
