"""What exports hold, before anything is imported."""

from pathlib import Path

import pytest

from soundalike.demo import EXPORT
from soundalike.errors import ExportError
from soundalike.importing.export_preview import preview_exports

CHAT = """\
12/01/2024, 09:00 - Ana Sol: is the ferry late
12/01/2024, 09:01 - Bo: always
12/01/2024, 09:02 - Ana Sol: then bread first
13/01/2024, 10:15 - Cy: soup again
"""


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    """A chat of three people, which does not tell who of them exported it."""
    path = tmp_path / "WhatsApp Chat with the crew.txt"
    path.write_text(CHAT, "utf-8")
    return path


def test_people_and_channels_are_listed_with_their_messages(chat: Path) -> None:
    """Most messages first; who the owner is must be said, because nothing tells."""
    found = preview_exports([chat])
    assert [(person.name, person.messages, person.owner) for person in found.people] == [
        ("Ana Sol", 2, False),
        ("Bo", 1, False),
        ("Cy", 1, False),
    ]
    assert found.asks and found.messages == 4 and (found.first, found.last) == ("2024-01-12", "2024-01-13")
    assert [(channel.messages, channel.kind) for channel in found.channels] == [(4, "group")]
    assert "Name yourself: --me NAME" in "\n".join(found.lines())


def test_an_export_that_tells_its_owner_asks_nothing_until_another_does_not(chat: Path) -> None:
    """Each program needs an owner."""
    told = preview_exports([EXPORT])
    assert not told.asks and [person.owner for person in told.people] == [True]
    assert preview_exports([EXPORT, chat]).asks


def test_an_export_without_a_message_is_refused(tmp_path: Path) -> None:
    """As an import of it is."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExportError):
        preview_exports([tmp_path / "empty"])
