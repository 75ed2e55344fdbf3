"""What was measured of the clone: the four needles, what gives it away, what it could leak; from its JSON reports."""

from collections.abc import Mapping, Sequence
from typing import Any

from soundalike.evaluation.report import CLONE, COPY_LIMIT, YOU
from soundalike.evaluation.report_file import SHORT
from soundalike.portrait.card import Card
from soundalike.portrait.chart_kinds import BarChart, Chart, IntervalPlot
from soundalike.portrait.findings import saying
from soundalike.portrait.name_filter import NameFilter

NEEDLES = {
    "likeness": "Likeness: 100 % is you, months before",
    "sense": "Sense: chance is 50 %",
    "copying": "Copying: messages said before",
    "loops": "Loops",
}
SHOWN = 8

Report = Mapping[str, Any]


def needles(report: Report | None, command: str, stale: bool = False) -> Card:
    """Likeness, sense, copying and loops, each beside the owner's own and the baselines'.

    `stale` says that something was measured once, of another voice than the one that is there now.
    """
    title = "Four needles"
    if report is None:
        told = (
            "was measured of an earlier voice, not of the one that is here now."
            if stale
            else ("has not been measured yet.")
        )
        return Card("needles", title, f"How close your clone comes to you {told}", command=command)
    rows, about = report["rows"], report["about"]
    short = about["form"] == SHORT
    pictures = [
        IntervalPlot(told, _ranges(rows, name), CLONE, name in ("likeness", "sense")) for name, told in NEEDLES.items()
    ]
    details = [
        f"Likeness runs from {about['scale']}, 0 %, to you in the months before, 100 %. Lines are 95 % intervals."
    ]
    return Card(
        name="needles",
        title=title,
        sentence=_sentence(rows),
        basis=f"{saying.count(about['windows'], 'window')} of four held-out messages, "
        f"{saying.count(about['seeds'], 'seed')}{', the short check' if short else ''}",
        details=[*details, *_veto(rows)],
        pictures=[picture for picture in pictures if picture.rows],
        command=command if short else "",
    )


def _ranges(rows: Mapping[str, Report], needle: str) -> list[tuple[str, float, float, float]]:
    found = []
    for name, figures in rows.items():
        one = figures.get(needle)
        if one and one["value"] is not None:
            found.append((name, one["value"], one["low"], one["high"]))
    return found


def _sentence(rows: Mapping[str, Report]) -> str:
    likeness, sense = (rows[CLONE].get(name) for name in ("likeness", "sense"))
    if not likeness:
        return "There is too little held-out text to say how close your clone comes to you."
    told = f"Your clone writes {_figure(likeness)} like you"
    chains = [figures["likeness"] for name, figures in rows.items() if "chain" in name and figures.get("likeness")]
    if chains:
        best = max(chains, key=lambda chain: float(chain["value"]))
        told += f"; the best word chain, which only shuffles your words, {_figure(best)}"
    if not sense or not rows[YOU].get("sense"):
        return f"{told}."
    fits = f"Its replies fit what was said in {_figure(sense)} of cases"
    return f"{told}. {fits}, yours in {_figure(rows[YOU]['sense'])}."


def _figure(one: Report) -> str:
    """`42 % (31 to 56)`."""
    return f"{saying.percent(one['value'])} ({one['low'] * 100:.0f} to {one['high'] * 100:.0f})"


def _veto(rows: Mapping[str, Report]) -> list[str]:
    clone, you = rows[CLONE].get("copying"), rows[YOU].get("copying")
    recites = clone and you and clone["low"] > COPY_LIMIT * you["high"]
    return ["It recites: a likeness that is copied counts for nothing."] if recites else []


def giveaways(report: Report | None, audit: Report | None, discretion: NameFilter, command: str) -> Card:
    """The words and habits that tell the clone from its owner, and whether it is safe to share."""
    title = "What gives it away, and what it could leak"
    leak = _leak(audit)
    if report is None:
        sentence = f"What gives your clone away shows once it is measured. {leak}"
        return Card("giveaways", title, sentence, command=command)
    words = [one for one in report["gives_it_away"]["words"] if _showable(one["what"], discretion)]
    more, less = ([one for one in words if (one["sign"] > 0) == positive][:SHOWN] for positive in (True, False))
    far = [one for one in report["habits"] if one["ratio"] >= 2][:SHOWN]
    pictures: list[Chart] = []
    signed = (("Says too often", more, "a window too many"), ("Says too seldom", less, "a window too few"))
    for told, some, unit in signed:
        if some:
            rows = [(one["what"], abs(one["clones"] - one["yours"])) for one in some]
            pictures.append(BarChart(told, rows, unit, mono=True))
    if far:
        rows = [(one["habit"].replace("_", " "), one["ratio"]) for one in far]
        pictures.append(BarChart("Habits that are off", rows, "times your own change"))
    return Card(
        name="giveaways",
        title=title,
        sentence=f"{_told(more, less)} {leak}",
        basis=f"{saying.count(report['about']['windows'], 'window')} of four messages, yours and its",
        pictures=pictures,
    )


def _showable(what: str, discretion: NameFilter) -> bool:
    return not any(c.isalpha() for c in what) or discretion.shows(what.lower())


def _told(more: Sequence[Report], less: Sequence[Report]) -> str:
    parts = [f"says {saying.quoted([one['what'] for one in more[:3]])} too often"] if more else []
    parts += [f"{saying.quoted([one['what'] for one in less[:3]])} too seldom"] if less else []
    return f"Your clone {saying.listed(parts)}." if parts else "No word surely gives your clone away."


def _leak(audit: Report | None) -> str:
    if audit is None:
        return "What it could leak has not been looked at."
    return str(audit.get("verdict", "What it could leak was looked at, but no verdict was written."))
