"""Canaries are planted as asked, found where they were learned, and not elsewhere."""

from collections import Counter
from pathlib import Path

import pytest

from soundalike.audit import canaries
from soundalike.audit.audit_report import AuditReport, control_found
from soundalike.audit.canaries import CONTROL, TIMES, PlantedDocuments
from soundalike.audit.exposure import Exposure
from soundalike.clone import Clone
from soundalike.clone.document import Document
from soundalike.generation.voice import Voice
from soundalike.prompt_template import parse
from soundalike.training.packing import encode, pack
from soundalike.training.recipe import Training
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


def test_it_reads_as_often_as_all_trainings_of_the_voice(tmp_path: Path) -> None:
    """A voice that went on from another has steps of its last training alone beside the epochs of all of them; a clone
    of an older version has steps only. Whichever budget the last one had, it is not kept."""
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        clone.record(training={"base": "pocket", "minutes": 3.0, "epochs": 2.0, "rank": 4}, result={"steps": 9})
    old = canaries.same_training(clone)
    assert old == ("pocket", Training(iters=9, rank=4))
    with clone.locked("test"):
        clone.record(result={"steps": 9, "epochs": 1.75})
    assert canaries.same_training(clone) == ("pocket", Training(epochs=1.75, rank=4))


def test_what_the_voice_learned_from_corrections_is_said() -> None:
    """The training with planted secrets has none, so the report says in what it differs."""
    found = [canaries.CanaryResult(1, Exposure(on=1, off=1, rank=9, most=6), extracted=False)]
    about = {"training": {"steps": 9, "corrections": 5}}
    assert "5 corrections" in AuditReport(about, {}, canaries=found).lines()[-1]
    for report in (AuditReport(about, {}), AuditReport({"training": {"steps": 9}}, {}, canaries=found)):
        assert not any("corrections" in line for line in report.lines())


def test_the_control_is_seen_by_exposure_too() -> None:
    """Ranked ahead of all others though not generated outright."""
    sight = [canaries.CanaryResult(CONTROL, Exposure(on=6, off=1, rank=1, most=6), extracted=False)]
    assert control_found(sight) and not control_found([canaries.CanaryResult(1, sight[0].exposure, extracted=True)])
