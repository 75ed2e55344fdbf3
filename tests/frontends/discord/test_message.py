"""Messages as the bot uses them: their age, their text, what an edit or a deletion changes, what the model reads."""

from dataclasses import replace

import pytest

from soundalike.frontends.discord.message import MessageAges, PromptNames, prompt_messages, readable
from tests.frontends.discord.messages import ANA, BO, ME, OTHER, message


def test_ages_need_no_right_clock() -> None:
    """A clock an hour ahead makes no message old; one delivered half a minute late is half a minute old."""
    ages = MessageAges()
    assert [ages.age(sent, wall) for sent, wall in ((0, 3600.2), (10, 3610.1), (20, 3650.1))] == [
        0.0,
        0.0,
        pytest.approx(30.0),
    ]


def test_markup_is_read_as_the_import_reads_it() -> None:
    """Emoji by name, spoilers open, plain text untouched."""
    assert readable("<a:party:123456789012345678> ||boo|| <@5>", {"5": "bo"}) == ":party: boo @bo"
    assert readable("plain > text ", {}) == "plain > text"


def test_an_edit_reaches_a_message_and_the_one_it_replies_to() -> None:
    """Whichever has the id; any other stays the same object."""
    first = message("frist")
    reply = message("yes", quoted=first)
    assert reply.edited(reply.id, "no").text == "no"
    quoted = reply.edited(first.id, "first").quoted
    assert quoted is not None and quoted.text == "first"
    assert reply.edited("0", "?") is reply


def test_what_a_message_replies_to_can_be_taken_out() -> None:
    """By id or by author, at any depth."""
    first = message("one")
    second = message("two", author=BO, quoted=first)
    third = message("three", quoted=second)
    assert third.without_quoted(id_=second.id).quoted is None and third.without_quoted(author=BO).quoted is None
    kept = third.without_quoted(author=ANA).quoted
    assert kept is not None and kept.text == "two" and kept.quoted is None
    assert third.without_quoted(id_="0") is third


def test_the_last_messages_within_the_budget_are_read() -> None:
    """By number, by size, up to the message that is answered, and that one always."""
    messages = [message(f"message {n}") for n in range(10)]
    assert prompt_messages(messages, messages[-1], None, 3, 999) == messages[-3:]
    assert prompt_messages(messages, messages[5], None, 3, 999) == messages[3:6]
    assert prompt_messages(messages, messages[-1], None, 99, 16) == messages[-2:]
    assert prompt_messages(messages, messages[-1], None, 99, 1) == [messages[-1]]
    assert prompt_messages(messages, messages[-1], None, 1, 999) == [messages[-1]]


def test_a_quoted_message_stands_before_its_answer_unless_it_is_shown_anyway() -> None:
    """Once, in either case."""
    messages = [message(f"message {n}") for n in range(5)]
    older = replace(messages[0], text="word " * 40)
    found = prompt_messages(messages, messages[-1], older, 2, 999)
    assert [message.id for message in found] == [messages[3].id, messages[0].id, messages[4].id]
    texts = [text for _, text in PromptNames("ada", ME, {}).history(found)]
    assert texts == ["message 3", " ".join(["word"] * 16) + "…", "message 4"]
    assert prompt_messages(messages, messages[-1], messages[3], 2, 999) == messages[-2:]


def test_invented_names_are_read_and_not_shown() -> None:
    """People of the training data have their invented names in all that is read, and their own ones in the answer."""
    names = PromptNames("ada", ME, {ANA: "Bokidu", BO: "Remiza"}, invented=True)
    asked = [
        message("hey Ana!", name="Ana"),
        message(f"ask <@{ANA}> and eve", author=OTHER, name="eve", people={ANA: "Ana"}),
    ]
    assert names.history(asked) == [("Bokidu", "hey Bokidu!"), ("eve", "ask @Bokidu and eve")]
    assert names.as_shown(["bokidu knows", "Remiza too"]) == ["Ana knows", "Remiza too"]


def test_names_are_those_of_training() -> None:
    """The voice has its owner's name, known people the ones it learned, and nobody else bears the owner's."""
    names = PromptNames("ada", ME, {ANA: "annie"})
    messages = [
        message("one", own=True, author=ME, name="Ada Bot"),
        message("two"),
        message("three", author=BO, name="ADA"),
        message(f"<@{ANA}> and <@{ME}>", author=OTHER, name="eve", people={ANA: "ana", ME: "Ada Bot"}),
        message("<@1>", author=OTHER, name="eve"),
    ]
    assert names.history(messages) == [
        ("ada", "one"),
        ("annie", "two"),
        ("ADA 2", "three"),
        ("eve", "@annie and @ada"),
        ("eve", "@someone"),
    ]
