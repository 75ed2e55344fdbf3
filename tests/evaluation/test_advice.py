"""What an evaluation tells a person to do: by who is ahead beyond chance, never by who has the larger figure."""

from dataclasses import replace
from typing import Any

import pytest

from soundalike.evaluation.advice import advice
from soundalike.evaluation.evaluation_report import CLONE, YOU, EvaluationReport
from soundalike.evaluation.system_metrics import SystemMetrics
from soundalike.metrics.stats import Estimate


def about(value: float, spread: float = 0.05) -> Estimate:
    return Estimate(value, value - spread, value + spread, 80)


def figures(**some: Any) -> SystemMetrics:
    return SystemMetrics(**{**dict.fromkeys(SystemMetrics.__slots__), "variety": {}, **some})


def report(clone: Estimate, parrot: Estimate, sense: float = 0.6, copying: float = 0.1) -> EvaluationReport:
    rows = {
        YOU: figures(copying=about(0.1)),
        CLONE: figures(fooled=clone, coherence=about(sense), copying=about(copying)),
        "parrot": figures(fooled=parrot),
        "word chain, order 2": figures(fooled=about(0.1)),
    }
    clone_facts = {"base": "pocket", "read": 0.25, "minutes": 40, "mode": "dialogue"}
    return EvaluationReport({"folder": "my clone", "trained_seconds": 600.0, **clone_facts}, rows)


def test_a_parrot_ahead_is_told_with_what_helps() -> None:
    """How much it has read, the minutes that read all of it, and a larger base; the command keeps the better voice."""
    ahead, read, minutes, base, cooler, _ = advice(report(about(0.2), about(0.4)))
    assert ahead.startswith("The voice fools the judge less often than a parrot, which says old messages of yours at")
    assert "(20 % against 40 %), which understands nothing" in ahead
    assert read.endswith("It has read 25 % of your text.")
    assert "soundalike train 'my clone' --minutes 40 --keep-better" in minutes and "soundalike doctor" in base
    assert "--temperature 0.6" in cooler


def test_a_lead_within_chance_is_none() -> None:
    """The larger figure is no lead where the interval of the difference holds 0."""
    told = " ".join(advice(report(about(0.2, 0.1), about(0.3, 0.1))))
    assert "cannot be told which fools the judge more often (20 % against 30 %): the voice or a parrot" in told


def test_a_voice_ahead_is_told_what_that_means() -> None:
    """The figures beside one another, and what helps."""
    ahead, standing, *_ = advice(report(about(0.35), about(0.2)))
    assert ahead == (
        "The voice fools the judge more often than a parrot, which says old messages of yours at random (35 % against "
        "20 %)."
    )
    assert standing.startswith("The judge takes its replies for yours in 35 % of cases; 50 % would be perfect")


@pytest.mark.parametrize(
    ("fooled", "judge", "standing"),
    [
        (about(0.48, 0.02), "The judge cannot tell the voice from you", "it can only guess"),
        (about(0.55, 0.09), "The judge cannot tell the voice from you", "it can only guess"),
        (about(0.48, 0.05), "The voice fools the judge more often than a parrot", "this text is too little to tell"),
        (about(0.52, 0.2), "The voice fools the judge more often than a parrot", "this text is too little to tell"),
        (about(0.42, 0.05), "The voice fools the judge more often than a parrot", "the best voice that was measured"),
    ],
)
def test_a_wide_interval_is_no_equality(fooled: Estimate, judge: str, standing: str) -> None:
    """The goal must be reached within five points by the whole interval; one that merely holds it shows too little."""
    told = advice(report(fooled, about(0.1)))
    assert told[0].startswith(judge) and standing in told[1]


@pytest.mark.parametrize(
    ("likeness", "words"), [(about(1.02, 0.1), "cannot be told from you"), (about(1.0, 0.2), "too little to tell")]
)
def test_likeness_within_a_tenth_of_the_scale_is_equality(likeness: Estimate, words: str) -> None:
    """Of its whole interval, as for the judge; a voice that is surely less like its owner is told nothing of it."""
    made = report(about(0.35), about(0.2))
    made.rows[CLONE] = replace(made.rows[CLONE], likeness=likeness)
    assert [words in line for line in advice(made) if line.startswith("In likeness")] == [True]
    made.rows[CLONE] = replace(made.rows[CLONE], likeness=about(0.8))
    assert not any(line.startswith("In likeness") for line in advice(made))


@pytest.mark.parametrize(
    ("sense", "words"),
    [
        (0.6, "said more often than"),
        (0.49, "said no more often than"),
        (0.53, "too little to tell whether its replies"),
    ],
)
def test_sense_is_told_beside_chance(sense: float, words: str) -> None:
    """One half is what a reply has that was drawn without looking."""
    assert any(words in line for line in advice(report(about(0.35), about(0.2), sense)))


def test_whoever_recites_is_told_so() -> None:
    """Copying beyond one and a half times the owner's own takes the likeness back."""
    assert "It recites" in advice(report(about(0.35), about(0.2), copying=0.9))[-1]
