"""`soundalike portrait`: a clone folder -> portrait.html in it."""

import shlex
from pathlib import Path

from soundalike.clone import Clone
from soundalike.clone.report_names import AUDIT, PORTRAIT
from soundalike.evaluation.held_out import conversations
from soundalike.evaluation.report_file import load_best
from soundalike.generation.voice import Voice
from soundalike.next_step import Frontend, NextStep
from soundalike.portrait.card import Portrait
from soundalike.portrait.data import PortraitData, load_data
from soundalike.portrait.findings import changes, clone_scores, laughter, punctuation, rhythm, signature_words
from soundalike.portrait.findings.summary import summary
from soundalike.portrait.findings.surprise import LineScores, summarise, surprise
from soundalike.portrait.portrait_page import html
from soundalike.portrait.surprisal import score_lines
from soundalike.progress import OnProgress

HELD_OUT = ("valid", "test")


def build_portrait(
    folder: str | Path,
    *,
    quotations: bool = False,
    frontend: Frontend = Frontend.COMMAND_LINE,
    on_progress: OnProgress = lambda done, of: None,
) -> tuple[Portrait, Path]:
    """Make the portrait of the clone in `folder` and write its page; returns both.

    A clone without a voice gets the cards that counting alone can fill. Lines of the owner's are in it only with
    `quotations`. What is missing is told as `frontend` names it. `on_progress` is called while the voice scores lines.
    """
    clone = Clone.open(folder)
    data = load_data(clone)
    trained = "training" in clone.manifest() and clone.adapter_path.is_dir()
    scores = _scores(clone, on_progress) if trained else None
    portrait = compose(data, scores, clone, quotations, frontend)
    page = html(portrait, frontend).encode()
    with clone.locked("soundalike portrait"):
        clone.write({PORTRAIT: page})
    return portrait, clone.root / PORTRAIT


def _scores(clone: Clone, on_progress: OnProgress) -> LineScores | None:
    chats, _ = conversations(clone)
    held_out = [chat for split in HELD_OUT for chat in chats[split]]
    return summarise(score_lines(Voice.load(clone.root), held_out, on_progress))


def compose(
    data: PortraitData,
    scores: LineScores | None,
    clone: Clone,
    quotations: bool,
    frontend: Frontend = Frontend.COMMAND_LINE,
) -> Portrait:
    """All ten cards, in the page's order."""
    me = shlex.quote(str(clone.root))
    train = NextStep(f"soundalike train {me}", "Training, among the sections of this voice")
    evaluate = NextStep(f"soundalike evaluate {me}", "Evaluation, among the sections of this voice")
    measured, audited = load_best(clone), clone.report(AUDIT)
    cards = [
        summary(data),
        clone_scores.headline_scores(measured.report, evaluate, measured.stale),
        signature_words.signature_words(data, scores),
        signature_words.skeletons(data),
        punctuation.punctuation(data),
        laughter.laughter(data),
        rhythm.rhythm(data),
        surprise(scores, data.name_filter, quotations, train, frontend),
        changes.changes(data),
        clone_scores.giveaways(measured.full, audited, data.name_filter, evaluate),
    ]
    months = data.messages["sent_at"].sort().dt.strftime("%B %Y")
    about = f"{data.messages.height:,} messages, {months[0]} to {months[-1]}."
    return Portrait(data.owner, about, cards)
