"""Discord's markup becomes the words that a reader saw, and no number is left of it."""

import re
from datetime import UTC, datetime
from random import Random

import polars as pl
import pytest

from soundalike.discord_markup import resolve_markup

SENT = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)
PEOPLE = {"180000000000000002": "Sam", "5": "$1 \\1 <@180000000000000002>"}
TITLES = {"200000000000000011": "general"}


def plain(*written: str) -> list[str]:
    """What is left of these texts, sent at SENT."""
    frame = pl.DataFrame({"text": written}).with_columns(pl.lit(SENT).dt.cast_time_unit("ms").alias("sent_at"))
    return resolve_markup(frame, PEOPLE, TITLES).to_list()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("hi <@180000000000000002>!", "hi @Sam!"),
        ("hi <@!180000000000000002>", "hi @Sam"),
        ("<@1><@!2>", "@someone@someone"),
        ("<@&180000000000000002> wake up", "@role wake up"),
        ("in <#200000000000000011> or <#7>", "in #general or #channel"),
        ("see <id:customize> and <id:linked-roles:55>", "see #customize and #linked-roles"),
        ("<:frog_hop:180000000000000002><a:spin:5>", ":frog_hop::spin:"),
        ("<:frog~1:180000000000000002>", ":frog~1:"),
        ("use </play:180000000000000002>", "use /play"),
        ("use </list add all:180000000000000002>", "use /list add all"),
        ("so <sound:0:180000000000000002> <sound:5:6>", "so :sound: :sound:"),
        ("||he dies|| and ||she\ntoo||", "he dies and she\ntoo"),
        ("||<@1> and <:x:5>||", "@someone and :x:"),
        ("`a || b || c`", "`a || b || c`"),
        ("<https://pond.example/a?b=c>", "https://pond.example/a?b=c"),
        ("[frogs](<http://pond.example>)", "[frogs](http://pond.example)"),
        ("@everyone look, @here too", "@everyone look, @here too"),
        ("<3 you, 1 < 2 > 0 <me> <@> <@sam> <:x> || no", "<3 you, 1 < 2 > 0 <me> <@> <@sam> <:x> || no"),
        ("", ""),
    ],
)
def test_markup(written: str, read: str) -> None:
    """Each kind of markup has its words; what only looks like markup stays."""
    assert plain(written) == [read]


@pytest.mark.parametrize(
    ("style", "read"),
    [
        ("", "01 March 2024 13:30"),
        (":t", "13:30"),
        (":T", "13:30:00"),
        (":d", "01/03/2024"),
        (":D", "01 March 2024"),
        (":f", "01 March 2024 13:30"),
        (":F", "Friday, 01 March 2024 13:30"),
        (":R", "in 1 hour"),
    ],
)
def test_times(style: str, read: str) -> None:
    """A timestamp is shown in UTC and in the requested style; R is relative to when the message was sent."""
    assert plain(f"at <t:1709299800{style}>, ok") == [f"at {read}, ok"]


def test_odd_times() -> None:
    """The past is ago, now is now, and a moment beyond the calendar is some day."""
    assert plain("<t:1709294400:R>", "<t:1709035200:R>", "<t:99999999999999:F>", "<t:-1:d>") == [
        "now",
        "3 days ago",
        "some day",
        "31/12/1969",
    ]


def test_names_are_not_read_as_patterns() -> None:
    """A name with `$1`, backslashes or markup of its own stands as it is, and starts nothing."""
    assert plain("<@5> hi") == ["@$1 \\1 @someone hi"]


def test_no_number_is_left() -> None:
    """Whatever markup is thrown together, none of its ids can be read afterwards."""
    rng = Random(3)
    parts = [
        "<@{}>",
        "<@!{}>",
        "<@&{}>",
        "<#{}>",
        "<:a:{}>",
        "<a:b:{}>",
        "</c d:{}>",
        "<id:guide:{}>",
        "<sound:0:{}>",
        "||",
        " ",
        "<",
        ">",
    ]
    texts = ["".join(rng.choices(parts, k=8)).replace("{}", "180000000000000077") for _ in range(500)]
    assert not [text for text in plain(*texts) if re.search("180000000000000077", text)]
