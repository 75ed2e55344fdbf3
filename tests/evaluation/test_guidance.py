"""What would help a voice most, by what was measured, and how much of the text it has read."""

from pathlib import Path
from typing import Any

import pytest

from soundalike.clone import Clone
from soundalike.evaluation.advice import advice
from soundalike.evaluation.guidance import MEASURED, MOST, facts, guidance, standing
from soundalike.next_step import Frontend
from soundalike.plain import plain
from tests.evaluation.test_advice import about, report
from tests.training.test_loop import clone_of

BEST, COOLER = "The best of four replies", "A lower temperature"


def told(**given: Any) -> list[str]:
    """The first words of each remedy."""
    made = report(about(0.2), about(0.1))
    made.about.update(given)
    found = guidance(made)
    assert len(found.remedies) <= MOST and len(found.steps(Frontend.STUDIO)) == len(found.remedies)
    return [remedy.what for remedy in found.remedies]


@pytest.mark.parametrize(
    ("given", "first"),
    [
        ({"read": 0.06}, ["More minutes", "A larger base", BEST, COOLER]),
        ({"read": 0.9}, ["More minutes", "A larger base", BEST, COOLER]),
        ({"read": 0.96}, ["More text", "A larger base", BEST, COOLER]),
        ({"read": 1.8}, ["More text", "A larger base", BEST, COOLER]),
        (
            {"read": 0.06, "mode": "monologue"},
            ["More minutes", "A larger base", BEST, COOLER, "An export with both sides of your chats"],
        ),
        ({"read": 0.9, "best_of": 4}, ["More minutes", "A larger base", COOLER]),
        ({"read": 0.5, "base": "smollm2"}, ["More minutes", BEST, COOLER]),
        ({"read": None, "base": "org/model"}, [BEST, COOLER]),
    ],
)
def test_what_gained_most_comes_first(given: dict[str, Any], first: list[str]) -> None:
    """That is reading on; text that was read is not read again, and what is there already is not recommended. What was
    not measured to gain anything comes after what was, or cannot."""
    assert told(**given) == first


def test_gains_are_those_that_were_measured() -> None:
    """From the points of the table, between them by interpolation; none where nothing was measured."""
    made = report(about(0.2), about(0.1))
    made.about["read"] = MEASURED[1].read
    gains = {remedy.what[:6]: remedy.gain for remedy in guidance(made).remedies}
    assert 0 < (gains["More m"] or 0) < MEASURED[2].fooled - MEASURED[1].fooled
    made.about["mode"] = "monologue"
    both_sides = guidance(made).remedies[-1]
    assert both_sides.gain is None and "not measured" not in both_sides.measured
    assert "found 5 to fit where the voice had learned both sides, 5 where" in both_sides.measured
    assert plain(guidance(made))["read"] == MEASURED[1].read


def test_how_good_a_figure_is() -> None:
    """Beside a perfect voice and the best that was measured."""
    lines = [guidance(report(about(value, 0.04), about(0.1))).standing for value in (0.2, 0.42, 0.5)]
    assert lines[0] == (
        "A judge takes 20 of 100 of its replies for yours; 50 would be perfect, and the best voice that was measured "
        "so far reached 20."
    )
    assert "takes 42 of 100" in lines[1] and "it can only guess" in lines[2]
    assert standing(None).startswith("There is too little text")


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (0.25, "It has read 25 % of your text."),
        (0.94, "It has read 94 % of your text."),
        (0.96, "It has read all of your text once."),
        (1.0, "It has read all of your text once."),
        (1.75, "It has read all of your text 1.8 times."),
    ],
)
def test_how_much_was_read_is_a_sentence(read: float, says: str) -> None:
    """Shares until all was read, then how many times."""
    made = report(about(0.2), about(0.1))
    made.about["read"] = read
    assert guidance(made).headline.endswith(says)


def test_each_frontend_names_what_it_has_itself() -> None:
    """The command line a command, the studio its section; nothing that the studio has is a command there."""
    made = report(about(0.2), about(0.1), sense=0.5)
    typed, pressed = (" ".join(advice(made, frontend).lines()) for frontend in Frontend)
    assert "soundalike train 'my clone' --minutes 40" in typed and "soundalike doctor" in typed
    assert "soundalike" not in pressed and "More minutes (under Training, with 40 for Minutes)" in pressed


def test_how_much_was_read_is_recorded_or_estimated(tmp_path: Path) -> None:
    """The epochs of the training; of a clone without them, its tokens beside those of its text."""
    clone = clone_of(tmp_path / "me")
    with clone.locked("test"):
        clone.record(clone={"speaker": "bo", "mode": "dialogue"}, training={"base": "pocket", "replay": 0.5})
        clone.record(result={"epochs": 0.25, "useful_tokens": 9, "tokens_per_second": 1.0})
    known = facts(Clone.open(clone.root))
    assert (known["base"], known["read"], known["mode"]) == ("pocket", 0.25, "dialogue")
    with clone.locked("test"):
        clone.record(result={"useful_tokens": 1000})
    text = sum(len(document.text) for document in clone.documents("train"))
    assert facts(clone)["read"] == pytest.approx(500 / (text / 4), rel=0.4) and facts(clone)["minutes"] is None
    assert known["minutes"] == pytest.approx(2 * text / 4 / 60, rel=0.4)
