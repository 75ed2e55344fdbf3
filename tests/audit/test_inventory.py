"""What is risky is found where it stands, and what is not is left alone."""

import pytest

from soundalike.audit import inventory
from soundalike.audit.texts import TextSpan

PLAIN = "the soup is on the stove"


def texts(*said: str) -> list[TextSpan]:
    return [TextSpan(f"sam: {words}\n", 5, 5 + len(words), True) for words in said]


def found(*said: str, names: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(kind, place.text) for kind, place in inventory.find(texts(*said, *[PLAIN] * 9), names)]


@pytest.mark.parametrize(
    ("said", "kind", "secret"),
    [
        ("write to mira.oak@example.org then", "e-mail addresses", "mira.oak@example.org"),
        ("my number is 030 1234567 ok", "phone numbers", "030 1234567"),
        ("ask @velvet_otter about it", "handles", "velvet_otter"),
        ("add me, otter.jam#4821", "handles", "otter.jam#4821"),
        ("i live at 12 Lower Fern Street now", "street addresses", "12 Lower Fern Street"),
        ("born 24.12.1991 at night", "full dates", "24.12.1991"),
        ("the door is 4821 still", "numbers and codes", "4821"),
        ("we saw Ottoline yesterday", "rare names", "Ottoline"),
        ("is zebedee coming", "rare names", "zebedee"),
    ],
)
def test_what_is_risky_is_found(said: str, kind: str, secret: str) -> None:
    """With its kind and exactly its characters."""
    assert (kind, secret) in found(said, names=("zebedee",))


@pytest.mark.parametrize(
    "said",
    [
        "in 2019 it was better",
        "that costs $4500 or 5000 apples",
        "it is 12:30 already",
        "version 1.2.3 works",
        "Soup is good. Never again",
        "my email is some key",
    ],
)
def test_what_is_not_is_left_alone(said: str) -> None:
    """Years, prices, round numbers, times, versions, words at a sentence's start, and what was masked."""
    assert not found(said)


def test_masks_are_found_whole_in_their_own_message() -> None:
    """Two secrets in one message are two findings, and what stands between them is neither."""
    both = found("old: mira@example.org and new: oak@example.org ok")
    assert both == [("e-mail addresses", "mira@example.org"), ("e-mail addresses", "oak@example.org")]


def test_what_many_messages_hold_is_no_rare_name() -> None:
    """A name that stands everywhere is a word of the owner's."""
    assert found("Ottoline again") == [] and not found(*["is zebedee here"] * 40, names=("zebedee",))


def test_the_riskiest_take_turns_by_kind() -> None:
    """Of every kind the oftenest first, where it stands last."""
    said = ("@otter hi", "the room is 4821", "@otter", "@wren", "the room is 4821", "the room is 9157")
    ranked = list(inventory.riskiest(inventory.find(texts(*said), ())))
    assert [(kind, place.text, times) for kind, place, times in ranked] == [
        ("handles", "otter", 2),
        ("numbers and codes", "4821", 2),
        ("handles", "wren", 1),
        ("numbers and codes", "9157", 1),
    ]
    assert ranked[0][1].document == "sam: @otter\n"
