"""Masking reads what the model reads: odd blanks, hyphens, digits and invisible characters hide nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundalike.redact import redact, redact_text
from soundalike.redact.text_view import MappedView, make_view
from tests.redact.test_redact_frame import TABLE, frame
from tests.redact.test_redact_masked import MASKED

ODD = [
    ("write sam\u200b@example.com", "write my email"),
    ("sam\u200d@exa\u00admple.com ok", "my email ok"),
    ("\u2060sam@example\ufe0f.com", "my email"),
    ("sam＠example.com", "my email"),
    ("ｓａｍ＠ｅｘａｍｐｌｅ．ｃｏｍ", "my email"),
    ("4111\u00a01111\u00a01111\u00a01111", "my card"),
    ("4111\u202f1111\u202f1111\u202f1111 ok", "my card ok"),
    ("4111\u20131111\u20131111\u20131111", "my card"),
    ("𝟒𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏", "my card"),
    ("４１１１１１１１１１１１１１１１", "my card"),
    ("415\u2011555\u20110132", "my number"),
    ("415\u2013555\u20130132", "my number"),
    ("415\u2212555\u22120132 — call", "my number — call"),
    ("+49\u2009176\u20091234\u20095678", "my number"),
    ("+٤٩ ١٧٦ ١٢٣٤ ٥٦٧٨", "my number"),
    ("DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000", "my account"),
    ("DE89\u20113704\u20110044\u20110532\u20110130\u201100", "my account"),
    ("2\u200b03.0.11\u200b3.7", "some ip"),
    ("536\u201390\u20134399", "my id"),
    ("https://\u200bwww.example.com/a?b", "example.com"),
    ("pass\u200bword: hunter2", "pass\u200bword: some password"),
]
STAYS = [
    "❤️ 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ok",
    "10–12 people, 2019–2020",
    "we won 21–19 21–17 15–21",
    "1\u00a0234\u00a0567 views",
    "it costs 2\u202f000\u202f000\u202f000 won",
    "−1234 64 5678",
    "今日は１０時に、駅で。",
    "می‌خواهم بروم",
    "order 4155550132\u00a0ok",
    "z̴a̷l̶g̵o̸ comes",
    "\u200b",
]


@pytest.mark.parametrize(("typed", "expected"), ODD)
def test_odd_characters_hide_nothing(typed: str, expected: str) -> None:
    """The mask lies on what was typed, and what is not masked stays as it was, odd characters included."""
    assert redact_text(typed)[0] == expected
    assert redact_text(expected) == (expected, {})


@pytest.mark.parametrize("typed", STAYS)
def test_odd_characters_alone_are_no_finding(typed: str) -> None:
    """Emoji sequences, ranges, prices and other scripts stay, character by character."""
    assert redact_text(typed) == (typed, {})
    assert make_view(typed).result == typed


def test_a_frame_of_odd_texts_gets_the_verdicts_of_its_texts() -> None:
    """Odd and plain texts in one frame, nulls among them."""
    texts = [text for text, _ in ODD] + STAYS + TABLE
    after, counts = redact(frame([*texts, None]))
    expected = [redact_text(text) for text in texts]
    assert after["text"].to_list() == [*(text for text, _ in expected), None]
    assert sum(counts.values()) == sum(sum(found.values()) for _, found in expected)


@pytest.mark.parametrize("invisible", ["\u200b", "\u2060", "\u00ad", "\u200d", "\ufeff", "\u202e"])
def test_every_finding_is_found_with_something_invisible_in_it(invisible: str) -> None:
    """For every row of the rules' table, an invisible character after each letter changes no verdict."""
    wrong = []
    for text, expected in (row for rows in MASKED.values() for row in rows):
        masked, _ = redact_text(invisible.join(text))
        if masked.replace(invisible, "") != expected:
            wrong.append(text)
    assert wrong == []


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20), st.text(alphabet="a1\u00a0\u200b\u0301\u2013＠ é", max_size=20))
def test_a_view_is_the_text_in_other_characters(some: str, odd: str) -> None:
    """With nothing edited the original comes back; each character of the view has its piece, so an edit lands."""
    page = MappedView(some + odd)
    assert page.result == some + odd
    if page.text:
        page.edit([(0, len(page.text), "gone")])
        assert page.result == "gone" == page.text
