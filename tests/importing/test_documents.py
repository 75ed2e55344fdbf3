"""Documents: which messages stand together, in which split, with which weight."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl
import pytest

from soundalike.errors import RecipeError
from soundalike.importing.document_lines import jsonl, texts
from soundalike.importing.document_settings import SPLITS, DocumentSettings
from soundalike.importing.documents import Documents, build
from soundalike.messages import Corpus
from soundalike.prompt_template import normalise, parse
from tests.invented import NAMES, Message, corpus, crowd, hostile


def built(messages: Sequence[Message], **settings: object) -> list[str]:
    """The texts of the documents."""
    return texts_of(build(corpus(messages), DocumentSettings(**settings)))  # type: ignore[arg-type]


def texts_of(documents: Documents) -> list[str]:
    """The texts of all documents, in order of time."""
    return [text for part in texts(documents) for text in part["text"]]


def written(documents: Documents, split: str) -> str:
    """What would stand in one file."""
    return b"".join(jsonl(documents, split)).decode()


def rows(documents: Documents) -> list[dict[str, object]]:
    """What would stand in the three files."""
    return [json.loads(line) for split in SPLITS for line in written(documents, split).splitlines()]


def test_a_silence_longer_than_the_gap_ends_a_conversation() -> None:
    """Fifteen minutes are not longer than fifteen minutes; one second more is."""
    assert built([(0, "c", "me", "a"), (15, "c", "me", "b")]) == ["sam: a\nsam: b\n"]
    assert built([(0, "c", "me", "a"), (15 + 1 / 60, "c", "me", "b")]) == ["sam: a\n", "sam: b\n"]


def test_interleaved_channels_stay_whole() -> None:
    """An hour of thirteen messages in one channel is one document, whatever starts and stops in others meanwhile."""
    hour = [(5.0 * k, "here", "me", f"here {k}") for k in range(13)]
    elsewhere = [(20.0 * k + 1, f"there {k}", "me", f"there {k}") for k in range(4)]
    found = built([*hour, *elsewhere])
    assert len(found) == 5
    assert found[0] == "".join(f"sam: here {k}\n" for k in range(13))


def test_only_conversations_with_the_owner_count() -> None:
    """What others say among themselves stays out, and is counted."""
    talk = [(0, "c", "a", "hi"), (1, "c", "me", "hey"), (60, "c", "a", "anyone?"), (61, "c", "b", "no")]
    documents = build(corpus(talk), DocumentSettings())
    assert texts_of(documents) == ["ana: hi\nsam: hey\n"]
    assert documents.left_out == {"messages in conversations in which you say nothing": 2}


def test_stretches_of_a_long_conversation_without_the_owner_stay_out() -> None:
    """One "lol" in a busy channel does not bring hours of other people's talk into training."""
    talk = [(k, "c", "a", f"blah blah blah {k}") for k in range(60)] + [(60, "c", "me", "lol")]
    documents = build(corpus(talk), DocumentSettings(window_bytes=200))
    assert documents.frame.height == 1 and texts_of(documents)[0].endswith("sam: lol\n")
    assert sum(documents.left_out.values()) + documents.frame["messages"].sum() == 61


def test_runs_of_the_same_message_are_capped() -> None:
    """Three of a run stay, others are counted; another author, text or conversation starts a new run."""
    spam = [(k / 10, "c", "me", "spam") for k in range(6)]
    more = [(1, "c", "a", "spam"), (1.1, "c", "me", "spam"), (90, "c", "me", "spam")]
    documents = build(corpus([*spam, *more]), DocumentSettings())
    assert texts_of(documents) == ["sam: spam\n" * 3 + "ana: spam\nsam: spam\n", "sam: spam\n"]
    assert documents.left_out == {"messages that only repeat the ones before": 3}


def test_messages_without_anything_readable_are_left_out() -> None:
    """Blanks and unseen characters are nothing to learn."""
    documents = build(
        corpus([(0, "c", "me", " \n\t "), (1, "c", "me", "\u200b"), (2, "c", "me", "hi")]), DocumentSettings()
    )
    assert texts_of(documents) == ["sam: hi\n"]
    assert documents.left_out == {"messages with nothing readable in them": 2}


def test_the_messages_themselves_are_not_changed() -> None:
    """Normalising is for the documents; the message frame stays as it was read."""
    given = corpus([(0, "c", "me", " odd \r\n text "), (1, "c", "me", "plain")])
    build(given, DocumentSettings())
    assert given.messages["text"].to_list() == [" odd \r\n text ", "plain"]


