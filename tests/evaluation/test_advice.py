"""What an evaluation tells a person to do: by who is ahead beyond chance, never by who has the larger figure."""

from dataclasses import replace
from typing import Any

import pytest

from soundalike.evaluation.advice import Kind, advice
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


def test_old_lines_ahead_are_no_good_news() -> None:
    """Beside it stand how much it has read, the minutes that read all of it, and a larger base, each in a line."""
    told = advice(report(about(0.2), about(0.4)))
    assert told.headline == (
        "A judge takes 20 of 100 of its replies for yours; 50 would be perfect, and the best voice that was measured "
        "so far reached 20. It has read 25 % of your text."
    )
    apart, poor = told.of(Kind.POOR)
    assert apart == "It can still be told from you: a judge sees which reply is really yours in 80 of 100 cases."
    assert poor.startswith("It is taken for you less often than old messages of yours drawn at random (in 20 % against")
    assert "although that understands nothing" in poor
    minutes, base, best, cooler = told.steps
    assert "soundalike train 'my clone' --minutes 40 --keep-better" in minutes and "soundalike doctor" in base
    assert "--best-of 4" in best and "--temperature 0.6" in cooler
    assert [line.split(":")[0] for line in told.lines()[1:]] == [
        "Good",
        "Good",
        "Not good",
        "Not good",
        *["May help"] * 4,
    ]


def test_figures_of_other_people_are_evidence_and_no_step() -> None:
    """A step is what to do and why, in words; what was measured elsewhere stands apart."""
    told = advice(report(about(0.2), about(0.4)))
    assert not any("reader" in line or "34,786" in line for line in told.lines())
    assert [line.split(":")[0] for line in told.evidence] == [
        "More minutes",
        "A larger base",
        "The best of four replies",
        "A lower temperature",
    ]


def test_a_lead_within_chance_is_none() -> None:
    """The larger figure is no lead where the interval of the difference holds 0."""
    (unknown,) = advice(report(about(0.2, 0.1), about(0.3, 0.1))).of(Kind.OPEN)
    assert "too little to tell whether it or old messages of yours drawn at random is taken for you more" in unknown
    assert "(in 20 % against 30 %)" in unknown


def test_a_voice_ahead_is_good_news() -> None:
    """The figures beside one another."""
    ahead = "It is taken for you more often than old messages of yours drawn at random (in 35 % against 20 %)."
    assert ahead in advice(report(about(0.35), about(0.2))).of(Kind.GOOD)


@pytest.mark.parametrize(
    ("fooled", "standing"),
    [
        (about(0.48, 0.02), "it can only guess"),
        (about(0.55, 0.09), "it can only guess"),
        (about(0.48, 0.05), "this text is too little to tell"),
        (about(0.52, 0.2), "this text is too little to tell"),
        (about(0.42, 0.05), "the best voice that was measured"),
    ],
)
def test_a_wide_interval_is_no_equality(fooled: Estimate, standing: str) -> None:
    """The goal must be reached within five points by the whole interval; one that merely holds it shows too little."""
    assert standing in advice(report(fooled, about(0.1))).headline


@pytest.mark.parametrize(
    ("likeness", "kind"), [(about(1.02, 0.1), Kind.GOOD), (about(1.0, 0.2), Kind.OPEN), (about(0.8), None)]
)
def test_likeness_within_a_tenth_of_the_scale_is_equality(likeness: Estimate, kind: Kind | None) -> None:
    """Of its whole interval, as for the judge; a voice that is surely less like its owner is told nothing of it."""
    made = report(about(0.35), about(0.2))
    made.rows[CLONE] = replace(made.rows[CLONE], likeness=likeness)
    found = [finding.kind for finding in advice(made).findings if "style alone" in finding.sentence]
    assert found == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("sense", "kind", "words"),
    [
        (0.6, Kind.GOOD, "said more often than"),
        (0.49, Kind.POOR, "said no more often than"),
        (0.53, Kind.OPEN, "too little to tell whether its replies"),
    ],
)
def test_sense_is_told_beside_chance(sense: float, kind: Kind, words: str) -> None:
    """One half is what a reply has that was drawn without looking."""
    assert any(words in line for line in advice(report(about(0.35), about(0.2), sense)).of(kind))


def test_loops_are_told_where_there_are_surely_more_than_the_owners() -> None:
    """And nothing is said of them where that may be chance."""
    made = report(about(0.35), about(0.2))
    for clone, told in ((about(0.2), True), (about(0.11), False)):
        made.rows[YOU] = replace(made.rows[YOU], repetition=about(0.1))
        made.rows[CLONE] = replace(made.rows[CLONE], repetition=clone)
        assert any("round in circles" in line for line in advice(made).of(Kind.POOR)) == told


def test_whoever_recites_is_told_so_first() -> None:
    """Copying beyond one and a half times the owner's own takes the likeness back."""
    told = advice(report(about(0.35), about(0.2), copying=0.9))
    assert told.findings[0].sentence.startswith("It recites") and told.findings[0].kind is Kind.POOR
    assert advice(report(about(0.35), about(0.2))).findings[0].sentence.startswith("It does not repeat")
