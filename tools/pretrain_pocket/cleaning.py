"""Cleans what nobody types in a chat out of the corpora: stage directions, code, help bots, masks, handles, slurs."""

import re
from collections import Counter
from collections.abc import Iterator

from soundalike.pocket.transcripts import Turn

SPOKEN = {"critical_role"}  # transcribed speech, with "(laughs)" and dashes

STAGE = re.compile(r"\s*[(\[](?:[a-z' -]{3,40})[)\]]")
CUT_OFF = re.compile(r"\s*--+\s*$")  # how a transcriber marks a speaker who was interrupted
DASH = re.compile(r"\s*--+\s*")
CODE = re.compile(r"```|^\W{6,}$|[{};=<>\\|]{2}|\w\(\)|</?\w+>|\[!\[|^\s*(?:sudo|npm|git|apt-get) |^\s*[*#>|] ?\S")
HELP_BOT = re.compile(
    r"brownie point|please don't flood|^\W*!\w+|welcome to \w*\s?room|\bfreecodecamp\b", re.IGNORECASE
)
MASK = re.compile(r"<(?:link|code|email|path|file)>|\ufffd")
# Handles that the corpora's own masking missed: a word with an underscore or two digits, unless it is an emoji's name
# between colons.
HANDLE = re.compile(r"(?<![:\w])[a-z]{2}\w*(?:_|\d\d)\w*(?!\w*:)", re.IGNORECASE)
ADDRESS = re.compile(
    r"https?:|www\.|\w\.(?:com|org|net|io|edu|de)\b|\S@\S+\.\w|\d+\.\d+\.\d+\.\d+|#[a-z]", re.IGNORECASE
)
SLUR = re.compile(
    r"n[i1]gg(?:[e3]r|[a4])|f[a4]gg?[o0]t|\bfags?\b|tr[a4]nn(?:y|ie)|\bk[i1]kes?\b|\bsp[i1]cs?\b|\bcunts?\b|ret[a4]rd",
    re.IGNORECASE,
)
# A turn of more than LONG_TURN characters is kept SAME_TURNS times: more of the same are spam or a bot.
LONG_TURN, SAME_TURNS = 40, 3
UNWANTED = (CODE, HELP_BOT, MASK, HANDLE, ADDRESS, SLUR)


def clean(source: str, turns: list[Turn]) -> Iterator[Turn]:
    """The turns that a friend could have typed: no stage directions, code, help-bots, masks, handles or slurs."""
    for speaker, text in turns:
        if source in SPOKEN:
            text = DASH.sub("... ", CUT_OFF.sub("", STAGE.sub("", text)))
        if any(pattern.search(text) for pattern in UNWANTED):
            continue
        text = " ".join(text.replace("\\n", " ").replace('""', '"').split())
        if text.count('"') % 2:
            text = text.strip('"')
        if text and text != "@user":
            yield speaker, text


def is_spam(text: str, seen: Counter[str]) -> bool:
    """Whether a long turn was seen SAME_TURNS times before; `seen` counts long turns in lower case."""
    if len(text) <= LONG_TURN:
        return False
    seen[text.casefold()] += 1
    return seen[text.casefold()] > SAME_TURNS
