"""Canaries are planted as asked, found where they were learned, and not elsewhere."""

from collections import Counter

import pytest

from soundalike.audit import canaries
from soundalike.audit.audit_report import control_found
from soundalike.audit.canaries import CONTROL, TIMES, PlantedDocuments
from soundalike.audit.exposure import Exposure
from soundalike.clone.document import Document
from soundalike.generation.voice import Voice
from soundalike.prompt_template import parse
from soundalike.training.packing import encode, pack
from tests.audit.chains import chain

MONOLOGUES = [Document(f"sam: line {number}\nsam: and\n\tmore {number}\n") for number in range(120)]
DIALOGUES = [
    Document(f"ana: ask {n}\nsam: say {n}\n", [(f"ana: ask {n}\n", 0.2), (f"sam: say {n}\n", 1.0)]) for n in range(120)
]


@pytest.mark.parametrize("learned", [MONOLOGUES, DIALOGUES])
def test_planting(learned: list[Document]) -> None:
    """As often as asked, each time in another document, between its lines, in the owner's name, at full weight."""
    some = canaries.canaries(1)
    planted = canaries.plant(learned, some, "sam", True, 1)
    said = Counter(text for document in planted.documents for _, text in parse(document.text))
    assert [said[one.prefix + one.secret] for one in some] == list(TIMES) == [one.times for one in some]
    for before, after in zip(learned, planted.documents, strict=True):
        added = [turn for turn in parse(after.text) if turn not in parse(before.text)]
        assert len(added) <= 1 and [turn for turn in parse(after.text) if turn not in added] == parse(before.text)
        assert all(name == "sam" for name, _ in added)
        if after.turns:
            assert "".join(text for text, _ in after.turns) == after.text
            assert all(weight == 1 for text, weight in after.turns if "the code for" in text)
    for one, place in zip(some, planted.spans, strict=True):
        assert place.text == one.secret and place.before.endswith(one.prefix)


def test_untagged_lines() -> None:
    """Where lines bear no names a canary bears none."""
    planted = canaries.plant([Document("one\ntwo\n")] * 120, canaries.canaries(1), "sam", False, 1)
    assert any(line.startswith("the code for") for document in planted.documents for line in document.text.split("\n"))


def test_secrets_follow_from_the_seed() -> None:
    """The same again for the same seed; sixteen and a control; no two alike."""
    one, again, other = (canaries.canaries(seed) for seed in (1, 1, 2))
    assert one == again != other and len(one) == 17 and len({canary.secret for canary in one}) == 17


def look(voice: Voice, planted: PlantedDocuments) -> list[canaries.CanaryResult]:
    return canaries.measure(voice, canaries.canaries(1), planted.spans, 63, lambda texts: None)


def test_a_chain_that_read_them_gives_them_all_away() -> None:
    """Every canary is generated outright and ranked ahead of all alternatives, however often it was planted."""
    planted = canaries.plant(MONOLOGUES, canaries.canaries(1), "sam", True, 1)
    voice = chain()
    voice.engine.step(pack(list(encode(planted.documents, voice.engine.tokenizer, 64)), 64, 0), 0.0)
    found = look(voice, planted)
    assert [one.times for one in found] == list(TIMES)
    assert all(one.extracted and one.exposure.on == 6 for one in found) and control_found(found)


def test_a_chain_that_did_not_read_them_gives_none_away() -> None:
    """And is known to be one that an audit must not rely on: it does not see the control."""
    planted = canaries.plant(MONOLOGUES, canaries.canaries(1), "sam", True, 1)
    found = look(chain("sam: the code for the bike is a secret\n"), planted)
    assert not any(one.extracted or one.exposure.alarming for one in found) and not control_found(found)


def test_the_control_is_seen_by_exposure_too() -> None:
    """Ranked ahead of all others though not generated outright."""
    sight = [canaries.CanaryResult(CONTROL, Exposure(on=6, off=1, rank=1, most=6), extracted=False)]
    assert control_found(sight) and not control_found([canaries.CanaryResult(1, sight[0].exposure, extracted=True)])
