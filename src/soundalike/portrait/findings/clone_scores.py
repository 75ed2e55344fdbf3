"""What was measured of the clone, from its JSON reports: headline scores, what gives it away, what it could leak."""

from collections.abc import Mapping, Sequence
from typing import Any

from soundalike import phrasing
from soundalike.evaluation.advice import BASELINES, DESCRIBED
from soundalike.evaluation.evaluation_report import CLONE, SHORT, YOU, estimate_of
from soundalike.metrics.repetition import recites
from soundalike.next_step import NextStep
from soundalike.portrait.card import Card
from soundalike.portrait.chart_kinds import BarChart, Chart, IntervalPlot
from soundalike.portrait.name_filter import NameFilter

SCORES = {
    "fooled": "Taken for you (50 % is best)",
    "likeness": "Style like yours (100 % is best)",
    "coherence": "Replies that fit (high is good)",
    "copying": "Copied from you (no more than you is good)",
    "repetition": "Going round in circles (low is good)",
}
MEANINGS = (
    "Taken for you: a judge, which is a small program, sees your real reply and another one to the same message, and "
    "says which is yours. At 50 % it can only guess, at 0 % it is never wrong.",
    "Style like yours: how you write, not what you say. 100 % is as hard to tell from you as other messages of yours "
    "from the same months, 0 % as easy as {scale}.",
    "Replies that fit: how often a reply fits what was said just before better than it fits another conversation. A "
    "reply drawn at random does in 50 %.",
    "Copied from you: messages of five words or more that stand word for word among those that the clone has read. You "
    "say things again too; much more than your own figure is bad.",
    "Going round in circles: messages that say the same words again and again, or only echo what was said.",
    "Beside you and the clone: the parrot says old messages of yours at random; a word chain knows only which word "
    "follows which; the base alone is the model before it has read you. Each line across shows where the true figure "
    "lies with a certainty of 95 %.",
)
OFF = (
    "A habit is off by how much the clone differs from you in it, as a multiple of how much you have changed in it "
    "yourself. At 1 it is as near to you as you are to yourself; high is bad."
)
SHOWN = 8

Report = Mapping[str, Any]


def headline_scores(report: Report | None, evaluate: NextStep, stale: bool = False) -> Card:
    """The judge's verdict on the clone, its likeness, sense, copying and loops, beside those of the owner and of the
    baselines.

    `report` is that of an evaluation, None if there is none of the present voice; `stale` says that there is one of an
    earlier voice. `evaluate` measures the clone.
    """
    title = "How close your clone is"
    if report is None:
        earlier, never = (
            "was measured of an earlier voice, not of the one that is here now.",
            "has not been measured yet.",
        )
        sentence = f"How close your clone comes to you {earlier if stale else never}"
        return Card("needles", title, sentence, step=evaluate)
    rows, about = report["rows"], report["about"]
    short = about["form"] == SHORT
    charts = [
        IntervalPlot(name, _intervals(rows, score), CLONE, score in ("fooled", "likeness", "coherence"))
        for score, name in SCORES.items()
    ]
    return Card(
        name="needles",
        title=title,
        sentence=_sentence(rows),
        basis=f"{phrasing.count(about['windows'], 'group')} of four messages that it did not learn from, "
        f"answered {phrasing.count(about['seeds'], 'time')} each{', the short check' if short else ''}",
        details=[*_veto(report), *(meaning.format(scale=about["scale"]) for meaning in MEANINGS)],
        pictures=[chart for chart in charts if chart.rows],
        step=evaluate if short else None,
    )


def _intervals(rows: Mapping[str, Report], score: str) -> list[tuple[str, float, float, float]]:
    found = {name: figures.get(score) for name, figures in rows.items()}
    return [
        (name, one["value"], one["low"], one["high"]) for name, one in found.items() if one and one["value"] is not None
    ]


