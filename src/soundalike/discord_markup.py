"""Resolves Discord's markup to what a reader of the chat saw: mentions, channels, custom emoji, times.

People and channels without a known name get a neutral word, never an id.
Formats: https://docs.discord.com/developers/reference#message-formatting
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import polars as pl

_ID = "[0-9]+"
_REPLACED = [  # regex, replacement
    (f"<@&{_ID}>", "@role"),
    (f"<a?(:[^:<>\\s]+:){_ID}>", "${1}"),
    (f"</([^:<>]+):{_ID}>", "/${1}"),
    (f"<sound:{_ID}:{_ID}>", ":sound:"),
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

    `people` maps user ids to names, `titles` channel ids to titles. Texts without `<` and `||` do not change; callers
    leave them out, because they take as long as others.
    """
    text = _with_times(messages)
    for pattern, replacement in _REPLACED:
        text = text.str.replace_all(pattern, replacement)
    text = _with_names(text, people, titles)
    for pattern, replacement in _UNKNOWN:
        text = text.str.replace_all(pattern, replacement)
    code = text.str.contains("`", literal=True)  # in code `||` is an operator
    return text.zip_with(code, text.str.replace_all(*_SPOILER))


def _with_names(text: pl.Series, people: Mapping[str, str], titles: Mapping[str, str]) -> pl.Series:
    """Replace references to people and channels with a known name."""
    words: dict[str, str] = {}
    for reference in text.str.extract_all(_REFERENCE).explode().drop_nulls().unique():
        sign, known = ("#", titles) if reference[1] == "#" else ("@", people)
        if name := known.get(reference.strip("<@!#>")):
            words[reference] = sign + name
    return text.str.replace_many(list(words), list(words.values())) if words else text


def _with_times(messages: pl.DataFrame) -> pl.Series:
    """Replace `<t:unix:style>` by what Discord shows, in UTC; style R is relative to the message's own time."""
    text = messages["text"]
    rows = text.str.contains("<t:", literal=True).arg_true()
    if not rows.len():
        return text
    some = messages[rows]
    dated = [_TIME.sub(_formatter(sent), words) for words, sent in zip(some["text"], some["sent_at"], strict=True)]
    return text.scatter(rows, pl.Series(dated, dtype=pl.String))


def _formatter(sent: datetime | None) -> Callable[[re.Match[str]], str]:
    def format_time(found: re.Match[str]) -> str:
        try:
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(found[1]))
        except OverflowError:
            return "some day"
        if found[2] != "R":
            return moment.strftime(_STYLES[found[2] or "f"])
        return _relative(moment, sent or moment)

    return format_time


def _relative(moment: datetime, sent: datetime) -> str:
    seconds = round((moment - sent).total_seconds())
    for unit, length in _UNITS:
        count = abs(seconds) // length
        if count:
            words = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "now"
