"""The steps together: what is heard becomes a turn or has a reason not to; the sums agree."""

from random import Random

from soundalike.frontends.discord.ledger import MERGED, SILENT
from tests.frontends.discord.heard import ANA, BO, ME, OTHER, ROOM, Case


def test_a_mention_becomes_a_turn_when_its_burst_is_over() -> None:
    """Not before; then it is the caller's to settle."""
    case = Case()
    said = case.hear("you there?", addressed=True)
    case.pipeline.advance(1.0)
    assert case.pipeline.take(1.0, ()) is None
    case.pipeline.advance(1.5)
    turn = case.pipeline.take(1.5, ())
    assert turn is not None and turn.asked is said and turn.addressed
    assert case.pipeline.ledger.pending == 1
    case.pipeline.ledger.settle(turn.asked, "answered")
    assert case.pipeline.ledger.pending == 0


def test_unasked_it_joins_in_by_the_coin() -> None:
    """With probability 0.5 a coin of 0.49 speaks while it is part of the talk, and stays silent hours later."""
    for asked, spoken in ((0.0, True), (9_999.0, False)):
        case = Case(0.49)
        case.hear("i am here", own=True, author=ME)
        case.hear("so", at=asked)
        case.pipeline.advance(asked + 1.5)
        assert (case.pipeline.take(asked + 1.5, ()) is not None) is spoken
        assert (case.fates.get("so") == SILENT) is not spoken


def test_a_channel_can_have_its_own_probability() -> None:
    """And a thread has its channel's."""
    for where, parent in ((ROOM, ""), (OTHER, ROOM)):
        case = Case(0.0, channels={ROOM: {"probability": 0.0}})
        case.hear("so", channel=where, parent=parent)
        case.pipeline.advance(9.0)
        assert case.fates["so"] == SILENT


def test_messages_of_a_burst_are_one_turn() -> None:
    """All but the last are accounted for as part of it."""
    case = Case()
    for text in ("a", "b", "c"):
        case.hear(text)
    case.pipeline.advance(2.0)
    assert case.pipeline.take(2.0, ()) is not None
    assert case.fates == {"a": MERGED, "b": MERGED}


def test_context_is_kept_for_listed_channels_only() -> None:
    """Also of people whose messages are not answered just now, and of the bot itself."""
    case = Case(1.0)
    case.hear("kept")
    case.hear("mine", own=True, author=ME)
    case.hear("elsewhere", channel=OTHER)
    assert [said.text for said in case.pipeline.context.last(ROOM, 9)] == ["kept", "mine"]
    assert OTHER not in case.pipeline.context


def test_bots_are_counted_before_they_are_filtered() -> None:
    """A bot that is not allowed still fills the room's count, so that an allowed one is not answered after it."""
    case = Case(bots=[BO], loops={"room_turns": 3})
    for number in range(3):
        case.hear(f"spam {number}", bot=True, author=OTHER)
    case.hear("hello all", bot=True, author=BO, addressed=True)
    assert case.fates["hello all"] == "bots went on too long without a person"
    case.hear("a person", at=1.0)
    case.hear("again then", bot=True, author=BO, at=1.1)
    assert "again then" not in case.fates


def test_forgetting_drops_what_was_to_be_answered() -> None:
    """Context and pending turns of one channel; the rest stays."""
    case = Case(channels={ROOM: {}, OTHER: {}})
    case.hear("a", addressed=True)
    case.hear("b", addressed=True, channel=OTHER)
    assert case.pipeline.forget(ROOM) == 1
    assert case.fates == {"a": "forgotten"}
    case.pipeline.advance(2.0)
    assert case.pipeline.waiting == 1


def test_a_long_mixed_day_adds_up() -> None:
    """Whatever comes, every message has exactly one fate or is pending, and nothing grows without bound."""
    rng, case, settled = Random(1), Case(0.3), 0
    for number in range(3_000):
        now = number * 0.05
        case.hear(
            f"m{number}",
            at=now,
            author=rng.choice((ANA, BO, OTHER)),
            channel=rng.choice((ROOM, OTHER)),
            addressed=rng.random() < 0.2,
            bot=rng.random() < 0.1,
        )
        case.pipeline.advance(now)
        if number % 3 == 0 and (turn := case.pipeline.take(now, ())):
            case.pipeline.ledger.settle(turn.asked, "answered")
            settled += 1
    case.pipeline.drop("the end")
    ledger = case.pipeline.ledger
    assert ledger.pending == 0 and ledger.fates.total() == ledger.heard == 3_000
    assert ledger.fates["answered"] == settled > 5


def test_an_opt_out_drops_the_open_burst_and_what_waits() -> None:
    """What was said half a second before is neither answered nor kept; others' turns stay."""
    case = Case()
    case.hear("in line", addressed=True)
    case.hear("of another", channel=OTHER, parent=ROOM, author=BO, addressed=True)
    case.pipeline.advance(1.5)
    case.hear("half a second before", at=1.6, addressed=True)
    case.pipeline.opt_out(ANA)
    assert case.fates == {"in line": "opted out", "half a second before": "opted out"}
    assert case.pipeline.next_due is None and case.pipeline.context.last(ROOM, 9) == []
    turn = case.pipeline.take(1.6, ())
    assert turn is not None and turn.asked.text == "of another" and case.pipeline.take(1.6, ()) is None


def test_an_opt_out_leaves_the_burst_of_others_without_their_words() -> None:
    """A burst that ends with somebody else's message is theirs; what it replies to is forgotten too."""
    case = Case()
    said = case.hear("hers", addressed=True)
    case.hear("his", author=BO, addressed=True, quoted=said)
    case.pipeline.opt_out(ANA)
    case.pipeline.advance(9.0)
    turn = case.pipeline.take(9.0, ())
    assert turn is not None and turn.asked.text == "his"
    (kept,) = case.pipeline.context.last(ROOM, 9)
    assert kept.text == "his" and kept.quoted is None
