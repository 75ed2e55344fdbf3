"""What only the full evaluation measures of a clone: costs in bits, a choice of four, habits, words and frequencies."""

from collections.abc import Sequence

import polars as pl

from soundalike.evaluation import bits_per_byte
from soundalike.evaluation.evaluation_progress import EvaluationProgress
from soundalike.evaluation.evaluation_report import CLONE, YOU, EvaluationReport, GivesItAway
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.forced_choice import forced_choice
from soundalike.evaluation.held_out import Conversation
from soundalike.evaluation.line_scores import OnExcerpts
from soundalike.generation.voice import Voice
from soundalike.metrics.delta_rank import delta_rank
from soundalike.metrics.distinctive_words import distinctive_ngrams, distinctive_words
from soundalike.metrics.habit_distances import HabitDistance, habit_distances
from soundalike.metrics.stats import Estimate
from soundalike.metrics.style_features import text_features
from soundalike.metrics.windows import MessageWindows


def add_full_figures(
    report: EvaluationReport,
    held_out: EvaluationSet,
    windows: Sequence[MessageWindows],
    voice: Voice,
    chats: Sequence[Conversation],
    progress: EvaluationProgress,
) -> None:
    """Measure them and set them in `report`; `windows` are the clone's, by seed, `chats` the held-out part."""
    report.bits_per_byte = _bits_per_byte(voice, chats, progress.scored)
    progress.scored.finish()
    report.forced_choice = forced_choice(voice, held_out, progress.chosen)
    progress.chosen.finish()
    report.habits = _habits(held_out, windows[0])
    report.gives_it_away = GivesItAway(
        distinctive_words(windows[0], held_out.real), distinctive_ngrams(windows[0], held_out.real, held_out.common)
    )
    written = {YOU: held_out.own_held_out, CLONE: [text for one in windows for text in one.lines]}
    ranks = {name: delta_rank(texts, held_out.learned) for name, texts in written.items()}
    report.delta_rank = {name: rank for name, rank in ranks.items() if rank is not None}


def _bits_per_byte(voice: Voice, chats: Sequence[Conversation], on_excerpts: OnExcerpts) -> dict[str, Estimate]:
    bits = bits_per_byte.measure(voice, chats, on_excerpts=on_excerpts)
    return {} if bits is None else {name: bits.per_byte(getattr(bits, name)) for name in ("on", "off", "renamed")}


def _habits(held_out: EvaluationSet, clone: MessageWindows) -> list[HabitDistance]:
    half = len(held_out.learned) // 2
    texts = held_out.real.lines, clone.lines, held_out.learned[:half], held_out.learned[half:]
    return habit_distances(*(text_features(pl.Series(lines, dtype=pl.String)) for lines in texts))
