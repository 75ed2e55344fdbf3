"""The page: whole, self-contained, discreet, and safe from what was typed into a chat."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from soundalike import cli
from soundalike.clone import Clone
from soundalike.clone.report_names import PORTRAIT
from soundalike.demo import EXPORT
from soundalike.importing.importer import run_import
from soundalike.next_step import Frontend, NextStep
from soundalike.portrait.build import build_portrait
from soundalike.portrait.card import Card, Portrait, Quotation, ScoredPiece, Table
from soundalike.portrait.chart_kinds import (
    BarChart,
    Chart,
    DensityPlot,
    Heatmap,
    Histogram,
    IntervalPlot,
    LineChart,
    PercentileBands,
)
from soundalike.portrait.portrait_page import html
from soundalike.training.plan import plan_training
from soundalike.training.train_clone import train_clone

EVIL = "</text><script>alert(1)</script>"
FRIENDS = ("juno", "mags", "bram")
PICTURES: list[Chart] = [
    BarChart("bars", [(EVIL, 3.0), ("b", 1.0)], "times", mono=True),
    Histogram("columns", [("1–2", 0.4), (EVIL, 0.6)]),
    PercentileBands("bands", [(EVIL, 0.5, 0.1, 0.2, 0.3)], "strangers"),
    IntervalPlot("ranges", [(EVIL, 0.5, 0.4, 0.6)], EVIL),
    Heatmap("grid", [[0.1] * 24] * 7),
    LineChart("trend", [("2023", 1.0), (EVIL, 2.0)]),
    DensityPlot("densities", "bits", {EVIL: [(0.0, 0.1), (1.0, 0.2)], "b": [(0.0, 0.2), (1.0, 0.1)]}),
]


class Elements(HTMLParser):
    """Every tag with its attributes; that each is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def self_contained(page: str) -> Elements:
    """Well-formed, every id once, and nothing in it that runs or asks for something."""
    elements = Elements(page)
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert not {"script", "iframe", "img", "object", "base", "form"} & {tag for tag, _ in elements.found}
    for _, attributes in elements.found:
        assert not any(name.startswith("on") or name in ("src", "action", "xlink:href") for name in attributes)
        assert attributes.get("href") in (None, "data:,")
    assert not re.search(r"@import|@font-face|url\((?!#)", page)
    assert set(re.findall(r"https?://[^\"\s]+", page)) <= {"http://www.w3.org/2000/svg"}
    return elements


def test_every_kind_of_picture_is_drawn_and_nothing_typed_becomes_markup() -> None:
    """Each picture says in words what it shows; what tries to be a script is text."""
    quoted = Quotation("most you", [ScoredPiece(EVIL, 0.5)])
    card = Card(
        "one", EVIL, EVIL, EVIL, [EVIL], PICTURES, [Table(EVIL, [EVIL], [[EVIL, EVIL]])], [quoted], NextStep(EVIL)
    )
    page = html(Portrait(EVIL, EVIL, [card]))
    elements = self_contained(page)
    drawn = [attributes for tag, attributes in elements.found if tag == "svg"]
    assert [one["aria-label"] for one in drawn] == [picture.description for picture in PICTURES]
    assert all(one["role"] == "img" for one in drawn)


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in export as a clone that has learned nothing."""
    folder = tmp_path_factory.mktemp("portrait")
    run_import([EXPORT], folder / "me")
    return folder / "me"


def long_lines(folder: Path) -> list[str]:
    """The owner's messages that are long enough to be known again."""
    import polars as pl

    texts = pl.read_parquet(Clone.open(folder).messages_path)["text"].to_list()
    return [text for text in texts if len(text.split()) >= 8]


def test_without_a_voice_it_shows_what_counting_alone_can_tell(me: Path) -> None:
    """Ten cards; where something must be measured first, the card says how; nothing is quoted and nobody named."""
    portrait, path = build_portrait(me)
    page = path.read_text("utf-8")
    elements = self_contained(page)
    assert len([tag for tag, _ in elements.found if tag == "section"]) == len(portrait.cards) == 10
    assert [card.step.command.split()[1] for card in portrait.cards if card.step] == ["evaluate", "train", "evaluate"]
    assert "soundalike train" in page and "soundalike" not in html(portrait, Frontend.STUDIO).split("<footer>")[0]
    assert len(page.encode()) < 300_000
    assert not [text for text in long_lines(me) if text in page]
    assert not re.search(rf"\b({'|'.join(FRIENDS)})\b", page, re.IGNORECASE)


def test_with_a_voice_it_tells_what_the_model_hears(me: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Words that the adapter lifts, and lines only with --quotes; still nobody is named."""
    clone = Clone.open(me)
    train_clone(clone, plan_training(clone, "markov", {"iters": 3}).recipe)
    silent = build_portrait(me)[1].read_text("utf-8")
    assert "learned to expect of you" in silent and "<h3>" not in silent
    assert not [text for text in long_lines(me) if text in silent]
    cli.app(["portrait", str(me), "--quotes"], standalone_mode=False)
    page = (me / PORTRAIT).read_text("utf-8")
    self_contained(page)
    assert "most you" in page and "least you" in page
    assert not re.search(rf"\b({'|'.join(FRIENDS)})\b", page, re.IGNORECASE)
    assert "Signature words" in capsys.readouterr().out