def test_long_conversations_are_cut_between_messages() -> None:
    """Every part fits the window, no message is lost, broken or duplicated, and none ends up in a tiny rest."""
    talk = [(k / 10, "c", "me", f"message number {k}") for k in range(500)]
    documents = build(corpus(talk), DocumentSettings(window_bytes=300))
    assert "".join(texts_of(documents)) == "".join(f"sam: message number {k}\n" for k in range(500))
    assert documents.frame["bytes"].max() <= 300  # type: ignore[operator]
    assert documents.frame["bytes"].min() >= 50  # type: ignore[operator]


def test_a_long_conversation_is_cut_at_its_longest_silence() -> None:
    """A document starts where the talk started again, not in the middle of a burst."""
    talk = [(k / 10 + (10 if k >= 13 else 0), "c", "me", f"message {k:02}") for k in range(20)]
    first, second = built(talk, window_bytes=17 * 16)
    assert first.endswith("message 12\n") and second.startswith("sam: message 13\n")


def test_a_message_longer_than_the_window_stands_alone_and_whole() -> None:
    """Nothing is truncated: the windows' own room is for the packing to keep."""
    talk = [(0, "c", "me", "hi"), (1, "c", "me", "x" * 500), (2, "c", "me", "bye")]
    assert built(talk, window_bytes=100) == ["sam: hi\n", f"sam: {'x' * 500}\n", "sam: bye\n"]


def test_every_message_is_in_one_document_or_counted() -> None:
    """The account is exact."""
    talk = crowd(3000, authors=("me", "a", "b")) + [(9000 + k, "c0", "a", "") for k in range(7)]
    documents = build(corpus(talk), DocumentSettings(gap_minutes=5, window_bytes=256))
    assert documents.frame["messages"].sum() + sum(documents.left_out.values()) == 3007
    assert documents.conversations["messages"].sum() == documents.frame["messages"].sum()


def test_splits_follow_time_and_never_share_a_conversation() -> None:
    """About 80, 10 and 10 in a hundred messages, the latest held out, over all channels together."""
    documents = build(corpus(crowd(4000)), DocumentSettings(window_bytes=128))
    sizes = dict(documents.frame.group_by("split").agg(pl.col("messages").sum()).iter_rows())
    assert [round(sizes[split] / 4000, 2) for split in SPLITS] == [0.8, 0.1, 0.1]
    assert documents.frame.group_by("conversation").agg(pl.col("split").n_unique())["split"].max() == 1
    starts = documents.frame.group_by("conversation").agg(pl.col("started_at").min(), pl.col("split").first())
    edges = {split: starts.filter(split=split)["started_at"] for split in SPLITS}
    assert edges["train"].max() <= edges["valid"].min() and edges["valid"].max() <= edges["test"].min()  # type: ignore[operator]


def test_the_same_corpus_gives_the_same_documents() -> None:
    """Nothing is left to chance, nor to the names that were seen before."""
    talk = crowd(800, authors=("me", "a", "b"))
    first = [written(build(corpus(talk), DocumentSettings()), split) for split in SPLITS]
    pl.Series(["c4", "c1", "c0"], dtype=pl.Categorical)
    assert [written(build(corpus(talk), DocumentSettings()), split) for split in SPLITS] == first


@pytest.mark.parametrize("tagged", [True, False])
def test_frames_are_written_as_single_turns_are(tagged: bool) -> None:
    """Hostile texts in a frame come out of the files as the turns that the plain functions give."""
    talk = [(k / 100, "c", ("me", "a")[k % 2], text) for k in range(800) if "\ud800" not in (text := hostile(k) + "x")]
    settings = DocumentSettings(tagged=tagged, max_run=1000, window_bytes=512)
    written = rows(build(corpus(talk), settings))
    turns = [turn for row in written for turn in parse(str(row["text"]), tagged)]
    assert turns == [(NAMES[author] if tagged else "", normalise(text)) for _, _, author, text in talk]


def test_a_monologue_has_text_alone() -> None:
    """Where only the owner speaks all of it is learned, so nothing is weighed."""
    assert rows(build(corpus([(0, "c", "me", 'say "hi"\\\n😂')]), DocumentSettings())) == [
        {"text": 'sam: say "hi"\\\n\t😂\n'}
    ]


