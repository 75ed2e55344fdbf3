"""One array of a large JSON file is read in pieces as the whole file would be, and damage costs its place alone."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from soundalike.sources import _json_stream
from soundalike.sources._json_stream import JsonStream, StreamPart

OPENING = r'\{\s*"id"\s*:\s*[0-9]+\s*,\s*"type"'
NASTY = [
    '"',
    "\\",
    "\\\\",
    '{"id": 5, "type": 1}',
    "}",
    "]",
    "},",
    "[",
    "{",
    "é",
    "🐸",
    "a",
    " ",
    "\t",
    "\n",
    '\\"',
    "\\u",
]
FLAT, NESTED = ("messages",), ("chats", "list", "*", "messages")


class Chunks:
    """The bytes in steps of random lengths; the same ones at each pass."""

    def __init__(self, raw: bytes, seed: int = 0, most: int = 700) -> None:
        self.raw, self.seed, self.most = raw, seed, most

    def __iter__(self) -> Iterator[bytes]:
        rng, at = Random(self.seed), 0
        while at < len(self.raw):
            step = rng.randint(1, self.most)
            yield self.raw[at : at + step]
            at += step


def message(number: int, rng: Random) -> dict[str, Any]:
    """An element with nested objects, and texts made of what could be mistaken for structure."""
    text = "".join(rng.choices(NASTY, k=rng.randrange(20)))
    return {"id": number, "type": "message", "text": [text, {"id": 1, "kind": text}], "from": {"name": text}, "n": None}


def messages(seed: int, count: int) -> list[dict[str, Any]]:
    """Elements of an array."""
    rng = Random(seed)
    return [message(number, rng) for number in range(count)]


def read(raw: bytes, *paths: tuple[str, ...], seed: int = 0, most: int = 700) -> tuple[list[Any], int, JsonStream]:
    """All elements, how many are lost, and the stream after the last part."""
    stream = JsonStream(Chunks(raw, seed, most), paths or [FLAT], OPENING)
    parts = list(stream)
    return [element for part in parts for element in part.elements], sum(part.lost for part in parts), stream


def last_heads(raw: bytes, *paths: tuple[str, ...]) -> list[StreamPart]:
    """The last part of each array."""
    return [part for part in JsonStream(Chunks(raw), paths or [FLAT], OPENING) if part.last]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 3000), st.sampled_from([None, 1]), st.booleans())
def test_like_the_whole_file(seed: int, most: int, indent: int | None, ascii_only: bool) -> None:
    """In chunks of any length, with any layout, the elements and the values around them are the file's."""
    whole = {"name": "a]", "id": 7, "about": {"x": [1]}, "messages": messages(seed, 30), "count": 30}
    raw = json.dumps(whole, indent=indent, ensure_ascii=ascii_only).encode()
    elements, lost, stream = read(raw, seed=seed, most=most)
    assert elements == whole["messages"] and lost == 0
    assert stream.found and stream.complete and not stream.mended
    [last] = last_heads(raw)
    assert last.head == whole | {"messages": None}


def test_several_arrays() -> None:
    """Each array comes with the head of its own object, at whichever path it is, and other arrays are passed over."""
    chats = [{"name": f"chat {n}", "id": n, "messages": messages(n, n)} for n in range(12)]
    whole = {
        "personal_information": {"user_id": 5},
        "stories": {"list": [{"messages": [1]}] * 50, "messages": [{"id": 1}]},
        "chats": {"about": "x", "list": chats},
        "left_chats": {"list": chats[:3]},
    }
    stream = JsonStream(
        Chunks(json.dumps(whole).encode()), [FLAT, NESTED, ("left_chats", "list", "*", "messages")], OPENING
    )
    found: dict[tuple[str, int], list[Any]] = {}
    for part in stream:
        found.setdefault((part.path[0], part.head["id"]), []).extend(part.elements)
        assert part.root["personal_information"] == {"user_id": 5}
    assert found == {("chats", n): messages(n, n) for n in range(12)} | {
        ("left_chats", n): messages(n, n) for n in range(3)
    }
    assert stream.complete and not stream.mended


def test_an_array_alone() -> None:
    """A file may be one array."""
    elements, lost, stream = read(json.dumps(messages(1, 20)).encode(), ())
    assert (elements, lost, stream.complete) == (messages(1, 20), 0, True)


@pytest.mark.parametrize(
    "raw", [b"", b" ", b"{}", b"[]", b"null", b"hello", b'{"messages": null}', b'{"messages": 5, "a": []}']
)
def test_without_the_array(raw: bytes) -> None:
    """A file without the array has no parts with anything in them."""
    elements, lost, stream = read(raw)
    assert (elements, lost, stream.found) == ([], 0, False)


def test_large_values_are_left_out() -> None:
    """What is large and beside the array is passed over without being kept."""
    big = {"contacts": [{"name": "x" * 50}] * 9000, "after": 1}
    whole = {"big": big, "id": 3, "messages": messages(2, 9), "bigger": big, "end": 1}
    [last] = last_heads(json.dumps(whole).encode())
    assert last.head == {"big": None, "id": 3, "messages": None, "bigger": None, "end": 1}
    assert read(json.dumps(whole).encode())[0] == messages(2, 9)


