"""Each habit is seen where it is, and not where it only looks like one."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from soundalike.metrics.style_features import text_features, time_features
from tests.invented import corpus, hostile

START = datetime(2024, 5, 6, 23, 0, tzinfo=UTC)


def of(text: str) -> dict[str, object]:
    return text_features(pl.Series([text])).row(0, named=True)


LAUGHS = {
    "haha": "hahaha ahahah bwahaha HAHAHA mwahaha",
    "hehe": "hehe heheheh",
    "lol": "lol LOOOL lolol lolz lul",
    "lmao": "lmao lmfao LMAOOO",
    "xd": "xd XDDD",
    "kkk": "kkkk ㅋㅋㅋ",
    "jaja": "jajaja jejeje ajajaja",
    "хаха": "хахаха ахаха",
    "哈哈": "哈哈 哈哈哈哈",
    "wkwk": "wkwkwk",
    "ههه": "هههه",
    "smash": "asdfghjkl sdkjfhskdf",
    "emoji": "😂 💀",
    "mdr": "mdr ptdr",
}


@pytest.mark.parametrize(
    ("family", "text"), [(family, text) for family, all_ in LAUGHS.items() for text in all_.split()]
)
def test_a_laugh_has_its_family(family: str, text: str) -> None:
    """In many languages, and only in the text's own form."""
    assert of(f"ok {text}")["laughter"] == family


@pytest.mark.parametrize(
    "text",
    ["hah", "the", "has a", "www.example.org", "5551234", "kk", "flasks", "gladly", "sdk", "Dallas", "exd", "ajax"],
)
def test_a_word_is_no_laugh(text: str) -> None:
    """What only looks like laughing."""
    assert of(text)["laughter"] is None


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("ok.", "stop"),
        ("ok", "letter"),
        ("ok...", "ellipsis"),
        ("ok…", "ellipsis"),
        ("ok?", "question"),
        ("ok?!", "question"),
        ("ok!!", "exclamation"),
        ("好。", "stop"),
        ("hi 😂", "emoji"),
        ("hi :soup:", "emoji"),
        ("(hi)", "other"),
        ("", "other"),
    ],
)
def test_how_a_message_ends(text: str, ending: str) -> None:
    """One kind a message, in any script."""
    assert of(text)["ending"] == ending


def test_emoji_are_counted_as_they_are_seen() -> None:
    """A family, a flag, a skin tone are one each; the keycap's digit and the trade mark are none."""
    texts = ["👨‍👩‍👧", "🇩🇪", "👍🏽", "❤️", "😂😂", "5 # *", "™", ":soup: 12:30:45"]
    table = text_features(pl.Series(texts))
    assert table["emoji"].to_list() == [1, 1, 1, 1, 2, 0, 0, 0]
    assert table["custom_emoji"].to_list() == [0] * 7 + [1]


def test_small_habits() -> None:
    """Casing, apostrophes, abbreviations, stretched letters, faces, corrections."""
    said = of("ngl i dont think SO, it's sooo goood :)")
    counts = ("abbreviations", "unmarked", "apostrophes", "stretched", "emoticons", "shouted", "commas", "words")
    assert [said[name] for name in counts] == [1, 1, 1, 2, 1, 1, 1, 8]
    assert (said["opening"], said["opener"], said["first_person"], said["lowercase"]) == ("lower", "ngl", True, False)
    assert [of(text)["correction"] for text in ("*word", "word*", "*waves*", "2 * 3")] == [True, True, False, False]
    assert [of(text)["links"] for text in ("see youtube.com", "https://a.b/c", "the end.of it")] == [1, 1, 0]


def test_scripts_without_case_have_no_casing() -> None:
    """Neither lower nor upper, and not lower case throughout."""
    assert (of("你好")["opening"], of("你好")["lowercase"]) == (None, False)
    assert (of("Привет")["opening"], of("привет")["lowercase"]) == ("upper", True)
    assert of("нееет")["stretched"] == 1


def test_bursts_and_conversations() -> None:
    """Somebody else's line, another channel or a pause ends a burst; a quarter of an hour ends a conversation."""
    messages = corpus(
        [
            (0, "x", "me", "a"),
            (0.5, "y", "me", "elsewhere"),
            (1, "x", "me", "b"),
            (1.5, "x", "a", "c"),
            (2, "x", "me", "d"),
            (9, "x", "me", "e"),
            (60, "x", "me", "f"),
        ]
    ).messages
    table = time_features(messages)
    assert table["burst_length"].to_list() == [2, 1, 2, 1, 1, 1, 1]
    assert table["burst_place"].to_list() == [1, 1, 2, 1, 1, 1, 1]
    assert table["gap"].to_list() == [None, None, 60, 30, 30, 420, 3060]
    assert table["conversation"].n_unique() == 3


def test_hours_are_utc() -> None:
    """As the frame holds them."""
    frame = corpus([(0, "x", "me", "a")]).messages.with_columns(sent_at=pl.lit(START + timedelta(hours=2)))
    assert time_features(frame).select("hour", "weekday").row(0) == (1, 2)


def test_any_text_can_be_looked_at() -> None:
    """Whatever was typed, a row a message comes back and counts hold."""
    texts = [hostile(seed).replace("\ud800", "") for seed in range(300)]
    messages = corpus([(number, "x", "me", text) for number, text in enumerate(texts)]).messages
    table = text_features(messages["text"]).hstack(time_features(messages))
    assert table.height == len(texts)
    assert table["characters"].to_list() == [len(text) for text in texts]


def test_nothing_gives_an_empty_table() -> None:
    """With the same columns."""
    nothing, one = corpus([]).messages, corpus([(0, "x", "me", "a")]).messages
    assert text_features(nothing["text"]).columns == text_features(one["text"]).columns
    assert time_features(nothing).columns == time_features(one).columns
