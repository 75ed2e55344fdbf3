"""What an evaluation means and what to do about it: sentences that follow the intervals of differences."""

from soundalike.evaluation.evaluation_report import CLONE, POINTS, PROMPT, YOU, EvaluationReport
from soundalike.evaluation.guidance import OTHER_BASES, guidance
from soundalike.metrics.repetition import recites
from soundalike.metrics.stats import Estimate, difference, reaches
from soundalike.next_step import Frontend

LIKENESS_MARGIN = 0.1  # of the scale from strangers to the owner, within which a voice counts as the owner
PARROT = "parrot"
BASELINES = (PARROT, "word chain, order 1", "word chain, order 2")
DESCRIBED = {
    PARROT: "a parrot, which says old messages of yours at random",
    "word chain, order 1": "a word chain, which knows only which word follows which of yours",
    "word chain, order 2": "a word chain, which knows only which word follows which two of yours",
}


def advice(report: EvaluationReport, frontend: Frontend = Frontend.COMMAND_LINE) -> list[str]:
    """Sentences on who fools the judge more often, on likeness and sense, and what helps, as `frontend` names it."""
    sentences = [
        *_fooled(report),
        *(guidance(report).lines(frontend) if report.rows[CLONE].fooled else []),
        *_prompted(report),
        *_likeness(report),
        *_sense(report, frontend),
    ]
    if recites(report.rows[CLONE].copying, report.rows[YOU].copying):
        sentences.append(
            "It recites: it repeats your messages word for word more often than you do, so the other figures count for "
            "nothing. Train it for less time, or add more messages."
        )
    return sentences


def _fooled(report: EvaluationReport) -> list[str]:
    clone = report.rows[CLONE].fooled
    rivals = {name: one for name in BASELINES if (one := report.rows[name].fooled if name in report.rows else None)}
    if clone is None or not rivals:
        return []
    first = max(rivals, key=lambda name: rivals[name].value)
    both = f"{_percent(clone)} against {_percent(rivals[first])}"
    match _order(clone, rivals[first]):
        case 1 if reaches(clone, 0.5, POINTS):
            sentence = "The judge cannot tell the voice from you, which is the best that a voice can reach."
        case 1:
            sentence = f"The voice fools the judge more often than {DESCRIBED[first]} ({both})."
        case -1:
            sentence = (
                f"The voice fools the judge less often than {DESCRIBED[first]} ({both}), which understands nothing but "
                "uses your own words as often as you do."
            )
        case _:
            sentence = f"It cannot be told which fools the judge more often ({both}): the voice or {DESCRIBED[first]}."
    return [sentence]


def _prompted(report: EvaluationReport) -> list[str]:
    """Whether training or the prompt fools the judge more often, where a prompt was measured."""
    clone, prompt = (report.rows[name].fooled if name in report.rows else None for name in (CLONE, PROMPT))
    if clone is None or prompt is None:
        return []
    verdicts = {1: "Training beats the prompt", -1: "The prompt beats training"}
    verdict = verdicts.get(_order(clone, prompt), "This text shows no difference between training and the prompt")
    return [f"{verdict}: the judge is fooled by the voice in {_percent(clone)}, by the prompt in {_percent(prompt)}."]


def _likeness(report: EvaluationReport) -> list[str]:
    clone = report.rows[CLONE].likeness
    if clone is None or clone.high < 1:
        return []
    if reaches(clone, 1, LIKENESS_MARGIN):
        return ["In likeness, which is style alone, the voice cannot be told from you."]
    figure = clone.as_text(percent=True)
    return [f"In likeness, which is style alone, this text is too little to tell the voice from you or not ({figure})."]


def _sense(report: EvaluationReport, frontend: Frontend) -> list[str]:
    clone = report.rows[CLONE].coherence
    if clone is None:
        return []
    figure = f"({_percent(clone)}; those would in 50 %)"
    if clone.low > 0.5:
        return [f"Its replies fit what was said more often than replies drawn at random {figure}."]
    found = f"Its replies fit what was said no more often than replies drawn at random {figure}."
    if clone.high > 0.5 + POINTS:
        found = f"This text is too little to tell whether its replies fit better than replies drawn at random {figure}."
    return [
        f"{found} A lower temperature gives more sense, and a much larger base may ({OTHER_BASES.wording(frontend)}); "
        "more minutes hardly do."
    ]


def _order(clone: Estimate, rival: Estimate) -> int:
    """1 where the clone is surely ahead, -1 where the rival is, else 0."""
    apart = difference(clone, rival)
    return int(apart.low > 0) - int(apart.high < 0)


def _percent(one: Estimate) -> str:
    return f"{one.value * 100:.0f} %"