def test_a_dialogue_weighs_its_turns() -> None:
    """The owner's lines weigh 1, others' as set, and the pieces make the text."""
    talk = [
        (0, "c", "a", "hi"),
        (1, "c", "b", "hi\nyou"),
        (2, "c", "me", "yo"),
        (3, "c", "me", "sup"),
        (4, "c", "a", '"'),
    ]
    (row,) = rows(build(corpus(talk), DocumentSettings(others_weight=0.25)))
    turns = [["ana: hi\nbo: hi\n\tyou\n", 0.25], ["sam: yo\nsam: sup\n", 1.0], ['ana: "\n', 0.25]]
    assert row == {"text": "".join(str(text) for text, _ in turns), "turns": turns}


def replying(talk: Sequence[Message], replies: Mapping[int, int]) -> Corpus:
    """A corpus in which the message of each number in `replies` replies to another one."""
    made = corpus(talk)
    targets = [str(replies[number]) if number in replies else None for number in map(int, made.messages["id"])]
    return replace(made, messages=made.messages.with_columns(reply_to=pl.Series(targets, dtype=pl.String)))


def test_a_reply_to_an_older_message_has_it_before_it() -> None:
    """Shortened, not learned again, wherever the message is, where it is not among the last lines."""
    told = "we could walk around the lake and eat at the place with the green door again, all of us, this time"
    talk = [
        (0, "c", "b", told),
        (1, "d", "a", "who?"),
        (90, "c", "a", "hm"),
        (91, "c", "me", "yes"),
        (92, "c", "a", "ok"),
    ]
    documents = build(replying(talk, {3: 0, 4: 3}), DocumentSettings())
    quoted = "bo: we could walk around the lake and eat at the place with the green door again,…\n"
    (row,) = rows(documents)
    assert row["turns"] == [["ana: hm\n", 0.2], [quoted, 0.0], ["sam: yes\n", 1.0], ["ana: ok\n", 0.2]]
    assert row["text"] == f"ana: hm\n{quoted}sam: yes\nana: ok\n"
    assert documents.frame["bytes"].to_list() == [len(str(row["text"]).encode())]
    assert documents.frame["messages"].to_list() == [3] and sum(documents.left_out.values()) == 2


@pytest.mark.parametrize(("near", "quoted"), [(0, 2), (1, 1), (2, 0)])
def test_what_is_near_is_not_repeated(near: int, quoted: int) -> None:
    """Of two replies, to one and to two lines before."""
    talk = [(0, "c", "a", "one"), (1, "c", "me", "two"), (2, "c", "a", "three"), (3, "c", "me", "four")]
    documents = build(replying(talk, {1: 0, 3: 1}), DocumentSettings(near_lines=near))
    assert (documents.lines["quoted"] != "").sum() == quoted
    assert build(replying([*talk[1::2]], {1: 0}), DocumentSettings(near_lines=0)).lines["quoted"].to_list() == ["", ""]


def test_lines_without_names_are_a_setting() -> None:
    """The untagged template has the bare texts."""
    assert built([(0, "c", "me", "one\ntwo"), (1, "c", "me", "three")], tagged=False) == ["one\n\ttwo\nthree\n"]


def test_words_are_counted_for_the_owner_alone() -> None:
    """What others say is not the owner's text."""
    documents = build(corpus([(0, "c", "a", "one two three"), (1, "c", "me", "four\nfive")]), DocumentSettings())
    assert documents.words.to_list() == [2] and documents.own_bytes == len("four\n\tfive")
    assert documents.conversations["words"].to_list() == [5]


def test_no_messages_give_no_documents() -> None:
    """An empty corpus is no error here."""
    documents = build(corpus([]), DocumentSettings())
    assert documents.frame.height == 0 and rows(documents) == [] and documents.speaker == "sam"


@pytest.mark.parametrize(
    "wrong",
    [
        {"gap_minutes": 0},
        {"max_run": 0},
        {"window_bytes": 10},
        {"others_weight": 1.5},
        {"shares": (0.5, 0.1, 0.1)},
        {"shares": (0.0, 0.5, 0.5)},
    ],
)
def test_a_setting_outside_its_range_is_refused(wrong: dict[str, float]) -> None:
    """The error names the setting."""
    with pytest.raises(RecipeError, match=next(iter(wrong))):
        DocumentSettings(**wrong)  # type: ignore[arg-type]
