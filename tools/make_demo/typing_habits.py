"""The owner's typing habits: which lines are sent as one message, openings, endings, typos, emoji."""

import random
import re

_OPENINGS = ("ok so", "ok so", "listen.", "wait.", "also", "unrelated but", "btw", "so", "ok but", "colleagues.")
_OPENED = re.compile(
    r"(ok|no|so|also|wait|yes|hi|did|is|am i|do|who)\b|[^a-z]|listen|good |hello|colleagues|news|breaking|update|thank"
    r"|sorry|how|what|where|why|question|not |hear me|counterpoint|objection|legally|with respect|for the record"
    r"|this just|exhibit|in my defence|current|hypoth|reminder|hot take|unpopular"
)
_ENDINGS = (
    ". case closed",
    ". case closed",
    ". allegedly",
    ". allegedly",
    ". anyway",
    ". as is tradition",
    ". no further questions",
    ". legally",
    " tbh",
    " ngl",
    ". what the soup",
)
_CONNECTED = re.compile(r"(and|but|so|because|then) ")
_ANSWERS = {"hello", "goodnight", "thanks", "agree", "disagree", "comfort", "congrats", "sorry"}
_ALONE = ("<photo>", "...", ":", "*", "@", "http")
_LONGEST_JOINED = 22
_EMOJI = {"keith": ":pigeonstare:", "soup": ":soup:", "brenda": ":brenda:", "case": ":objection:"}
_SLIPS = 0.02
_AFTER_SLIP = ("", "", "", "", " obviously", ". cold hands", ". you knew", ". strike that from the record")


def phrase(lines: list[str], topic: str, rng: random.Random) -> list[str]:
    """A scene's lines as messages: some joined, some with one of the owner's usual openings or endings."""
    sent = [lines[0]]
    for line in lines[1:]:
        sent[-1:] = _joined(sent[-1], line) if rng.random() < 0.42 else [sent[-1], line]
    if topic not in _ANSWERS and not _OPENED.match(sent[0]) and _plain(sent[0]) and rng.random() < 0.22:
        sent[0] = f"{rng.choice(_OPENINGS)} {sent[0]}"
    if topic not in _ANSWERS and _plain(sent[-1]) and len(sent[-1].split()) > 4 and rng.random() < 0.08:
        sent[-1] += rng.choice(_ENDINGS)
    return sent


def slip(lines: list[str], topic: str, rng: random.Random) -> list[str]:
    """The messages with some typos, each corrected after a star, and sometimes the topic's emoji at the end."""
    sent: list[str] = []
    for line in lines:
        sent += _slipped(line, rng) if rng.random() < _SLIPS else [line]
    if topic in _EMOJI and _plain(sent[-1]) and rng.random() < 0.12:
        sent[-1] = f"{sent[-1]} {_EMOJI[topic]}"
    return sent


def _plain(line: str) -> bool:
    return bool(line) and not any(mark in line for mark in _ALONE)


def _joined(first: str, second: str) -> list[str]:
    if not _plain(first) or not _plain(second) or len(f"{first} {second}".split()) > _LONGEST_JOINED:
        return [first, second]
    flows = _CONNECTED.match(second) and len(first.split()) > 2
    return [f"{first} {second}" if flows else f"{first}. {second}"]


def _slipped(line: str, rng: random.Random) -> list[str]:
    """The line with two letters of one word swapped, and the correction; unchanged if no word is suitable."""
    words = line.split()
    able = [n for n, word in enumerate(words) if re.fullmatch(r"(?!\w*hf)[a-z]{5,}", word)]
    if len(words) < 4 or not able:
        return [line]
    place = rng.choice(able)
    word = words[place]
    swap = rng.randrange(1, len(word) - 2)
    words[place] = word[:swap] + word[swap + 1] + word[swap] + word[swap + 2 :]
    if words[place] == word:
        return [line]
    return [" ".join(words), f"*{word}{rng.choice(_AFTER_SLIP)}"]
