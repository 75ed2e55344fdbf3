"""What an evaluation means and what to do about it: sentences that follow the intervals of differences."""

from soundalike.evaluation.evaluation_report import CLONE, PROMPT, YOU, EvaluationReport
from soundalike.evaluation.guidance import guidance
from soundalike.metrics.repetition import recites
from soundalike.metrics.stats import Estimate, difference

PARROT = "parrot"
BASELINES = (PARROT, "word chain, order 1", "word chain, order 2")
DESCRIBED = {
    PARROT: "a parrot, which says old messages of yours at random",
    "word chain, order 1": "a word chain, which knows only which word follows which of yours",
    "word chain, order 2": "a word chain, which knows only which word follows which two of yours",
}


def advice(report: EvaluationReport) -> list[str]:
    """Sentences on who fools the judge more often, on likeness and sense, and what helps."""
    sentences = [*_fooled(report), *_prompted(report), *_likeness(report), *_sense(report)]
    if recites(report.rows[CLONE].copying, report.rows[YOU].copying):
        sentences.append(
            "It recites: that it fools the judge counts for nothing until it copies less. Train it for fewer epochs, "
            "or import more messages."
        )
    return sentences


def _fooled(report: EvaluationReport) -> list[str]:
    clone = report.rows[CLONE].fooled
    rivals = {name: one for name in BASELINES if (one := report.rows[name].fooled if name in report.rows else None)}
    if clone is None or not rivals:
        return []
    first = max(rivals, key=lambda name: rivals[name].value)
    both = f"{_percent(rivals[first])} to {_percent(clone)}"
    match _order(clone, rivals[first]):
        case 1 if clone.high >= 0.5:
            return ["The judge cannot tell the voice from you: with this text that is as good as it gets."]
        case 1:
            sentence = (
                "The voice fools the judge more often than anything that only counts your words "
                f"({_percent(clone)}; {first} {_percent(rivals[first])}; a perfect voice 50 %)."
            )
        case -1:
            sentence = (
                f"The judge is fooled more often by {DESCRIBED[first]} ({both}). Such a baseline cannot read, but its "
                "words are yours, in your proportions; the voice's are not yet."
            )
        case _:
            sentence = f"This text shows no difference between the voice and {DESCRIBED[first]} ({both})."
    return [sentence, *guidance(report).lines()]


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
    return ["In likeness, which is style alone, this text cannot tell the voice from you."]


def _sense(report: EvaluationReport) -> list[str]:
    clone = report.rows[CLONE].sense
    if clone is None:
        return []
    if clone.low > 0.5:
        return [f"Its replies fit what was said more often than chance ({_percent(clone)} against 50 %)."]
    larger = "a larger base makes more sense than more minutes do: soundalike doctor lists those that run here."
    return [f"Its replies fit what was said no more often than chance would ({_percent(clone)} against 50 %): {larger}"]


def _order(clone: Estimate, rival: Estimate) -> int:
    """1 where the clone is surely ahead, -1 where the rival is, else 0."""
    apart = difference(clone, rival)
    return int(apart.low > 0) - int(apart.high < 0)


def _percent(one: Estimate) -> str:
    return f"{one.value * 100:.0f} %"
