"""Words that may leave before a line is whole: nothing that is masked later was among them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundalike.redact import redact_text
from soundalike.redact.streaming import stable_length
from tests.redact.test_redact_emails import SPELT, WRITTEN
from tests.redact.test_redact_frame import TABLE, TEXTS
from tests.redact.test_redact_passwords import SAID

EVERY = [*TABLE, *(text for rows in SAID.values() for text, _ in rows), *WRITTEN, *SPELT]
WORDS = st.sampled_from(
    "sam at AT gmail dot com is password my pass bearer token i'm Ok. so, zürich huntEr ät punkt de @".split()
)
TALK = st.lists(st.one_of(WORDS, TEXTS), max_size=8).map(" ".join)


def stays(text: str) -> bool:
    """Whether each beginning of `text` tells rightly what of it stays."""
    masked, _ = redact_text(text)
    for end in range(len(text) + 1):
        sure = text[: stable_length(text[:end])]
        if redact_text(sure)[0] == sure and not masked.startswith(sure):
            return False
    return True


@pytest.mark.parametrize("before", ["", "well you know ", "you can reach me at "])
def test_nothing_masked_has_left(before: str) -> None:
    """For every finding of the rules' own tests, letter by letter, whatever stands before it."""
    wrong = [text for text in EVERY if not stays(before + text)]
    assert wrong == []


@settings(max_examples=100, deadline=None)
@given(TALK)
def test_nothing_masked_has_left_of_any_text(text: str) -> None:
    """Words, addresses, keys and glue in any order."""
    assert stays(text)


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("", ""),
        ("hey", ""),
        ("hey you", ""),
        ("hey you ", "hey"),
        ("hey you two ", "hey you"),
        ("i'm fine, thanks ", "i'm fine,"),
        ("mail sam at gmail dot com please ", "mail"),
        ("well my number is 5", "well my number"),
    ],
)
def test_words_leave_one_word_late(text: str, sure: str) -> None:
    """The word before an unfinished one is held back, since an address may be spelt out."""
    assert text[: stable_length(text)] == sure
