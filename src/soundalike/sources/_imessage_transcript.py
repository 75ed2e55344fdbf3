"""The transcripts that imessage-exporter writes with `-f txt`: one file a chat, blank lines between messages.

    May 17, 2022  5:29:42 PM (Read by you after 1 hour)
    Me
    the text, of any number of lines

A reply stands indented below what it answers, and again at its own time, where it is read. What the app tells stands
on the line of the time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from soundalike.messages import BY_THE_APP, DELETED
from soundalike.sources._plausible_times import plausible

ME = "Me"

_TIME = re.compile(r"([A-Z][a-z]{2} \d{2}, \d{4} +\d{1,2}:\d{2}:\d{2} [AP]M)\b(.*)")
_REPLY = "This message responded to an earlier message."
_REACTIONS = re.compile(r"(?:Reactions|Tapbacks):")
_EDITED = re.compile(r"\s*Edited .{1,60} later: (.*)", re.DOTALL)
_UNSENT = re.compile(r".{1,60} unsent (?:a|this) message.*")
_EFFECT = re.compile(
    r"Sent with (?:Slam|Loud|Gentle|Invisible Ink|Confetti|Echo|Fireworks|Balloons|Heart|Lasers|Shooting Star|Sparkles"
    r"|Spotlight)"
)
_FILE = re.compile(r"(?:~?/|[A-Za-z]:\\|attachments/)\S.*\.\w{2,5}")


@dataclass(frozen=True, slots=True)
class TranscriptMessage:
    """One message: the local time if it is one, the name, the text or the reason why there is none, its reactions."""

    moment: datetime | None
    author: str
    text: str
    reason: str | None
    reactions: int


def begins_transcript(text: str) -> bool:
    """Whether a file's beginning is a transcript's: the line of a time first."""
    return bool(_TIME.match(text.lstrip()))


def transcript(lines: Sequence[str]) -> Iterator[TranscriptMessage]:
    """All messages of a file."""
    found = [
        (number, _moment(match[1]))
        for number, line in enumerate(lines)
        if (match := _TIME.match(line)) and not (number and lines[number - 1])
    ]
    starts = [found[place][0] for place in plausible([moment for _, moment in found])]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _message(lines[start:end])


def _message(lines: Sequence[str]) -> TranscriptMessage:
    found = _TIME.match(lines[0])
    assert found
    note = found[2].strip()
    if note and not note.startswith("("):
        return TranscriptMessage(_moment(found[1]), "", "", BY_THE_APP, 0)
    author = lines[1].strip() if len(lines) > 1 else ""
    body, reactions = _own(lines[2:])
    text = "\n".join(body).strip()
    return TranscriptMessage(_moment(found[1]), author, text, DELETED if _UNSENT.fullmatch(text) else None, reactions)


def _own(lines: Sequence[str]) -> tuple[list[str], int]:
    """The message's own lines, and the number of its reactions; the last edit replaces what stood before it."""
    body: list[str] = []
    reactions, counting = 0, False
    for line in lines:
        if _REACTIONS.fullmatch(line):
            counting = True
        elif edited := _EDITED.fullmatch(line):
            body = [edited[1]]
        elif line.startswith("    "):
            reactions += counting and bool(line[4:5].strip()) and not _TIME.match(line.strip())
        elif not line or line == _REPLY or _FILE.fullmatch(line) or _EFFECT.fullmatch(line):
            counting = False if not line else counting
            body += [""] if not line and body else []
        else:
            body.append(line)
    return body, int(reactions)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(" ".join(text.split()), "%b %d, %Y %I:%M:%S %p")
    except ValueError:
        return None
