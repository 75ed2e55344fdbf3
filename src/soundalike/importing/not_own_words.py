"""Leaves out what a person sends without writing it: stickers, commands to bots, quoted lines, pasted walls of text.

A wrong guess costs the owner's own words, so each rule needs more than a look: a command needs a name that bots have,
or a prefix that such names were used with and repetition; a wall needs a length, a repetition or lines that nobody
types. Commands leave other people's lines too, because they are no part of a talk; all else only the owner's, who must
not learn to write it.
"""

import re
from collections.abc import Callable
from dataclasses import replace

import polars as pl

from soundalike.messages import STICKER, VOICE_MESSAGE, WITHOUT_TEXT, Corpus, add_counts

_Edit = Callable[[str], tuple[str, int]]  # a text -> what stays of it, and the number of pieces taken out

COMMANDS = "messages that are commands to bots"
QUOTES = "messages that only quote somebody"
WALLS = "messages that were pasted (logs, code, very long or sent again and again)"
QUOTED_LINES = "quoted lines inside messages"
CODE_BLOCKS = "blocks of code inside messages"

# Names that hardly anybody writes behind a sign, and names that are also words.
_SURE = frozenset(
    "play playtop playskip skip fs np nowplaying queue lyrics rank leaderboard lb daily weekly monthly bal balance inv "
    "inventory prefix purge avatar serverinfo userinfo whois botinfo mute unmute kick ban unban warn warnings slowmode "
    "giveaway reroll starboard reactionrole tempmute modlogs snipe disconnect forceskip loopqueue 8ball coinflip "
    "addrole setnick deposit slots blackjack gamble marry divorce profile imagine trivia".split()
)
_WORDS = frozenset(
    "help ping join leave stop pause resume shuffle loop volume seek remove clear level levels rep work beg hunt "
    "battle fish dig mine crime rob shop buy sell use roll flip bet gif meme hug pat slap ship poll invite info stats "
    "uptime search pokemon catch team trade duel claim timely vote set settings config translate remindme afk".split()
)
_AFTER_WORD = {
    "owo": frozenset("hunt h battle b pray curse zoo sell daily cash inv cookie quest lootbox slots flip".split()),
    "pls": frozenset("beg dep bal rob fish dig hunt crime search daily hl postmemes pm work gamble".split()),
}
_HEAD = r"^([!?.$%&;~+=/,-]|[A-Za-z]{1,3}!)([0-9]?[A-Za-z][0-9A-Za-z_-]{0,23})(?: |$)"
_WORD_HEAD = r"(?i)^(owo|pls) ([a-z]+)(?: |$)"
_LONGEST = 20  # words of a command
_OFTEN = 5  # times that a name which no bot is known for must be used, behind one of _BOT_SIGNS
_SIGN_USED = 3  # times that its sign must stand before known names
_BOT_SIGNS = ("!", "$", "%", "&", ";", "/")
_REPEATED = 3  # times that a command of words must be used

_QUOTED = re.compile(r"> .*\w\w")
_QUOTES_ALL = ">>> "
_QUOTES = r"(?m)^(?:> .*\w\w|>>> )"
_STORY = re.compile(r"> ?be me\b", re.IGNORECASE)  # a form of joke whose lines begin as quotes do
_BLOCK = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_BLOCK_LINES = 3
_VERY_LONG = 3_000  # characters; programs send up to 2,000 to 65,536
_LONG = 200  # characters of a text that is sent again and again, or that two people send
_SENT_AGAIN = 3
_LOG_LINES, _LOG_SHARE = 5, 0.6
_LOG = (
    r"^\s*(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\[?\d\d:\d\d:\d\d|at \S+\(|File \"|Traceback|#\d+ +0x|0x[0-9a-f]{6}"
    r"|\[?(?:INFO|WARN|WARNING|ERROR|DEBUG|TRACE|FATAL)\b|[{}\]]+[,;)]*$|</?\w[^>]*>|import |#include|def \w+\("
    r"|\S.*[;{}]$)"
)


def own_words(corpus: Corpus) -> Corpus:
    """The corpus, its texts normalised, without what is not written by the owner; all of it is counted in `skipped`."""
    rows, skipped = corpus.messages, dict(corpus.skipped)
    rows = _drop(rows, _without_words(rows), WITHOUT_TEXT, skipped)
    rows = _drop(rows, _commands(rows), COMMANDS, skipped)
    rows = _drop(rows, _walls(rows), WALLS, skipped)
    rows, blocks = _edit(rows, "```", _without_blocks)
    rows = _drop(rows, _emptied(rows, blocks), WALLS, skipped)
    rows, quotes = _edit(rows, _QUOTES, _without_quotes)
    rows = _drop(rows, _emptied(rows, quotes), QUOTES, skipped)
    add_counts(skipped, {CODE_BLOCKS: sum(blocks.values()), QUOTED_LINES: sum(quotes.values())})
    return replace(corpus, messages=rows, skipped=skipped)


def _drop(rows: pl.DataFrame, at: set[int], reason: str, skipped: dict[str, int]) -> pl.DataFrame:
    """The rows without those at the indices `at`, which are counted."""
    add_counts(skipped, {reason: len(at)})
    return rows.filter(~pl.int_range(pl.len()).is_in(sorted(at))) if at else rows


