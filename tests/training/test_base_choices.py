"""What each base takes for one person's text, in a sentence."""

import pytest

from soundalike import pocket
from soundalike.training.base_choices import TOKENS, base_choices, share_in_words
from soundalike.training.estimate import TrainingEstimate

WHOLE_MILLION = int(TOKENS * pocket.BYTES_A_TOKEN)


def row(
    minutes: float | None, base: str = "pocket", weights: int = 50_000_000, replay: float = 0.0
) -> TrainingEstimate:
    """A base that reads a million tokens in so many minutes."""
    return TrainingEstimate(base, "MIT", weights, True, "fp32", 1 << 30, minutes, replay)


@pytest.mark.parametrize(
    ("minutes", "budget", "says"),
    [
        (4.0, None, "Reads all of you once, in 3 to 6 minutes."),
        (40.0, None, "Reads a quarter of you in 10 minutes; all of you would take 28 to 56 minutes."),
        (8.0, 2.0, "Reads a quarter of you in 2 minutes; all of you would take 6 to 11 minutes."),
        (10.0, 10.0, "Reads all of you once in 10 minutes."),
        (5.0, 10.0, "Reads all of you twice in 10 minutes."),
        (
            2.0,
            10.0,
            "Reads all of you twice, in 3 to 6 minutes, and ends: after more, what was typed once can be guessed.",
        ),
        (None, 10.0, "It does not fit into the memory of this machine."),
    ],
)
def test_a_base_says_how_much_it_reads(minutes: float | None, budget: float | None, says: str) -> None:
    """In the minutes that are given, else in those that a training takes without."""
    (choice,) = base_choices([row(minutes)], WHOLE_MILLION, budget)
    assert choice.says == says


def test_half_the_text_takes_half_the_time_and_the_advice_is_the_default_base() -> None:
    """The larger base is advised where it reads all within its patience, and pocket elsewhere."""
    rows = [row(2.0, weights=6_000_000, replay=0.15), row(90.0, "org/larger", 600_000_000)]
    assert [choice.advised for choice in base_choices(rows, WHOLE_MILLION)] == [True, False]
    halved = base_choices(rows, WHOLE_MILLION // 2)
    assert [choice.advised for choice in halved] == [False, True] and halved[1].minutes == pytest.approx(45, rel=1e-3)
    assert halved[0].minutes == pytest.approx(1 / 0.85, rel=1e-3)  # with the small talk that is mixed in


@pytest.mark.parametrize(("share", "words"), [(0.01, "very little"), (0.24, "a quarter"), (0.9, "most")])
def test_shares_have_names(share: float, words: str) -> None:
    """The nearest one."""
    assert share_in_words(share) == words
