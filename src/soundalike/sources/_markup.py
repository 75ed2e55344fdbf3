"""Discord's markup -> the words that a reader of the chat saw.

Takes a frame with `text` and `sent_at`, gives the texts. Names come from the two maps; whoever or whatever is not in
them gets a neutral word, never a number.
Formats: https://docs.discord.com/developers/reference#message-formatting
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import polars as pl

_ID = "[0-9]+"
_EVERYWHERE = [  # regex, replacement
    (f"<@&{_ID}>", "@role"),
    (f"<a?(:[^:<>\\s]+:){_ID}>", "${1}"),
    (f"</([^:<>]+):{_ID}>", "/${1}"),
    (f"<id:([a-z-]+)(:{_ID})?>", "#${1}"),
    ("<(https?://[^<>\\s]+)>", "${1}"),
]
_SPOILER = (r"(?s)\|\|(.+?)\|\|", "${1}")
_REFERENCE = f"<(?:@!?|#){_ID}>"
_UNKNOWN = [(f"<@!?{_ID}>", "@someone"), (f"<#{_ID}>", "#channel")]
_TIME = re.compile(r"<t:(-?[0-9]{1,17})(?::([tTdDfFsSR]))?>")
_STYLES = {
    "t": "%H:%M", "T": "%H:%M:%S", "d": "%d/%m/%Y", "D": "%d %B %Y", "f": "%d %B %Y %H:%M", "F": "%A, %d %B %Y %H:%M",
    "s": "%d/%m/%Y %H:%M", "S": "%d/%m/%Y %H:%M:%S",
}  # fmt: skip
_UNITS = [("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)]


def resolve_markup(messages: pl.DataFrame, people: Mapping[str, str], titles: Mapping[str, str]) -> pl.Series:
    """The texts of `messages` (columns text, sent_at) without markup.

    `people` maps a user's id to a name, `titles` a channel's id to its title. Rows without `<` and `||` come back as
    they are, but cost what all others cost: leave them out.
    """
    text = _with_times(messages)
    for pattern, words in _EVERYWHERE:
        text = text.str.replace_all(pattern, words)
    text = _with_names(text, people, titles)
    for pattern, words in _UNKNOWN:
        text = text.str.replace_all(pattern, words)
    code = text.str.contains("`", literal=True)  # there `||` is an operator
    return text.zip_with(code, text.str.replace_all(*_SPOILER))


def _with_names(text: pl.Series, people: Mapping[str, str], titles: Mapping[str, str]) -> pl.Series:
    """Put in the names that are known, by looking only at the references that occur."""
    words: dict[str, str] = {}
    for reference in text.str.extract_all(_REFERENCE).explode().drop_nulls().unique():
        sign, known = ("#", titles) if reference[1] == "#" else ("@", people)
        if name := known.get(reference.strip("<@!#>")):
            words[reference] = sign + name
    return text.str.replace_many(list(words), list(words.values())) if words else text


def _with_times(messages: pl.DataFrame) -> pl.Series:
    """`<t:unix:style>` in the words Discord shows, in UTC; style R is relative to when the message was sent."""
    text = messages["text"]
    rows = text.str.contains("<t:", literal=True).arg_true()
    if not rows.len():
        return text
    some = messages[rows]
    told = [_TIME.sub(_teller(sent), words) for words, sent in zip(some["text"], some["sent_at"], strict=True)]
    return text.scatter(rows, pl.Series(told, dtype=pl.String))


def _teller(sent: datetime | None) -> Callable[[re.Match[str]], str]:
    def tell(found: re.Match[str]) -> str:
        try:
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(found[1]))
        except OverflowError:
            return "some day"
        if found[2] != "R":
            return moment.strftime(_STYLES[found[2] or "f"])
        return _relative(moment, sent or moment)

    return tell


def _relative(moment: datetime, sent: datetime) -> str:
    seconds = round((moment - sent).total_seconds())
    for unit, length in _UNITS:
        count = abs(seconds) // length
        if count:
            words = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "now"