def _sentence(rows: Mapping[str, Report]) -> str:
    fooled, coherence = (rows[CLONE].get(name) for name in ("fooled", "coherence"))
    if not fooled and rows[CLONE].get("likeness"):
        return "This evaluation is by an earlier version, which had no judge. Evaluate again."
    if not fooled:
        return "There is too little held-out text to say how close your clone comes to you."
    sentence = (
        f"Shown a reply of yours and one of your clone's, a judge takes the clone's for yours in {_figure(fooled)} of "
        "cases; 50 % would be perfect"
    )
    baselines = {name: rows[name]["fooled"] for name in BASELINES if rows.get(name, {}).get("fooled")}
    if baselines:
        best = max(baselines, key=lambda name: float(baselines[name]["value"]))
        sentence += f". By {DESCRIBED[best]}, it is fooled in {_figure(baselines[best])}"
    if not coherence or not rows[YOU].get("coherence"):
        return f"{sentence}."
    fits = f"Its replies fit what was said in {_figure(coherence)} of cases"
    return f"{sentence}. {fits}, yours in {_figure(rows[YOU]['coherence'])}."


def _figure(estimate: Report) -> str:
    """`42 % (31 to 56)`."""
    low, high = (f"{estimate[end] * 100:.0f}" for end in ("low", "high"))
    return f"{phrasing.percent(estimate['value'])} ({low} to {high})"


def _veto(report: Report) -> list[str]:
    vetoed = recites(estimate_of(report, CLONE, "copying"), estimate_of(report, YOU, "copying"))
    return ["It recites your messages far more often than you repeat them, so the figures count for nothing."] * vetoed


def giveaways(report: Report | None, audit: Report | None, name_filter: NameFilter, evaluate: NextStep) -> Card:
    """The words and habits that tell the clone from its owner, and the audit's verdict.

    `report` is a full evaluation, `audit` an audit's report; each is None if there is none.
    """
    title = "What gives it away, and what it could leak"
    leak = _leak(audit)
    if report is None:
        sentence = f"What gives your clone away shows once it is measured. {leak}"
        return Card("giveaways", title, sentence, step=evaluate)
    words = [one for one in report["gives_it_away"]["words"] if _is_allowed(one["what"], name_filter)]
    more, less = ([one for one in words if (one["sign"] > 0) == positive][:SHOWN] for positive in (True, False))
    charts: list[Chart] = [
        BarChart(name, [(one["what"], abs(one["clones"] - one["yours"])) for one in some], unit, mono=True)
        for name, some, unit in (
            ("Says too often", more, "times too many in four messages"),
            ("Says too seldom", less, "times too few in four messages"),
        )
        if some
    ]
    if far := [one for one in report["habits"] if one["ratio"] >= 2][:SHOWN]:
        rows = [(one["habit"].replace("_", " "), one["ratio"]) for one in far]
        charts.append(BarChart("Habits that are off", rows, "times as far as you from yourself"))
    return Card(
        name="giveaways",
        title=title,
        sentence=f"{_too_often(more, less)} {leak}",
        basis=f"{phrasing.count(report['about']['windows'], 'group')} of four messages, yours and its",
        details=[OFF] if far else [],
        pictures=charts,
    )


def _is_allowed(what: str, name_filter: NameFilter) -> bool:
    return not any(c.isalpha() for c in what) or name_filter.allows(what.lower())


def _too_often(more: Sequence[Report], less: Sequence[Report]) -> str:
    parts = [f"says {phrasing.quoted([one['what'] for one in more[:3]])} too often"] if more else []
    parts += [f"{phrasing.quoted([one['what'] for one in less[:3]])} too seldom"] if less else []
    return f"Your clone {phrasing.listed(parts)}." if parts else "No word surely gives your clone away."


def _leak(audit: Report | None) -> str:
    if audit is None:
        return "What it could leak has not been looked at."
    return str(audit.get("verdict", "What it could leak was looked at, but no verdict was written."))