def _without_words(rows: pl.DataFrame) -> set[int]:
    """Indices of what stands for the owner's voice messages and stickers."""
    found = pl.col("me") & pl.col("text").is_in([VOICE_MESSAGE, STICKER])
    return set(rows.select(found.arg_true()).to_series())


def _commands(rows: pl.DataFrame) -> set[int]:
    """Indices of commands to bots, whoever sent them."""
    short = ~pl.col("text").str.contains("\n", literal=True) & (pl.col("text").str.count_matches(" ") < _LONGEST)
    looks = pl.col("text").str.contains(_HEAD) | pl.col("text").str.contains(_WORD_HEAD)
    some = rows.select("text").with_row_index("at").filter(short & looks)
    signed = some.select("at", sign=pl.col("text").str.extract(_HEAD, 1), name=pl.col("text").str.extract(_HEAD, 2))
    worded = some.select(
        "at",
        sign=pl.col("text").str.extract(_WORD_HEAD, 1).str.to_lowercase(),
        name=pl.col("text").str.extract(_WORD_HEAD, 2).str.to_lowercase(),
    )
    return _signed(signed.drop_nulls()) | _worded(worded.drop_nulls())


def _signed(some: pl.DataFrame) -> set[int]:
    """Indices of rows (at, sign, name) that are commands."""
    some = some.with_columns(lower=pl.col("name").str.to_lowercase())
    times = pl.len().over("sign", "lower")
    sure, word = pl.col("lower").is_in(sorted(_SURE)), pl.col("lower").is_in(sorted(_WORDS))
    known = sure | (word & ((pl.col("sign") == "!") | (times > 1)))
    used = known.sum().over("sign")
    sign = pl.col("sign").str.ends_with("!") | pl.col("sign").is_in(_BOT_SIGNS)
    repeated = sign & (pl.col("name") == pl.col("lower")) & (times >= _OFTEN) & (used >= _SIGN_USED)
    return set(some.filter(known | repeated)["at"])


def _worded(some: pl.DataFrame) -> set[int]:
    """As `_signed`, for signs that are words."""
    named = [(pl.col("sign") == sign) & pl.col("name").is_in(sorted(names)) for sign, names in _AFTER_WORD.items()]
    return set(some.filter(pl.any_horizontal(named) & (pl.len().over("sign", "name") >= _REPEATED))["at"])


def _walls(rows: pl.DataFrame) -> set[int]:
    """Indices of the owner's messages that were pasted."""
    long = rows.select("author", "me", "text").with_row_index("at").filter(pl.col("text").str.len_chars() >= _LONG)
    copied = (pl.len().over("text") >= _SENT_AGAIN) | ~pl.col("me").first().over("text")  # in order of time
    walls = set(long.filter(pl.col("me") & (copied | (pl.col("text").str.len_chars() > _VERY_LONG)))["at"])
    many = pl.col("me") & (pl.col("text").str.count_matches("\n") >= _LOG_LINES - 1)
    lines = rows.select("me", "text").with_row_index("at").filter(many)
    logs = pl.col("text").str.count_matches("(?m)" + _LOG) >= _LOG_SHARE * (pl.col("text").str.count_matches("\n") + 1)
    return walls | set(lines.filter(logs)["at"])


def _edit(
    rows: pl.DataFrame, pattern: str, edit: Callable[[str], tuple[str, int]]
) -> tuple[pl.DataFrame, dict[int, int]]:
    """The rows with the owner's texts that match `pattern` edited; index -> number of pieces taken out of each."""
    some = rows.select("me", "text").with_row_index("at").filter(pl.col("me") & pl.col("text").str.contains(pattern))
    edited = {at: edit(text) for at, text in some.select("at", "text").iter_rows()}
    taken = {at: count for at, (_, count) in edited.items() if count}
    if not taken:
        return rows, {}
    texts = rows["text"].clone().scatter(list(taken), [edited[at][0] for at in taken])
    return rows.with_columns(texts), taken


def _emptied(rows: pl.DataFrame, taken: dict[int, int]) -> set[int]:
    """Those of the edited rows that nothing is left of."""
    return {at for at in taken if not rows["text"][at]}


def _without_blocks(text: str) -> tuple[str, int]:
    """The text without its blocks of code of several lines, and how many there were."""
    blocks = [block for block in _BLOCK.findall(text) if block.count("\n") >= _BLOCK_LINES - 1]
    for block in blocks:
        text = text.replace(block, "\n")
    return re.sub(r"\n{2,}", "\n", text).strip() if blocks else text, len(blocks)


def _without_quotes(text: str) -> tuple[str, int]:
    """The text without quoted lines, and how many there were."""
    if _STORY.match(text):
        return text, 0
    lines = text.split("\n")
    end = next((at for at, line in enumerate(lines) if line.startswith(_QUOTES_ALL)), len(lines))
    kept = [line for line in lines[:end] if not _QUOTED.match(line)]
    return "\n".join(kept).strip(), len(lines) - len(kept)
