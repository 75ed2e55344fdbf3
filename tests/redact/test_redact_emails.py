"""E-mail addresses of any script, and spelt out to hide them from machines; and talk that only looks like them."""

import pytest

from soundalike.redact import redact, redact_text
from tests.redact.test_redact_frame import frame

WRITTEN = [
    "sam_lee@münchen.de",
    "用户@例子.公司",
    "josé.garcía@correo.es",
    "jörg.müller@example.com",
    "o'brien@example.com",
    "sam@exämple.co.at",
    "почта@пример.рф",
    "δοκιμή@παράδειγμα.ελ",
    "उदाहरण@उदाहरण.भारत",
    "sam@xn--exmple-cua.de",
    "ｓａｍ＠ｅｘａｍｐｌｅ．ｃｏｍ",
    "sam@jose\u0301.es",
]
SPELT = [
    "sam @ example . com",
    "sam@example . com",
    "sam @ example.com",
    "sam @ gmail.com",
    "sam at example dot com",
    "sam AT example DOT com",
    "SAM at OUTLOOK dot COM",
    "sam [at] example [dot] com",
    "sam(at)example(dot)com",
    "sam (at) example (dot) com",
    "sam at example (dot) com",
    "sam(at)example dot com",
    "sam(at)example.com",
    "sam [at] example.co.uk",
    "sam {at} example.com",
    "sam <at> example <dot> com",
    "sam[@]example[.]com",
    "sam(@)example.com",
    "sam at gmail.com",
    "sam at web.de",
    "sam at t-online.de",
    "sam at proton.me",
    "sam at gmx dot net",
    "sam at icloud dot com",
    "sam at yahoo dot co dot uk",
    "sam at example dot co dot uk",
    "info at example dot org",
    "sam_poe at gmail dot com",
    "sam.poe@example dot com",
    "sam dot poe at example dot com",
    "sam (dot) poe (at) example (dot) com",
    "sam underscore poe at gmail dot com",
    "sam_at_example_dot_com",
    "sam-at-example-dot-com",
    "sam ät example punkt de",
    "sam (ät) example (punkt) de",
    "info(ät)beispiel.de",
    "sam klammeraffe beispiel punkt de",
    "sam arroba example punto com",
    "sam arroba exemplo ponto com ponto br",
    "sam arobase exemple point fr",
    "sam chiocciola esempio punto it",
    "sam apenstaartje voorbeeld punt nl",
    "sam małpa example kropka pl",
    "sam собака пример точка рф",
]
TALK = [
    "meet me at home dot",
    "look at this. com on",
    "i was at rust.com yesterday",
    "look at github.com",
    "look at example dot com",
    "click at example dot com",
    "stare at that dot com",
    "meet me @ the mall. com on",
    "meet me at noon. is that ok",
    "see @ example . is that",
    "lunch (at) noon. see you",
    "we looked at every dot com company",
    "they were laughing at pets dot com",
    "i looked at sam dot com",
    "the docs at python.org are good",
    "issue at github.com",
    "meetup at example.io",
    "i work at example.com",
    "i'm at example.com now",
    "shop at example.de",
    "log in at example.com",
    "was at example.co.uk",
    "for reference@ example.com and so on",
    "kim, sam @example.dev @kim.poe",
    "hey @sam.poe look",
    "@sam @kim.me hi",
    "it crashed at main.cpp",
    "at this point in time",
    "sam at one point is gone",
    "arrived at boiling point in an hour",
    "look at the dot in the sky",
    "a dot at the end",
    "good point at last",
    "c'est un point fr",
    "que tal, punto com",
    "la arroba de siempre",
    "sam arroba",
    "party @ 9. be there",
    "sam @ home",
    "meet at 5.30 pm",
    "we're at 3.5 to 2",
    "hold @ 2.5 in",
    "5 at most. no more",
    "angry at you. so mad",
    "u r at it again . is it",
    "good at math . in fact",
    "sam is at home.it is late",
    "sam at lunch . no idea",
    "decorator @property . set",
    '@app.route("/")',
    "@client.event",
    "use vec.at(i).to_string()",
    "git@github.com:sam/x.git",
    "react@17.0.2",
    "icon@2x.png",
    "foo@bar",
]


@pytest.mark.parametrize("address", WRITTEN + SPELT)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("write to ", " ok thanks"), ("lol\n", "\nbye")])
def test_an_address_is_masked_whole(address: str, before: str, after: str) -> None:
    """Nothing of it is left, and nothing around it goes: by itself, announced, and on a line of its own."""
    masked, counts = redact_text(before + address + after)
    assert masked == f"{before}my email{after}"
    assert counts == {"e-mail addresses": 1}
    assert redact_text(masked) == (masked, {})


@pytest.mark.parametrize("text", TALK)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("so i was like\n", " you know")])
def test_talk_stays(text: str, before: str, after: str) -> None:
    """A place, a page or a mention after "at" or "@" is no address."""
    assert redact_text(before + text + after) == (before + text + after, {})


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我的邮箱是sam@example.com谢谢", "我的邮箱是my email谢谢"),
        ("用户@例子.公司很好", "my email很好"),
        ("sam@example.com입니다", "my email입니다"),
        ("email me at sam at example dot com", "email me at my email"),
        ("me at sam dot poe at example dot com", "me at my email"),
        ("'sam@example.com', 'kim@example.org'", "'my email', 'my email'"),
        ("sam at example dot com or kim at gmail dot com", "my email or my email"),
        ("sam at gmail dot com dot kim at gmail dot com", "my email dot my email"),
        ("sam at example dot com. is that right", "my email. is that right"),
    ],
)
def test_only_the_address_goes(text: str, masked: str) -> None:
    """Words that run into an address without a blank stay, and so does a word before "at" that is no name."""
    assert redact_text(text)[0] == masked


def test_a_frame_of_addresses_gets_the_verdicts_of_its_texts() -> None:
    """Every row here is found by the coarse patterns that a frame is sifted with."""
    texts = WRITTEN + SPELT + TALK
    after, counts = redact(frame(texts))
    assert after["text"].to_list() == ["my email"] * len(WRITTEN + SPELT) + TALK
    assert counts == {"e-mail addresses": len(WRITTEN + SPELT)}


def test_there_are_enough_addresses() -> None:
    """The tables stay tables."""
    assert len(WRITTEN) >= 10 and len(SPELT) >= 40 and len(TALK) >= 50
