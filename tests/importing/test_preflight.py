"""The import report."""

from dataclasses import replace

import polars as pl
import pytest

from soundalike.errors import TooLittleText
from soundalike.importing.preflight import ImportReport, Lengths, histogram, lines, refuse_too_little, warnings


def report(messages: int = 900, words: int = 6000) -> ImportReport:
    """An account of an invented import."""
    split = {"documents": 10, "messages": 300, "bytes": 9000}
    return ImportReport(
        formats=["discord_package"],
        read={"messages": messages + 30},
        skipped={"messages with an attachment only": 20, "messages seen twice": 10},
        ignored={"files of activity": 3},
        messages=messages,
        mine=messages,
        masked={"link": 4},
        mode="monologue",
        channels={"dm": 2, "channel": 3},
        people=1,
        first="2023-01-01",
        last="2024-01-01",
        gap_minutes=15.0,
        conversations=24,
        splits={"train": split, "valid": split, "test": split},
        left_out={"messages that only repeat the ones before": 5},
        words=words,
        typed_bytes=words * 5,
        message_words=Lengths.of(pl.Series([1, 2, 3, 4] * (messages // 4))),
        conversation_words=Lengths.of(pl.Series([10, 20, 700])),
        notes=["ids were rounded by another tool."],
    )


def test_lengths_fall_into_doubling_classes() -> None:
    """Each class reaches to just below the next."""
    lengths = Lengths.of(pl.Series([1, 2, 3, 4, 7, 8, 1000]))
    assert [count for count in lengths.histogram.values() if count] == [1, 2, 2, 1, 1]
    assert (lengths.count, lengths.median, lengths.mean, lengths.longest) == (7, 4, 146.4, 1000)


def test_the_histogram_shows_messages_beside_conversations() -> None:
    """One row a class from the shortest to the longest, a bar and a share in each column, the longest bar full."""
    rows = histogram({"messages": Lengths.of(pl.Series([1, 1, 1, 5])), "talks": Lengths.of(pl.Series([9, 20]))})
    assert [row.split()[0] for row in rows] == ["words", "1", "2-3", "4-7", "8-15", "16-31"]
    assert rows[1].split() == ["1", "█" * 18, "75%", "0%"]
    assert rows[4].split() == ["8-15", "0%", "█" * 12, "50%"]
    assert histogram({"messages": Lengths.of(pl.Series([], dtype=pl.UInt32))}) == []


def test_what_is_told_adds_up() -> None:
    """Counts, reasons and notes, in plain words; the cost of training is printed once, after measuring."""
    assert "minutes on this machine" not in "\n".join(lines(report()))
    printed = "\n".join(lines(report()))
    assert printed.startswith(
        "900 messages in 5 channels, 2023-01-01 to 2024-01-01\n"
        "930 read, 30 skipped: messages with an attachment only 20, messages seen twice 10\n"
    )
    assert "24 conversations (a silence of 15 minutes ends one) give 30 documents: 10 to learn from" in printed
    assert (
        "4 masked: link 4" in printed
        and "5 left out of them: messages that only" in printed
        and "files of activity 3" in printed
    )
    assert "Note: ids were rounded by another tool." in printed and "Note: this holds only your own lines" in printed


@pytest.mark.parametrize(("messages", "words"), [(496, 6000), (900, 2999), (40, 100)])
def test_too_little_text_is_refused_with_advice(messages: int, words: int) -> None:
    """What there is, what was skipped, what it takes, and what to do."""
    with pytest.raises(TooLittleText, match=r"Only .*30 skipped: .*; a voice needs .*Add more exports"):
        refuse_too_little(report(messages, words))


def test_enough_text_is_not_refused() -> None:
    """From 500 messages and 3,000 words on."""
    refuse_too_little(report(500, 3000))


def test_scripts_without_blanks_are_not_refused_for_few_words() -> None:
    """A thousand lines of Japanese are a thousand words by blanks, and plenty by bytes."""
    refuse_too_little(replace(report(1000, 1000), typed_bytes=60_000))


def test_little_text_and_missing_splits_are_warned_of() -> None:
    """Training is possible, and the owner knows what to expect."""
    empty = {"documents": 0, "messages": 0, "bytes": 0}
    small = replace(report(600, 3500), splits={"train": report().splits["train"], "valid": empty, "test": empty})
    printed = " ".join(warnings(replace(small, mode="dialogue")))
    assert "3,500 words are few" in printed and "any to watch the learning or held out" in printed
    assert not warnings(replace(report(), mode="dialogue"))


def test_message_files_are_told() -> None:
    """How many files were opened, and of those without a message why."""
    some = replace(report(), read={"messages": 930, "message files": 7})
    assert "7 message files opened, messages in all of them\n" in "\n".join(lines(some))
    some = replace(some, skipped_files={"message files that are empty": 2})
    assert "7 message files opened, 2 of them skipped: message files that are empty 2\n" in "\n".join(lines(some))
    one = "\n".join(lines(replace(report(), read={"messages": 930, "message files": 1}, channels={"dm": 1})))
    assert "900 messages in 1 channel," in one and "1 message file opened, with messages\n" in one
