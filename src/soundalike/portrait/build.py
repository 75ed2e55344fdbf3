"""`soundalike portrait me`: a clone folder -> portrait.html in it."""

import shlex
from pathlib import Path

from soundalike.clone import Clone
from soundalike.evaluation.held_out import conversations
from soundalike.evaluation.report_file import load_best
from soundalike.generation.voice import Voice
from soundalike.portrait.card import Portrait
from soundalike.portrait.data import Material, gather
from soundalike.portrait.findings import heard as hearing
from soundalike.portrait.findings import laughter, mirror, rhythm, typing, wording, years
from soundalike.portrait.findings.likeness import in_words
from soundalike.portrait.page import html
from soundalike.portrait.surprisal import Progress, listen

FILE, AUDIT = "portrait.html", "audit.json"
HELD_OUT = ("valid", "test")


def paint(
    folder: str | Path, *, quotations: bool = False, on_progress: Progress = lambda done, of: None
) -> tuple[Portrait, Path]:
    """The portrait of the clone in `folder`, and the page that was written of it.

    Without a voice it holds what counting alone can tell. Only with `quotations` does it hold lines of the owner's.
    """
    clone = Clone.open(folder)
    material = gather(clone)
    trained = "training" in clone.manifest() and clone.adapter_path.is_dir()
    found = _heard(clone, folder, on_progress) if trained else None
    portrait = compose(material, found, clone, quotations)
    page = html(portrait).encode()
    with clone.locked("soundalike portrait"):
        clone.write({FILE: page})
    return portrait, clone.root / FILE


def _heard(clone: Clone, folder: str | Path, on_progress: Progress) -> hearing.Heard | None:
    voice = Voice.load(folder)
    chats, _ = conversations(clone)
    return hearing.heard(listen(voice, [chat for split in HELD_OUT for chat in chats[split]], on_progress))


def compose(material: Material, found: hearing.Heard | None, clone: Clone, quotations: bool) -> Portrait:
    """All ten cards, in the page's order."""
    me = shlex.quote(str(clone.root))
    train, evaluate = (f"soundalike {verb} {me}" for verb in ("train", "evaluate"))
    measured, audited = load_best(clone), clone.report(AUDIT)
    cards = [
        in_words(material),
        mirror.needles(measured.report, evaluate, measured.stale),
        wording.signature(material, found),
        wording.skeletons(material),
        typing.punctuation(material),
        laughter.laughter(material),
        rhythm.rhythm(material),
        hearing.surprise(found, material.discretion, quotations, train),
        years.years(material),
        mirror.giveaways(measured.full, audited, material.discretion, evaluate),
    ]
    months = material.mine["sent_at"].sort().dt.strftime("%B %Y")
    about = f"{material.mine.height:,} messages, {months[0]} to {months[-1]}."
    return Portrait(material.owner, about, cards)
