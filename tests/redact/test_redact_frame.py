"""Redaction of whole frames: the same verdicts as text by text, nothing else touched, and twice is as good as once."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundalike.messages import SCHEMA
from soundalike.redact import KINDS, redact, redact_text
from tests.redact.test_redact_masked import MASKED
from tests.redact.test_redact_untouched import UNTOUCHED

TABLE = [text for rows in MASKED.values() for text, _ in rows] + [
    text for texts in UNTOUCHED.values() for text in texts
]
GLUE = ["", " ", "\n", "/", ".", "@", ":", "-", ",", "=", "(", ")", '"', "+", "//", "://", "www.", "0", "a", "é", "看"]
PIECES = st.one_of(
    st.sampled_from(TABLE),
    st.sampled_from(GLUE),
    st.text(alphabet="0123456789 -.()+:/@abcdefx=_", max_size=24),
    st.text(max_size=6),
)
TEXTS = st.lists(PIECES, max_size=6).map("".join)


def frame(texts: Sequence[str | None]) -> pl.DataFrame:
    """A message frame of these texts."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    rows = [(str(n), "c", "a", True, start, text, None, "test") for n, text in enumerate(texts)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def test_a_frame_gets_the_verdicts_of_its_texts() -> None:
    """Rows, order, schema and every other column stay; texts and counts are those of one text at a time."""
    before = frame([*TABLE, None])
    after, counts = redact(before)
    expected = [redact_text(text) for text in TABLE]
    assert after["text"].to_list() == [*(text for text, _ in expected), None]
    assert after.schema == before.schema
    assert after.drop("text").equals(before.drop("text"))
    assert counts == {kind: n for kind in KINDS if (n := sum(found.get(kind, 0) for _, found in expected))}


def test_the_given_frame_is_not_changed() -> None:
    """Masking makes a new frame; whoever holds the old one still reads what was typed."""
    before = frame(TABLE)
    redact(before)
    assert before["text"].to_list() == TABLE


def test_every_kind_is_counted() -> None:
    """The counts name every kind that the table has, and nothing but kinds."""
    _, counts = redact(frame(TABLE))
    assert set(counts) == set(KINDS)


def test_a_frame_masked_twice_is_masked_once() -> None:
    """A second run over a masked frame changes nothing and counts nothing."""
    once, _ = redact(frame(TABLE))
    twice, counts = redact(once)
    assert counts == {} and twice.equals(once)


@pytest.mark.parametrize("texts", [[], [None], ["hi"], [""]])
def test_frames_with_nothing_in_them(texts: list[str | None]) -> None:
    """No rows, no text and no finding are no special cases."""
    before = frame(texts)
    after, counts = redact(before)
    assert after.equals(before) and counts == {}


@settings(max_examples=250, deadline=None)
@given(TEXTS)
def test_twice_is_once(text: str) -> None:
    """Whatever stands side by side, a masked text is left alone by a second masking."""
    masked, _ = redact_text(text)
    assert redact_text(masked) == (masked, {})


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=12))
def test_frame_and_text_agree(texts: list[str]) -> None:
    """Both ways give the same texts and the same counts, also where findings run into each other."""
    after, counts = redact(frame(texts))
    expected = [redact_text(text) for text in texts]
    assert after["text"].to_list() == [text for text, _ in expected]
    assert counts == {kind: n for kind in KINDS if (n := sum(found.get(kind, 0) for _, found in expected))}


@pytest.mark.parametrize(
    "piece",
    [
        "1 ",
        "12 ",
        "1.1.1.1 ",
        "07700 900123 ",
        "0044 20 ",
        "www.",
        "https://",
        "a.",
        "a@b.",
        "[(",
        "password: ",
        "a1",
        "::",
    ],
)
def test_a_hostile_text_is_done_in_a_moment(piece: str) -> None:
    """A message of 4,000 characters made to send the patterns astray ends: no pattern is worse than quadratic."""
    masked, _ = redact_text(piece * (4000 // len(piece)))
    assert redact_text(masked) == (masked, {})


def test_plain_talk_imports_no_number_library() -> None:
    """phonenumbers and stdnum are imported for the first candidate, not for chat about scores and dates."""
    code = (
        "import sys; from soundalike.redact import redact_text\n"
        "redact_text('we won 21-19 on 2021-03-04, 1234567 points, https://example.com/a')\n"
        "assert 'phonenumbers' not in sys.modules and 'stdnum' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_number_stays_in_memory() -> None:
    """What was asked of the numbering plans is forgotten with the text: nothing of ours holds its digits."""
    code = (
        "import gc; from soundalike.redact import redact_text\n"
        "number = ''.join(map(str, [4, 1, 5, 5, 5, 5, 0, 1, 3, 2]))\n"
        "assert redact_text('call me at ' + number)[1] == {'phone numbers': 1}\n"
        "gc.collect()\n"
        "held = [o for o in gc.get_objects() if isinstance(o, (tuple, list, dict)) and o is not globals()"
        " and any(isinstance(x, str) and number in x for x in (o.values() if isinstance(o, dict) else o))]\n"
        "import soundalike.redact.phones as phones\n"
        "assert not held, held\n"
        "assert not any(hasattr(value, 'cache_info') for value in vars(phones).values())\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