def test_spelling_that_json_does_not_have() -> None:
    """Raw control characters and the escapes of Telegram are read, whatever stands around them."""
    raw = b'{"messages": [{"id": 1, "type": "a", "text": "raw\nline \\x1b[0m \\\\x41"}, {"id": 2, "type": "b"}]}'
    elements, lost, _ = read(raw)
    assert [element.get("text") for element in elements] == ["raw\nline \x1b[0m \\x41", None]
    assert lost == 0


def test_mark_at_the_beginning() -> None:
    """A byte-order mark is no part of the file."""
    assert read(b"\xef\xbb\xbf" + json.dumps({"messages": messages(1, 3)}).encode())[0] == messages(1, 3)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 100), st.floats(0, 1), st.sampled_from([None, 2]))
def test_cut_off_anywhere(seed: int, where: float, indent: int | None) -> None:
    """Of a file that was cut off, all elements up to there are kept, and the one that was cut counts as lost."""
    raw = json.dumps({"name": "x", "messages": messages(seed, 25), "count": 25}, indent=indent).encode()
    cut = raw[: int(len(raw) * where)]
    elements, lost, _ = read(cut)
    assert elements == messages(seed, 25)[: len(elements)]
    ends = [raw.index(b"[") + 1]
    for _ in range(25):
        ends.append(_end_of(raw, ends[-1]))
    whole = sum(end <= len(cut) for end in ends[1:])
    assert len(elements) == whole
    assert lost == (ends[0] < len(cut) and whole < 25 and bool(cut[ends[whole] :].strip(b", \n")))


def _end_of(raw: bytes, start: int) -> int:
    """The end of the element that begins after `start`."""
    text = raw[start:].decode()
    begin = text.index("{")
    return start + json.JSONDecoder().raw_decode(text, begin)[1]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
@example(9896, 1).via("a comma became a bracket, which nests all elements that follow")
@example(934, 1).via("a lost quote before the array shows its brackets inside strings")
@example(9574, 1).via("a lost quote in the array shows it an end inside a string")
@example(8038, 2).via("the first bracket of all is gone")
def test_bytes_changed_anywhere(seed: int, changes: int) -> None:
    """Each changed byte costs few elements; all others are found as they were, and reading ends."""
    rng = Random(seed)
    whole = messages(seed, 40)
    raw = bytearray(json.dumps({"name": "x", "messages": whole, "count": 40}, ensure_ascii=rng.random() < 0.5).encode())
    for _ in range(changes):
        raw[rng.randrange(len(raw))] = rng.choice(b'"\\{}[],:x0\n')
    elements, lost, _ = read(bytes(raw), seed=seed, most=2000)
    untouched = [element for element in whole if element in elements]
    assert len(untouched) >= 40 - 3 * changes
    assert len(elements) + lost >= 40 - 2 * changes


@pytest.mark.parametrize("inside", [b"[" * 100_000, b'{"a":' * 100_000, b'"' * 99_999, b"9" * 50_000, b"\\" * 99_999])
def test_bombs(inside: bytes) -> None:
    """An element that nests or goes on without end is lost, those around it are not."""
    raw = (
        b'{"messages": [{"id": 1, "type": 1}, {"id": 2, "type": %s}, {"id": 3, "type": 1}, {"id": 4, "type": 1}]}'
        % inside
    )
    elements, lost, _ = read(raw, most=1 << 20)
    assert [element["id"] for element in elements if len(str(element)) < 99] in ([1, 3, 4], [1, 4])
    assert len(elements) + lost == 4 or b'"' in inside


def test_an_element_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """What exceeds the longest element is given up at constant memory."""
    monkeypatch.setattr(_json_stream, "LONGEST", 1 << 20)
    raw = b'{"messages": [{"id": 1, "type": 1}, {"id": 2, "type": "%s' % (b"x" * (5 << 20))
    elements, lost, stream = read(raw, most=1 << 20)
    assert ([element["id"] for element in elements], lost, stream.complete) == ([1], 1, False)


def test_two_files_in_one() -> None:
    """What another program appended is read too."""
    raw = json.dumps({"messages": messages(1, 5)}).encode() + b"\n" + json.dumps({"messages": messages(2, 5)}).encode()
    assert read(raw)[0] == [*messages(1, 5), *messages(2, 5)]


def test_the_beginning_is_damaged() -> None:
    """Where the values before the array are damaged, its elements are found by how they begin."""
    raw = json.dumps({"name": "x", "messages": messages(1, 20), "count": 20}).encode()
    for broken in (raw.replace(b'"x"', b'"x'), raw[30:], raw.replace(b'"messages": [', b'"messages": {')):
        elements, lost, stream = read(broken)
        assert len(elements) >= 18 and stream.mended


def test_damage_does_not_mix_chats() -> None:
    """After damage in one array, the elements of the next come with the head of their own object."""
    chats: list[dict[str, Any]] = [{"name": f"chat {n}", "id": n, "messages": messages(n, 6)} for n in range(4)]
    raw = json.dumps({"chats": {"list": chats}}).encode()
    at = raw.index(json.dumps(chats[1]["messages"][5]).encode())
    found: dict[int, list[Any]] = {}
    for part in JsonStream(
        Chunks(raw[:at] + b'{"id": 5, "type": "mess' + raw[at + 25 :], most=9999), [NESTED], OPENING
    ):
        found.setdefault(part.head["id"], []).extend(part.elements)
    assert found[0] == messages(0, 6) and found[1][:5] == messages(1, 6)[:5]
    assert found[2] == messages(2, 6) and found[3] == messages(3, 6)
