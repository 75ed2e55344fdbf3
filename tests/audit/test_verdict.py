"""The verdict weighs what leaked, and names the commands that mend it."""

import json

import pytest

from soundalike.audit.audit_page import html
from soundalike.audit.audit_report import AuditReport, membership_line
from soundalike.audit.exposure import Exposure, Secret
from soundalike.audit.inventory import CODES, HANDLES, NAMES
from soundalike.audit.shapes import DATES
from soundalike.audit.texts import TextSpan
from soundalike.audit.verdict import KEEP, RETRAIN, SHARE, Level
from soundalike.metrics.stats import Estimate
from soundalike.next_step import Frontend

NAMED = Exposure(on=8, off=1, rank=1, most=8)
MASKING = ["soundalike forget me --mask me/audit-strings.txt --retrain"]


def suspect(said: str, words: str, kind: str, times: int = 1, me: bool = True) -> Secret:
    text = f"sam: {said}\n"
    start = text.index(words)
    return Secret(TextSpan(text, start, start + len(words), me), kind, times, ("1", "2"))


MENTION = suspect("ask @velvet_otter about it", "velvet_otter", HANDLES)
OFTEN = suspect("the door is 4821", "4821", CODES, times=40)
SECRET = suspect("mail me at mira@example.org", "mira@example.org", "e-mail addresses", times=40)


def report(*named: Secret) -> AuditReport:
    return AuditReport({}, {}, [(one, NAMED) for one in named])


@pytest.mark.parametrize(
    ("named", "level", "recommended", "begins", "commands"),
    [
        ([], Level.NOTHING, SHARE, "It cannot be told whether you may share it: there was too little text", []),
        (
            [MENTION, MENTION],
            Level.MENTIONED,
            KEEP,
            "Let only people talk to it who may know these names: of the 2 riskiest strings it names 2 that only",
            MASKING,
        ),
        ([OFTEN, MENTION], Level.HABIT, KEEP, "Keep it private: of the 2 riskiest strings it names 1 that", MASKING),
        (
            [MENTION, OFTEN, SECRET],
            Level.SECRET,
            RETRAIN,
            "Train it anew without what it names: of the 3 riskiest strings it names 1 outright",
            MASKING,
        ),
    ],
)
def test_each_level_has_its_verdict_and_its_commands(
    named: list[Secret], level: Level, recommended: str, begins: str, commands: list[str]
) -> None:
    """Two nicknames behind an @ are no reason to retrain; the worst of what is named decides."""
    found = report(*named)
    assert (found.level, found.recommendation) == (level, recommended)
    assert found.verdict.startswith(begins) and [step.command for step in found.steps()] == commands
    told = json.loads(json.dumps(found.as_dict()))
    assert told["named"] == level.name.lower() and told["commands"] == commands
    page = html(found, "sam")
    assert all(f"<code>{line}</code>" in page for line in commands)
    assert all(one.span.text in page and one.span.text not in json.dumps(told) for one in named)
    in_studio = html(found, "sam", frontend=Frontend.STUDIO)
    assert ("“Mask what it names”" in in_studio) == bool(named) and "soundalike forget" not in in_studio


@pytest.mark.parametrize(
    ("one", "level"),
    [
        (suspect("otter.jam#4821 is mine", "otter.jam#4821", HANDLES), Level.SECRET),
        (suspect("is zebedee coming", "zebedee", NAMES), Level.SECRET),
        (suspect("is zebedee coming", "zebedee", NAMES, times=9), Level.HABIT),
        (suspect("is zebedee coming", "zebedee", NAMES, times=9, me=False), Level.SECRET),
        (suspect("born 24.12.1991", "24.12.1991", DATES, times=5), Level.HABIT),
        (suspect("12 Lower Fern Street", "12 Lower Fern Street", "street addresses", times=90), Level.SECRET),
    ],
)
def test_what_a_string_weighs(one: Secret, level: Level) -> None:
    """What an import masks is a secret however often; else what the owner types often is not, what others typed is."""
    assert report(one).level is level


def test_other_reasons_alone_ask_for_a_shorter_training() -> None:
    """No string is named, yet learned texts can be distinguished from others."""
    found = report()
    found.membership = Estimate(0.9, 0.85, 0.95, 200)
    assert found.recommendation == KEEP and found.verdict.startswith("Keep it private: whether")
    assert "can be told in 90 % of cases." in found.verdict and "right in 90 % [85, 95]" in " ".join(found.lines())
    assert found.lines()[0] == "Risky strings in what was learned: none."
    (step,) = found.steps("you")
    assert step.command == "soundalike train you --fresh --epochs 1"
    assert step.command in html(found, "sam", "you") and step.control not in html(found, "sam", "you")
    in_studio = html(found, "sam", "you", Frontend.STUDIO)
    assert step.control in in_studio and "soundalike train" not in in_studio


@pytest.mark.parametrize(
    ("right", "says"),
    [
        (Estimate(0.43, 0.38, 0.48, 90), "43 % [38, 48]: no better than the 50 % of guessing blindly, so the test"),
        (Estimate(0.56, 0.52, 0.6, 90), "56 % [52, 60], little more than the 50 % of guessing blindly."),
        (Estimate(0.58, 0.35, 0.81, 9), "58 % [35, 81]: too little text to say"),
        (Estimate(0.8, 0.7, 0.9, 90), "80 % [70, 90]: which conversations it learned from can be told."),
    ],
)
def test_a_membership_figure_is_told_with_what_it_means(right: Estimate, says: str) -> None:
    """Below chance too, where nothing was found; a wide interval has not found that there is nothing."""
    assert says in membership_line(right)


def test_a_wide_membership_figure_is_no_good_news() -> None:
    """The verdict says that there was too little text."""
    found = report()
    found.membership = Estimate(0.58, 0.35, 0.81, 9)
    assert "but the text was too little to say whether it can be told" in found.verdict
    assert "hardly" not in found.verdict


def test_what_may_be_shared_is_said_first_and_what_that_means() -> None:
    """In JSON as on the page: a heading, why, and who may have it."""
    found = AuditReport({}, {}, [(MENTION, Exposure(on=1, off=1, rank=9, most=8))])
    told = found.as_dict()
    assert told["headline"] == "Yes, you may share it" and told["findings"] == [
        "none of the 1 riskiest strings is named"
    ]
    assert told["verdict"] == "Yes, you may share it: none of the 1 riskiest strings is named."
    page = html(found, "sam")
    assert told["meaning"].startswith("This says what was looked for") and told["meaning"] in page
    assert "<h1>Yes, you may share it</h1>" in page and "<p>None of the 1 riskiest strings is named.</p>" in page
